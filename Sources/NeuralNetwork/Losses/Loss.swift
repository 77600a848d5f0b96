public import Tensor

/// What a network's outputs of a batch are judged by.
///
/// A value that knows no engine: another method of learning is a loss and a recipe of views.
public protocol Loss: Sendable {
  /// The loss of a batch's outputs and its derivative.
  ///
  /// - Parameter outputs: `[n, outputs]`.
  /// - Returns: The mean over the rows, and its derivative with respect to the outputs, of their
  ///   shape.
  func callAsFunction(_ outputs: Tensor) -> (value: Float, gradient: Tensor)
}
