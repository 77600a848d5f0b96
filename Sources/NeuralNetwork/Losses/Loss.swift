public import Tensor

/// What a network's outputs of a batch are judged by.
///
/// A value that knows no engine: another method of learning is a loss and a recipe of views.
public protocol Loss: Sendable {
  /// The loss of a batch's outputs and its derivative.
  ///
  /// - Parameters:
  ///   - outputs: Those of this rank, `[n, outputs]`; what the loss knows of them is of its rows.
  ///   - ranks: Who has the other rows of the batch.
  /// - Returns: The mean over the rows of all ranks, and its derivative with respect to these outputs,
  ///   of their shape.
  func callAsFunction(_ outputs: Tensor, among ranks: any Ranks) -> (value: Float, gradient: Tensor)
}

extension Loss {
  /// The loss of a whole batch's outputs, `[n, outputs]`, and its derivative.
  public func callAsFunction(_ outputs: Tensor) -> (value: Float, gradient: Tensor) {
    self(outputs, among: Alone())
  }
}
