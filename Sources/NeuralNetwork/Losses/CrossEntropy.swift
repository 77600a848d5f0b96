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

/// The mean cross-entropy of classes under the softmax of logits, and its derivative.
///
/// Follows PyTorch's `cross_entropy`: with smoothing s the target is 1 − s on the true class plus
/// s / classes on each (Szegedy et al. 2016, arXiv:1512.00567), each class's term is weighted by
/// its weight, and the sum is divided by the weights of the true classes.
///
/// - Parameters:
///   - logits: `[n, classes]`.
///   - classes: The true class of each row.
///   - weights: One a class; `nil` for 1.
///   - smoothing: s, in 0..<1.
/// - Returns: The loss, and its derivative with respect to the logits, `[n, classes]`.
public func softmaxCrossEntropy(
  _ logits: Tensor, classes: [Int], weights: [Float]? = nil, smoothing: Float = 0
) -> (loss: Float, gradient: Tensor) {
  let count = logits.columns
  precondition(classes.count == logits.rows, "\(classes.count) classes of \(logits.rows) rows")
  let weights = weights ?? [Float](repeating: 1, count: count)
  let total = classes.reduce(0) { $0 + Double(weights[$1]) }
  let spread = smoothing / Float(count)
  let all = weights.reduce(0, +)
  var gradient = softmax(logits)
  var loss = 0.0
  for (row, truth) in classes.enumerated() {
    let line = logits.row(row)
    let logSum = logarithmOfSum(line)
    let mass = (1 - smoothing) * weights[truth] + spread * all
    for column in 0..<count {
      let own = column == truth ? 1 - smoothing : 0
      let target = (own + spread) * weights[column]
      let index = row * count + column
      loss += Double(target) * (logSum - Double(logits.values[index]))
      gradient.values[index] = (mass * gradient.values[index] - target) / Float(total)
    }
  }
  return (Float(loss / total), gradient)
}

private func logarithmOfSum(_ line: ArraySlice<Float>) -> Double {
  let largest = line.max() ?? 0
  return Double(largest) + log(line.reduce(0) { $0 + Double(exp($1 - largest)) })
}
