internal import Foundation
public import Tensor

/// The cross-entropy of shares of classes under the softmax of logits.
///
/// Where all of a row is one class it is ``CrossEntropy``; where people disagree it is least at their shares.
/// With smoothing s a share is (1 − s) times itself plus s / classes.
public struct SharesCrossEntropy: Loss {
  /// `[n, classes]`; every row's sum is 1.
  public var shares: Tensor

  /// s, in 0..<1.
  public var smoothing: Float

  /// The loss of a batch's shares.
  public init(shares: Tensor, smoothing: Float = 0) {
    (self.shares, self.smoothing) = (shares, smoothing)
  }

  public func callAsFunction(
    _ outputs: Tensor, among ranks: any Ranks
  ) -> (value: Float, gradient: Tensor) {
    precondition(shares.shape == outputs.shape, "\(shares.shape) shares of \(outputs.shape)")
    let rows = Float(max(1, ranks.sum(Double(outputs.rows))))
    var gradient = softmax(outputs)
    var loss = 0.0
    for index in outputs.values.indices {
      let share = (1 - smoothing) * shares.values[index] + smoothing / Float(outputs.columns)
      if share > 0 { loss -= Double(share * log(max(gradient.values[index], 1e-12))) }
      gradient.values[index] = (gradient.values[index] - share) / rows
    }
    return (Float(ranks.sum(loss)) / rows, gradient)
  }
}
