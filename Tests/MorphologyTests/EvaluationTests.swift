import Foundation
import Morphology
import Tensor
import Testing

/// Golden values by tools/oracles/metrics.py.
@Suite("Evaluation")
struct EvaluationTests {
  private let evaluation: Evaluation

  init() throws {
    let truth = (0..<90).map { ($0 * $0 + $0 / 7) % 3 }
    var values: [Float] = []
    for (i, actual) in truth.enumerated() {
      let raw = (0..<4).map { c -> Double in
        let lift = (actual == c ? 1.2 : 0) - (c == 3 ? 1.5 : 0)
        return exp(1.5 * sin(0.9 * Double(i) + 2.1 * Double(c)) + lift)
      }
      values += raw.map { Float($0 / raw.reduce(0, +)) }
    }
    let probabilities = Tensor(shape: [90, 4], values: values)
    evaluation = try Evaluation(truth: truth, probabilities: probabilities)
  }

  @Test("Better than the most frequent class is what chance does not explain")
  func clearlyBetter() {
    // RadioGalaxyNET's classes, called right by whole images and by cutouts of their boxes.
    let truth = [Int](repeating: 0, count: 120) + [Int](repeating: 1, count: 226)
    func confusion(right: Int) -> Confusion {
      let predicted = truth.indices.map { $0 < right ? truth[$0] : 1 - truth[$0] }
      return Confusion(truth: truth, predicted: predicted, classes: 2)
    }
    #expect(abs(confusion(right: 200).largestShare - 226.0 / 346) < 1e-12)
    #expect(!confusion(right: 226).isClearlyBetter)
    // The interval's lower end passes 0.6532 between 243 and 244 of 346.
    #expect(!confusion(right: 243).isClearlyBetter)
    #expect(confusion(right: 244).isClearlyBetter)
    #expect(!Confusion(truth: [], predicted: [], classes: 2).isClearlyBetter)
  }

  @Test("Counts, precision, recall and F1 are scikit-learn's, to 1e-6")
  func scores() {
    let confusion = evaluation.confusion()
    #expect(confusion.counts == [20, 10, 4, 0, 12, 11, 5, 0, 8, 8, 12, 0, 0, 0, 0, 0])
    let precision = [0.5, 0.3793103, 0.5714286, 0]
    let recall = [0.5882353, 0.3928571, 0.4285714, 0]
    let f1 = [0.5405405, 0.3859649, 0.4897959, 0]
    for index in 0..<4 {
      let scores = confusion.scores(of: index)
      #expect(abs(scores.precision - precision[index]) < 1e-6)
      #expect(abs(scores.recall - recall[index]) < 1e-6)
      #expect(abs(scores.f1 - f1[index]) < 1e-6)
    }
    #expect(abs(confusion.accuracy - 0.4777778) < 1e-6)
  }

  @Test("The macro average leaves out a class that never occurs, to 1e-6")
  func macro() {
    let macro = evaluation.confusion().macro
    #expect(abs(macro.precision - 0.4835796) < 1e-6)
    #expect(abs(macro.recall - 0.469888) < 1e-6)
    #expect(abs(macro.f1 - 0.4721005) < 1e-6)
  }

  @Test("Calibration is numpy's, to 1e-5")
  func calibration() {
    let calibration = Calibration(evaluation, bins: 10)
    #expect(abs(calibration.negativeLogLikelihood - 1.0287315) < 1e-5)
    #expect(abs(calibration.brierScore - 0.62147) < 1e-5)
    #expect(abs(calibration.expectedError - 0.2366371) < 1e-5)
    #expect(calibration.bins.reduce(0) { $0 + $1.count } == 90)
  }

  @Test("Bounds divide the sources and intervals hold the estimate")
  func bounds() throws {
    var options = BoundOptions()
    (options.low, options.high, options.resamplings) = (0.5, 0.7, 200)
    let rows = evaluation.byProbability(options)
    #expect(rows.map(\.bound) == [.atMost(0.5), .all, .atLeast(0.7)])
    #expect(rows[0].confusion.total == evaluation.confidence.count { $0 <= 0.5 })
    #expect(rows[2].confusion.total == evaluation.confidence.count { $0 >= 0.7 })
    let interval = try #require(rows[1].macroInterval)
    #expect(interval.low < rows[1].confusion.macro.f1)
    #expect(interval.high > rows[1].confusion.macro.f1)
    #expect(rows == evaluation.byProbability(options))
    #expect(rows[1].intervals.count == 4)
  }

  @Test("An accuracy of 8 in 10 has the interval of R's prop.test(8, 10, correct = FALSE), to 1e-6")
  func scoreInterval() throws {
    let evaluation = try Evaluation(
      truth: (0..<10).map { $0 < 8 ? 0 : 1 },
      probabilities: Tensor(
        shape: [10, 2], values: (0..<10).flatMap { _ in [0.75, 0.25] as [Float] }))
    let bins = Calibration(evaluation, bins: 10).bins
    let interval = try #require(bins[7].interval)
    #expect(bins[7].correct == 8)
    #expect(abs(interval.low - 0.4901625) < 1e-6 && abs(interval.high - 0.9433178) < 1e-6)
    #expect(bins[0].interval == nil)
  }

  @Test("Coverage counts the sources at or above each threshold, up to all")
  func coverage() {
    let points = Coverage(evaluation).points
    #expect(points.count == Set(evaluation.confidence).count)
    for point in points {
      let kept = evaluation.truth.indices.filter { evaluation.confidence[$0] >= point.threshold }
      let right = kept.count { evaluation.truth[$0] == evaluation.predicted[$0] }
      #expect(point.kept == kept.count)
      #expect(point.accuracy == Double(right) / Double(kept.count))
      #expect(point.macroF1 == evaluation.confusion(of: kept).macro.f1)
    }
    #expect(points.last?.kept == 90)
    #expect(points.last?.macroF1 == evaluation.confusion().macro.f1)
    let few = Coverage(evaluation, points: 10).points
    #expect(few.count <= 11 && few.last == points.last && Set(few).isSubset(of: points))
  }

  @Test("A bound that holds no source has zero scores and no intervals")
  func empty() {
    var options = BoundOptions()
    options.high = 1
    let row = evaluation.byProbability(options)[2]
    #expect(row.confusion.total == 0)
    #expect(row.confusion.macro.f1 == 0)
    #expect(row.intervals.isEmpty)
  }

  @Test("True classes that do not fit are refused")
  func refused() {
    #expect(throws: MorphologyError.self) {
      try Evaluation(truth: [4], probabilities: Tensor([1, 4], repeating: 0.25))
    }
  }
}
