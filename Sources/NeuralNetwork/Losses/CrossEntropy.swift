internal import Foundation
public import Tensor

/// Probabilities of logits, row by row.
///
/// - Parameter logits: `[n, classes]`.
/// - Returns: `[n, classes]`; every row's sum is 1.
public func softmax(_ logits: Tensor) -> Tensor {
  Tensor(shape: logits.shape) { target in
    let columns = logits.columns
    for row in 0..<logits.rows {
      let line = logits.row(row)
      let largest = line.max() ?? 0
      var sum: Float = 0
      for (column, value) in line.enumerated() {
        let power = exp(value - largest)
        target[row * columns + column] = power
        sum += power
      }
      for column in 0..<columns { target[row * columns + column] /= sum }
    }
  }
}

/// The cross-entropy of classes under the softmax of logits.
///
/// Follows PyTorch's `cross_entropy`: with smoothing s the target is 1 − s on the true class plus
/// s / classes on each (Szegedy et al. 2016, arXiv:1512.00567), each class's term is weighted by
/// its weight, and the sum is divided by the weights of the true classes.
public struct CrossEntropy: Loss {
  /// The true class of each row.
  public var classes: [Int]

  /// One a class; `nil` for 1.
  public var weights: [Float]?

  /// s, in 0..<1.
  public var smoothing: Float

  /// The loss of a batch's true classes.
  public init(classes: [Int], weights: [Float]? = nil, smoothing: Float = 0) {
    (self.classes, self.weights, self.smoothing) = (classes, weights, smoothing)
  }

  public func callAsFunction(
    _ outputs: Tensor, among ranks: any Ranks
  ) -> (value: Float, gradient: Tensor) {
    let count = outputs.columns
    precondition(classes.count == outputs.rows, "\(classes.count) classes of \(outputs.rows) rows")
    let weights = weights ?? [Float](repeating: 1, count: count)
    let total = ranks.sum(classes.reduce(0) { $0 + Double(weights[$1]) })
    let share = smoothing / Float(count)
    let all = weights.reduce(0, +)
    var gradient = softmax(outputs)
    var loss = 0.0
    for (row, truth) in classes.enumerated() {
      let logSum = logarithmOfSum(outputs.row(row))
      let mass = (1 - smoothing) * weights[truth] + share * all
      for column in 0..<count {
        let own = column == truth ? 1 - smoothing : 0
        let target = (own + share) * weights[column]
        let index = row * count + column
        loss += Double(target) * (logSum - Double(outputs.values[index]))
        gradient.values[index] = (mass * gradient.values[index] - target) / Float(total)
      }
    }
    return (Float(ranks.sum(loss) / total), gradient)
  }
}

/// The logarithm of the sum of exponentials.
func logarithmOfSum(_ line: ArraySlice<Float>) -> Double {
  let largest = line.max() ?? 0
  return Double(largest) + log(line.reduce(0) { $0 + Double(exp($1 - largest)) })
}
