internal import Foundation
public import Tensor

/// Probabilities of logits, each for itself: 1 / (1 + exp(−x)).
public func sigmoid(_ logits: Tensor) -> Tensor {
  Tensor(shape: logits.shape, values: logits.values.map { 1 / (1 + exp(-$0)) })
}

/// The cross-entropy of answers, each yes or no, under the sigmoid of logits.
///
/// Follows PyTorch's `binary_cross_entropy_with_logits`, summed over the answers of a row: with target t a logit
/// x costs log(1 + exp(x)) − t x. With smoothing s the target is (1 − s) t + s / 2.
public struct BinaryCrossEntropy: Loss {
  /// `[n, answers]`, in 0...1; what is NaN is not known and costs nothing.
  public var targets: Tensor

  /// s, in 0..<1.
  public var smoothing: Float

  /// The loss of a batch's answers.
  public init(targets: Tensor, smoothing: Float = 0) {
    (self.targets, self.smoothing) = (targets, smoothing)
  }

  public func callAsFunction(
    _ outputs: Tensor, among ranks: any Ranks
  ) -> (value: Float, gradient: Tensor) {
    precondition(targets.shape == outputs.shape, "\(targets.shape) targets of \(outputs.shape)")
    let rows = Float(max(1, ranks.sum(Double(outputs.rows))))
    var gradient = sigmoid(outputs)
    var loss = 0.0
    for index in outputs.values.indices {
      guard !targets.values[index].isNaN else {
        gradient.values[index] = 0
        continue
      }
      let target = (1 - smoothing) * targets.values[index] + smoothing / 2
      let logit = outputs.values[index]
      loss += Double(max(logit, 0) + log(1 + exp(-abs(logit))) - target * logit)
      gradient.values[index] = (gradient.values[index] - target) / rows
    }
    return (Float(ranks.sum(loss)) / rows, gradient)
  }
}
