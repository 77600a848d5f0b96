internal import Foundation
internal import NeuralNetwork
package import Tensor

/// Mean class probabilities over the views of each source.
///
/// - Parameters:
///   - logits: `[n, views, classes]`.
///   - temperature: Divides the logits before the softmax, or the sigmoid.
///   - answers: Which of them.
/// - Returns: `[n, classes]`, each row of sum 1 where a source has one class.
package func meanProbabilities(
  _ logits: Tensor, temperature: Float, as answers: Answers = .oneClass
) -> Tensor {
  let (views, classes) = (logits.shape[1], logits.shape[2])
  let scaled = Tensor(
    shape: [logits.shape[0] * views, classes], values: logits.values.map { $0 / temperature })
  return answers.probabilities(scaled).meanOfEvery(views)
}

/// The negative logarithm of the true classes' probabilities `[n, classes]`, summed over the rows.
func summedSurprise(of probabilities: Tensor, classes: [Int]) -> Double {
  classes.enumerated().reduce(0) { sum, item in
    let place = item.offset * probabilities.columns + item.element
    return sum - log(max(Double(probabilities.values[place]), 1e-12))
  }
}

/// The temperature that makes the mean probabilities of held-out sources most likely.
///
/// Found by golden-section search of its logarithm between 1/20 and 20 (Guo et al. 2017).
package func bestTemperature(_ logits: Tensor, classes: [Int]) -> Float {
  bestTemperature(logits, truth: .classes(classes))
}

/// The temperature that makes what is true of held-out sources most likely.
func bestTemperature(_ logits: Tensor, truth: Truth) -> Float {
  func surprise(_ logTemperature: Double) -> Double {
    truth.surprise(
      of: meanProbabilities(
        logits, temperature: Float(exp(logTemperature)), as: truth.answers))
  }
  guard truth.count > 0 else { return 1 }
  return Float(exp(goldenSection(-log(20)...log(20), surprise)))
}

/// The place of the least value of a function with one valley.
private func goldenSection(_ range: ClosedRange<Double>, _ function: (Double) -> Double) -> Double {
  let part = (5.0.squareRoot() - 1) / 2
  var (low, high) = (range.lowerBound, range.upperBound)
  var (a, b) = (high - part * (high - low), low + part * (high - low))
  var (atA, atB) = (function(a), function(b))
  while high - low > 1e-3 {
    if atA <= atB {
      (high, b, atB) = (b, a, atA)
      a = high - part * (high - low)
      atA = function(a)
    } else {
      (low, a, atA) = (a, b, atB)
      b = low + part * (high - low)
      atB = function(b)
    }
  }
  return (low + high) / 2
}

extension Tensor {
  /// Probabilities `[n, classes]` of rows in folds, each fold calibrated by the other ones.
  ///
  /// - Parameters:
  ///   - folds: The rows of each fold.
  ///   - classes: The true class of every row.
  /// - Returns: `[n, classes]`; rows of no fold as they were.
  package func calibratedAcross(_ folds: [[Int]], classes: [Int]) -> Tensor {
    let logits = Tensor(
      shape: [rows, 1, columns], values: values.map { log(max($0, 1e-12)) })
    var result = self
    for (fold, places) in folds.enumerated() {
      let others = folds.enumerated().filter { $0.offset != fold }.flatMap(\.element)
      let temperature = bestTemperature(
        logits.rows(at: others).reshaped([others.count, 1, columns]),
        classes: others.map { classes[$0] })
      let own = meanProbabilities(
        logits.rows(at: places).reshaped([places.count, 1, columns]), temperature: temperature)
      result.replaceRows(at: places, with: own)
    }
    return result
  }
}
