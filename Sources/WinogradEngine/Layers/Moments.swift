internal import CKernels
internal import NeuralNetwork
internal import Tensor

/// Moves parameters against their gradients, and remembers what the optimiser's rule asks for.
///
/// A value whose `state` holds all that it remembers between steps: loaded into another, the next
/// steps are the same to the byte.
struct Moments: Sendable {
  /// What it remembers: a tensor a parameter and moment, and for Adam the number of steps.
  private(set) var state: [String: Tensor] = [:]

  private let optimiser: Optimiser

  /// Starts without memory.
  init(_ optimiser: Optimiser) { self.optimiser = optimiser }

  /// Moves every parameter of a model once.
  mutating func step(_ model: inout some Layered, rate: Float) {
    let count = (state["steps"]?.values.first ?? 0) + 1
    if optimiser.rule == .adam { state["steps"] = Tensor([1], repeating: count) }
    model.visit { name, parameter in
      let decay = parameter.decays ? optimiser.weightDecay : 0
      switch optimiser.rule {
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
        guard let base = value.baseAddress else { return }
        nonisolated(unsafe) let (value, velocity) = (base, velocity)
        parallel(over: gradient.count, chunk: 1 << 16) { _, range in
          let start = range.lowerBound
          gradient.withUnsafeBufferPointer { gradient in
            guard let gradient = gradient.baseAddress else { return }
            reber_momentum(
              value + start, velocity + start, gradient + start, range.count, momentum, rate,
              decay, step)
          }
        }
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
  mutating func load(_ state: [String: Tensor]) throws {
    let prefixes = optimiser.rule == .adam ? ["first.", "second."] : ["momentum."]
    for name in state.keys.sorted() {
      let isKnown =
        prefixes.contains { name.hasPrefix($0) } || (optimiser.rule == .adam && name == "steps")
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
