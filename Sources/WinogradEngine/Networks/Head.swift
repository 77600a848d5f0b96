internal import CKernels
internal import NeuralNetwork
internal import Tensor

/// A small perceptron over embeddings: a projector or a classifier.
struct Head: Sendable {
  var layers: [Linear] = []
  var norms: [BatchNorm] = []

  /// The input of every layer in the last forward pass.
  private var inputs: [Tensor] = []

  /// The output of every layer but the last, and its statistics, in the last forward pass.
  private var hidden: [Hidden] = []

  /// Who had the rest of the batch in the last forward pass.
  private var ranks: any Ranks = Alone()

  private struct Hidden: Sendable {
    let output: Tensor
    let arena: Arena
    let statistics: BatchNorm.Statistics?
  }

  /// Draws weights by He's rule.
  init(_ shape: HeadShape, inputs: Int, seed: UInt64) {
    var random = RandomStream(seed)
    for (inputs, outputs) in zip([inputs] + shape.widths, shape.widths) {
      layers.append(Linear(inputs: inputs, outputs: outputs, using: &random))
    }
    if shape.isNormalised { norms = shape.widths.dropLast().map { BatchNorm(channels: $0) } }
  }

  /// A head of one linear layer: weights `[outputs, inputs]`, biases `[outputs]`.
  init(weights: Tensor, biases: Tensor) {
    layers = [Linear(weights: weights, biases: biases)]
  }

  /// Applies it with running statistics, which changes nothing.
  ///
  /// - Parameter x: `[n, inputs]`.
  /// - Returns: `[n, outputs]`.
  func apply(_ x: Tensor) -> Tensor {
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
  mutating func forward(_ x: Tensor, among ranks: any Ranks = Alone()) -> Tensor {
    self.ranks = ranks
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
    let statistics = norms[index].statistics(of: map, in: arena, among: ranks)
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
  mutating func backward(_ gradient: Tensor) -> Tensor {
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
    return norms[index].backward(current, sums, through: normalised, in: arena, among: ranks)
      .resolved(in: arena).tensor()
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
