package import Tensor

/// A tensor that learns.
package struct Parameter: Sendable {
  /// The weights.
  package var value: Tensor

  /// The derivative of the loss with respect to `value`; backward passes add to it.
  package var gradient: Tensor

  /// Whether weight decay and the adaptation of LARS apply; they do not to biases and
  /// normalisation.
  package var decays: Bool

  /// Starts with given weights and no gradient.
  init(_ value: Tensor, decays: Bool) {
    self.value = value
    self.gradient = Tensor(value.shape)
    self.decays = decays
  }
}

extension Parameter {
  /// Sets the gradient to 0, in the memory that it has.
  mutating func clearGradient() {
    gradient.values.withUnsafeMutableBufferPointer { $0.update(repeating: 0) }
  }

  /// Weights drawn from a normal distribution of variance 2 / `fan`.
  ///
  /// He et al. 2015 (arXiv:1502.01852).
  static func normal(_ shape: [Int], fan: Int, using random: inout RandomStream) -> Parameter {
    let deviation = (2 / Float(fan)).squareRoot()
    let values = (0..<shape.reduce(1, *)).map { _ in deviation * random.normal() }
    return Parameter(Tensor(shape: shape, values: values), decays: true)
  }

  /// Biases and the like, which do not decay.
  static func constant(_ value: Float, count: Int) -> Parameter {
    Parameter(Tensor([count], repeating: value), decays: false)
  }
}
