public import Catalogue
package import Morphology

extension EvaluationRow {
  /// The name under which the mean over the classes stands.
  public static let macroAverage = "macro average"

  /// A row a class and one for the macro average.
  static func rows(_ scores: BoundedScores, classes: [String]) -> [EvaluationRow] {
    let confusion = scores.confusion
    let single = classes.enumerated().map { index, name in
      row(
        scores.bound, name, confusion.scores(of: index), correct: confusion[index, index],
        scores.intervals.isEmpty ? nil : scores.intervals[index])
    }
    let correct = classes.indices.reduce(0) { $0 + confusion[$1, $1] }
    return single + [
      row(scores.bound, macroAverage, confusion.macro, correct: correct, scores.macroInterval)
    ]
  }

  static func row(
    _ bound: ProbabilityBound, _ name: String, _ scores: ClassScores, correct: Int,
    _ interval: Interval?
  ) -> EvaluationRow {
    let seen = scores.support + scores.predicted > 0
    return EvaluationRow(
      bound: bound.text, className: name, support: scores.support, predicted: scores.predicted,
      correct: correct, precision: scores.predicted > 0 ? Float(scores.precision) : nil,
      recall: scores.support > 0 ? Float(scores.recall) : nil,
      f1: seen ? Float(scores.f1) : nil,
      interval: seen ? interval.map { Float($0.low)...Float($0.high) } : nil)
  }
}

extension ProbabilityBound {
  /// As it stands in `reber.evaluation.bound`.
  package var text: String {
    switch self {
    case .atMost(let bound): "p <= \(bound)"
    case .all: "all"
    case .atLeast(let bound): "p >= \(bound)"
    }
  }
}

extension Confusion {
  /// The pairs of classes that occur.
  func cells(classes: [String]) -> [ConfusionCell] {
    classes.indices.flatMap { truth in
      classes.indices.compactMap { predicted in
        self[truth, predicted] == 0
          ? nil
          : ConfusionCell(
            truth: classes[truth], predicted: classes[predicted], sources: self[truth, predicted])
      }
    }
  }
}

extension ReliabilityBin {
  /// A bin of a calibration as the database keeps it.
  init(_ bin: Calibration.Bin) {
    self.init(
      low: bin.low, high: bin.high, sources: bin.count, correct: bin.correct,
      confidence: bin.count > 0 ? bin.confidence : nil,
      accuracy: bin.count > 0 ? bin.accuracy : nil,
      interval: bin.interval.map { $0.low...$0.high })
  }
}

extension CoveragePoint {
  /// A point of a coverage curve as the database keeps it.
  init(_ point: Coverage.Point) {
    self.init(
      threshold: point.threshold, sources: point.kept, accuracy: point.accuracy,
      macroF1: point.macroF1)
  }
}
