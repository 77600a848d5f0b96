internal import CKernels
public import Tensor

/// Moves parameters against their gradients.
///
/// A value whose `state` holds all that it remembers between steps: loaded into another, the next
/// steps are the same to the byte.
public struct Optimiser: Sendable {
  /// How parameters move.
  public enum Rule: Codable, Sendable, Hashable {
    /// Stochastic gradient descent with momentum: v ← m v + g + λ w, w ← w − η v.
    case sgd(momentum: Float)

    /// Layer-wise adaptive rates (You et al. 2017, arXiv:1708.03888):
    /// v ← m v + η τ |w| / (|g| + λ |w|) (g + λ w), w ← w − v; for biases and normalisation
    /// v ← m v + η g.
    case lars(momentum: Float, trust: Float)

    /// Adam (Kingma & Ba 2015, arXiv:1412.6980) with decoupled decay (Loshchilov & Hutter 2019,
    /// arXiv:1711.05101); β 0.9 and 0.999, ε 1e-8.
    case adam
  }

  /// What it remembers: a tensor a parameter and moment, and for Adam the number of steps.
  public private(set) var state: [String: Tensor] = [:]

  private let rule: Rule
  private let weightDecay: Float

  /// Starts without memory.
  ///
  /// - Parameters:
  ///   - rule: How parameters move.
  ///   - weightDecay: λ, for parameters that decay.
  public init(rule: Rule, weightDecay: Float) {
    self.rule = rule
    self.weightDecay = weightDecay
  }

  /// Moves every parameter once.
  ///
  /// - Parameters:
  ///   - model: Its gradients are read and its values changed.
  ///   - rate: The learning rate η.
  public mutating func step(_ model: inout some Trainable, rate: Float) {
    let count = (state["steps"]?.values.first ?? 0) + 1
    if rule == .adam { state["steps"] = Tensor([1], repeating: count) }
    model.visit { name, parameter in
      let decay = parameter.decays ? weightDecay : 0
      switch rule {
      case .sgd(let momentum):
        move(name, &parameter, momentum: momentum, rate: 1, decay: decay, step: rate)
      case .lars(let momentum, let trust):
        let local = rate * (parameter.decays ? parameter.adaptation(trust, decay: decay) : 1)
        move(name, &parameter, momentum: momentum, rate: local, decay: decay, step: 1)
      case .adam:
        moveByAdam(name, &parameter, rate: rate, decay: decay, count: count)
      }
    }
  }

  private mutating func move(
    _ name: String, _ parameter: inout Parameter, momentum: Float, rate: Float, decay: Float,
    step: Float
  ) {
    change("momentum." + name, like: parameter.value) { velocity in
      let gradient = parameter.gradient.values
      parameter.value.values.withUnsafeMutableBufferPointer { value in
        guard let value = value.baseAddress else { return }
        reber_momentum(value, velocity, gradient, gradient.count, momentum, rate, decay, step)
      }
    }
  }

  private mutating func moveByAdam(
    _ name: String, _ parameter: inout Parameter, rate: Float, decay: Float, count: Float
  ) {
    let (beta1, beta2) = (0.9, 0.999)
    let step = Float(Double(rate) / (1 - power(beta1, count)))
    let scale = Float((1 / (1 - power(beta2, count))).squareRoot())
    var second = state["second." + name] ?? Tensor(parameter.value.shape)
    state["second." + name] = nil
    change("first." + name, like: parameter.value) { first in
      let gradient = parameter.gradient.values
      parameter.value.values.withUnsafeMutableBufferPointer { value in
        second.values.withUnsafeMutableBufferPointer { second in
          guard let value = value.baseAddress, let second = second.baseAddress else { return }
          reber_adam(
            value, first, second, gradient, gradient.count, 1 - rate * decay, Float(beta1),
            Float(1 - beta1), Float(beta2), Float(1 - beta2), step, scale, 1e-8)
        }
      }
    }
    state["second." + name] = second
  }

  private func power(_ base: Double, _ count: Float) -> Double {
    (0..<min(Int(count), 100_000)).reduce(1) { result, _ in result * base }
  }

  /// Changes a remembered tensor in place, 0 at first.
  private mutating func change(
    _ name: String, like value: Tensor, _ body: (UnsafeMutablePointer<Float>) -> Void
  ) {
    var tensor = state[name] ?? Tensor(value.shape)
    precondition(tensor.shape == value.shape, "the optimiser's state belongs to another network")
    state[name] = nil
    tensor.values.withUnsafeMutableBufferPointer { values in
      if let values = values.baseAddress { body(values) }
    }
    state[name] = tensor
  }

  /// Takes what `state` gave.
  ///
  /// - Throws: `NetworkError.unknownTensor` for a name that the rule does not use.
  public mutating func load(_ state: [String: Tensor]) throws {
    let prefixes = rule == .adam ? ["first.", "second."] : ["momentum."]
    for name in state.keys.sorted() {
      let isKnown = prefixes.contains { name.hasPrefix($0) } || (rule == .adam && name == "steps")
      guard isKnown else { throw NetworkError.unknownTensor(name) }
    }
    self.state = state
  }
}

extension Parameter {
  /// τ |w| / (|g| + λ |w|), or 1 where w or g is 0.
  fileprivate func adaptation(_ trust: Float, decay: Float) -> Float {
    let weights = reber_square(value.values, value.values.count).squareRoot()
    let gradients = reber_square(gradient.values, gradient.values.count).squareRoot()
    guard weights > 0, gradients > 0 else { return 1 }
    return Float(Double(trust) * weights / (gradients + Double(decay) * weights))
  }
}
