internal import CKernels
public import Tensor

/// A small perceptron over embeddings: a projector or a classifier.
///
/// Linear layers with ReLU between them, and batch normalisation before each ReLU in a projector
/// as in SimCLR (Chen et al. 2020, arXiv:2002.05709). Names are those of PyTorch's `Sequential`.
public struct Head: Sendable {
  private var layers: [Linear] = []
  private var norms: [BatchNorm] = []

  /// The input of every layer in the last forward pass.
  private var inputs: [Tensor] = []

  /// The output of every layer but the last, and its statistics, in the last forward pass.
  private var hidden: [Hidden] = []

  private struct Hidden: Sendable {
    let output: Tensor
    let arena: Arena
    let statistics: BatchNorm.Statistics?
  }

  /// Draws weights by He's rule.
  ///
  /// - Parameters:
  ///   - dimensions: The lengths of input, inner layers and output: at least two.
  ///   - normalised: Whether batch normalisation stands before each ReLU.
  ///   - seed: Chooses the weights.
  public init(dimensions: [Int], normalised: Bool, seed: UInt64) {
    var random = RandomStream(seed)
    for (inputs, outputs) in zip(dimensions, dimensions.dropFirst()) {
      layers.append(Linear(inputs: inputs, outputs: outputs, using: &random))
    }
    if normalised { norms = dimensions.dropFirst().dropLast().map { BatchNorm(channels: $0) } }
  }

  /// A head of one linear layer: weights `[outputs, inputs]`, biases `[outputs]`.
  package init(weights: Tensor, biases: Tensor) {
    layers = [Linear(weights: weights, biases: biases)]
  }

  /// Makes a head that learned over inputs `(x - means) / deviations` give the same over x.
  package mutating func absorb(means: [Float], deviations: [Float]) {
    layers[0].absorb(means: means, deviations: deviations)
  }

  /// Applies it with running statistics, which changes nothing.
  ///
  /// - Parameter x: `[n, inputs]`.
  /// - Returns: `[n, outputs]`.
  public func apply(_ x: Tensor) -> Tensor {
    var y = x
    for (index, layer) in layers.enumerated() {
      y = layer.apply(y)
      guard index + 1 < layers.count else { break }
      let (scale, shift) = norms.isEmpty ? identity(y.columns) : norms[index].inferenceAffine()
      y = y.rectified(scale: scale, shift: shift)
    }
    return y
  }

  /// Applies it in training: batch normalisation uses the batch's statistics, and what `backward`
  /// needs is kept.
  public mutating func forward(_ x: Tensor) -> Tensor {
    inputs = []
    hidden = []
    var y = x
    for index in layers.indices {
      inputs.append(y)
      y = layers[index].apply(y)
      if index + 1 < layers.count { y = activate(y, index) }
    }
    return y
  }

  private mutating func activate(_ y: Tensor, _ index: Int) -> Tensor {
    let arena = Arena()
    guard !norms.isEmpty else {
      hidden.append(Hidden(output: y, arena: arena, statistics: nil))
      let (scale, shift) = identity(y.columns)
      return y.rectified(scale: scale, shift: shift)
    }
    let map = arena.map(copying: y)
    let statistics = norms[index].statistics(of: map, in: arena)
    hidden.append(Hidden(output: y, arena: arena, statistics: statistics))
    return Normalised(map: map, statistics: statistics).rectified(in: arena).tensor()
  }

  private func identity(_ count: Int) -> (scale: [Float], shift: [Float]) {
    ([Float](repeating: 1, count: count), [Float](repeating: 0, count: count))
  }

  /// Adds to the parameters' gradients, after `forward` of the same value.
  ///
  /// - Parameter gradient: The derivative of the loss with respect to the output.
  /// - Returns: The derivative with respect to the input.
  public mutating func backward(_ gradient: Tensor) -> Tensor {
    precondition(inputs.count == layers.count, "backward needs a forward pass before it")
    var gradient = gradient
    for index in layers.indices.reversed() {
      if index + 1 < layers.count { gradient = backwardActivation(gradient, index) }
      gradient = layers[index].backward(gradient, input: inputs[index])
    }
    return gradient
  }

  private mutating func backwardActivation(_ gradient: Tensor, _ index: Int) -> Tensor {
    let record = hidden[index]
    guard let statistics = record.statistics else { return gradient.masked(by: record.output) }
    let arena = Arena()
    let current = arena.map(copying: gradient)
    let map = arena.map(copying: record.output)
    let normalised = Normalised(map: map, statistics: statistics)
    let sums = normalised.maskedSums(current, activation: nil, into: current)
    return norms[index].backward(current, sums, through: normalised, in: arena)
      .resolved(in: arena).tensor()
  }
}

extension Head: Layered {
  public mutating func visit(_ body: (String, inout Parameter) -> Void) {
    visitLayers(
      linear: {
        body($0 + ".weight", &$1.weight)
        body($0 + ".bias", &$1.bias)
      },
      norm: {
        body($0 + ".weight", &$1.weight)
        body($0 + ".bias", &$1.bias)
      })
  }

  mutating func visitState(_ body: (String, inout Tensor) -> Void) {
    visitLayers(
      linear: {
        body($0 + ".weight", &$1.weight.value)
        body($0 + ".bias", &$1.bias.value)
      },
      norm: { $1.visitState(named: $0, body) })
  }

  private mutating func visitLayers(
    linear: (String, inout Linear) -> Void, norm: (String, inout BatchNorm) -> Void
  ) {
    let step = norms.isEmpty ? 2 : 3
    for index in layers.indices {
      linear("\(index * step)", &layers[index])
      if norms.indices.contains(index) { norm("\(index * step + 1)", &norms[index]) }
    }
  }
}

extension Tensor {
  /// relu(scale x + shift), one of each a column.
  fileprivate func rectified(scale: [Float], shift: [Float]) -> Tensor {
    Tensor(shape: shape) { target in
      guard let target = target.baseAddress else { return }
      reber_normalise(values, scale, shift, nil, nil, nil, rows, columns, target)
    }
  }

  /// The same where `other` is positive, 0 elsewhere.
  fileprivate func masked(by other: Tensor) -> Tensor {
    Tensor(shape: shape, values: zip(values, other.values).map { $1 > 0 ? $0 : 0 })
  }
}
