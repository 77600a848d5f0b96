import Foundation
import Morphology
import Tensor

/// What a fold of a comparison said of the sources that it held out, beside what is known of them.
///
/// It is kept with the run's piece until all folds are there.
struct JudgedFold: Codable {
  /// Images that were there to learn from, of all folds.
  let images: Int
  /// Those without a position.
  let withoutPosition: Int
  /// Seconds that the fold took.
  let seconds: Double
  /// The classes of the sources held out, task by task.
  let truth: [[Int]]
  /// Their probabilities, source by source, for each key of a cell.
  let probabilities: [String: [[Float]]]

  /// Reads a fold that is finished.
  init(
    _ fold: CrossValidation.Fold, of comparison: CrossValidation, _ specimens: Specimens,
    seconds: Double
  ) {
    images = specimens.images.count
    withoutPosition = specimens.withoutPosition
    self.seconds = seconds
    truth = comparison.tasks.enumerated().map { index, task in
      comparison.testPlaces(task: index, fold: fold.number).map { task.classes[$0] }
    }
    probabilities = fold.probabilities.mapValues { table in
      (0..<table.shape[0]).map { Array(table.row($0)) }
    }
  }
}

extension JudgedFold {
  /// What a network that has diverged says is no number, and is kept as a word.
  private static let words = ("inf", "-inf", "nan")

  /// As bytes of JSON.
  func encoded() throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: Self.words.0, negativeInfinity: Self.words.1, nan: Self.words.2)
    return [UInt8](try encoder.encode(self))
  }

  /// Reads what ``encoded()`` made.
  init(decoding bytes: [UInt8]) throws {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: Self.words.0, negativeInfinity: Self.words.1, nan: Self.words.2)
    self = try decoder.decode(Self.self, from: Data(bytes))
  }
}

extension [JudgedFold] {
  /// The scores of a cell, all folds together; `nil` where none has it.
  func result(_ cell: CrossValidation.Cell, task: Int) throws -> CrossValidationStage.Result? {
    let truths = map { $0.truth[task] }
    let tables = compactMap { $0.probabilities[cell.key] }
    guard tables.count == count, !isEmpty else { return nil }
    let (truth, found) = (truths.flatMap(\.self), Tensor(rows: tables.flatMap(\.self)))
    let whole = try Evaluation(truth: truth, probabilities: found)
    let parts = try zip(truths, tables).map {
      try Evaluation(truth: $0, probabilities: Tensor(rows: $1)).confusion().accuracy
    }
    let calibrated =
      count > 1
      ? try Evaluation(
        truth: truth,
        probabilities: found.calibratedAcross(places(truths), classes: truth)) : whole
    let confusion = whole.confusion()
    let bounded = whole.byProbability().first { $0.bound == .all }
    return CrossValidationStage.Result(
      task: cell.task, method: cell.method, share: cell.share, sources: truth.count,
      accuracy: confusion.accuracy, accuracySpread: deviation(parts),
      largestShare: confusion.largestShare, warning: confusion.warning, macroF1: confusion.macro.f1,
      macroInterval: bounded?.macroInterval,
      calibrationError: Calibration(calibrated).expectedError)
  }

  /// The rows of each fold, where they stand one after another.
  private func places(_ truths: [[Int]]) -> [[Int]] {
    var next = 0
    return truths.map { truth in
      defer { next += truth.count }
      return [Int](next..<(next + truth.count))
    }
  }
}

extension Tensor {
  /// A table of rows of equal length.
  fileprivate init(rows: [[Float]]) {
    self.init(shape: [rows.count, rows.first?.count ?? 0], values: rows.flatMap(\.self))
  }
}

/// The standard deviation of a sample; `nil` of fewer than two.
private func deviation(_ values: [Double]) -> Double? {
  guard values.count > 1 else { return nil }
  let mean = values.reduce(0, +) / Double(values.count)
  let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
  return (squares / Double(values.count - 1)).squareRoot()
}
