internal import Foundation
public import Tensor

/// Sources whose tags are known, with the probability of each tag, to be judged tag by tag.
public struct TagEvaluation: Sendable {
  /// Of each tag above 1/2 where it applies, below where it does not, and NaN where nobody says, `[n, tags]`.
  public let truth: Tensor

  /// `[n, tags]`.
  public let probabilities: Tensor

  /// The tags that are said to apply, row by row.
  private let said: [Bool]

  /// Says of each tag that it applies from its threshold on.
  ///
  /// - Throws: `MorphologyError` where the numbers do not fit.
  public init(truth: Tensor, probabilities: Tensor, thresholds: [Float]) throws {
    guard truth.shape == probabilities.shape, thresholds.count == truth.columns else {
      throw MorphologyError.badOptions(
        "tags of shape \(truth.shape) for probabilities of shape \(probabilities.shape)")
    }
    self.truth = truth
    self.probabilities = probabilities
    said = probabilities.values.enumerated().map { $1 >= thresholds[$0 % thresholds.count] }
  }

  /// Says so from thresholds that are chosen, for each fold, on the other folds.
  ///
  /// - Throws: `MorphologyError` where the numbers do not fit.
  public init(truth: Tensor, probabilities: Tensor, folds: [Int]) throws {
    var shifted = probabilities
    for fold in Set(folds) {
      let others = folds.indices.filter { folds[$0] != fold }
      let thresholds = bestThresholds(
        truth: truth.rows(at: others), probabilities: probabilities.rows(at: others))
      for row in folds.indices where folds[row] == fold {
        for tag in 0..<truth.columns {
          shifted.values[row * truth.columns + tag] -= thresholds[tag]
        }
      }
    }
    try self.init(
      truth: truth, probabilities: shifted,
      thresholds: [Float](repeating: 0, count: truth.columns), shown: probabilities)
  }

  private init(
    truth: Tensor, probabilities: Tensor, thresholds: [Float], shown: Tensor
  ) throws {
    let judged = try Self(truth: truth, probabilities: probabilities, thresholds: thresholds)
    (self.truth, self.probabilities, said) = (truth, shown, judged.said)
  }

  /// The number of tags.
  var tags: Int { truth.columns }

  /// Of some sources, all where no rows are given, whether the tag applies (1 or 0) against what is said of it.
  public func confusion(of tag: Int, rows: [Int]? = nil) -> Confusion {
    let places = (rows ?? Array(0..<truth.rows)).map { $0 * tags + tag }
      .filter { !truth.values[$0].isNaN }
    return Confusion(
      truth: places.map { truth.values[$0] > 0.5 ? 1 : 0 },
      predicted: places.map { said[$0] ? 1 : 0 },
      classes: 2)
  }

  /// How well each tag is found.
  public func scores(rows: [Int]? = nil) -> [ClassScores] {
    (0..<tags).map { confusion(of: $0, rows: rows).scores(of: 1) }
  }

  /// The mean F1 of the tags that occur, in truth or in what is said.
  public var macroF1: Double { Self.macroF1(scores()) }

  private static func macroF1(_ scores: [ClassScores]) -> Double {
    let seen = scores.filter { $0.support + $0.predicted > 0 }
    return seen.reduce(0) { $0 + $1.f1 } / Double(max(1, seen.count))
  }

  /// The part of all that is known of tags that is said right.
  public var accuracy: Double {
    let all = (0..<tags).map { confusion(of: $0) }
    let right = all.reduce(0) { $0 + $1[0, 0] + $1[1, 1] }
    return Double(right) / Double(max(1, all.reduce(0) { $0 + $1.total }))
  }

  /// The expected calibration error of the probabilities of all tags together, in 15 bins.
  public var calibrationError: Double {
    var bins = [(count: Double, confidence: Double, applies: Double)](
      repeating: (0, 0, 0), count: 15)
    for (truth, probability) in zip(truth.values, probabilities.values) where !truth.isNaN {
      let bin = min(14, Int(probability * 15))
      bins[bin].count += 1
      bins[bin].confidence += Double(probability)
      bins[bin].applies += truth > 0.5 ? 1 : 0
    }
    let all = max(1, bins.reduce(0) { $0 + $1.count })
    return bins.reduce(0) { $0 + abs($1.confidence - $1.applies) } / all
  }

  /// Bootstrap intervals of every tag's F1 and of their mean.
  public func intervals(_ options: BoundOptions) -> (tags: [Interval], macro: Interval)? {
    guard truth.rows > 0, options.resamplings > 0 else { return nil }
    let drawn = (0..<options.resamplings).map { round -> [ClassScores] in
      var random = RandomStream(options.seed, round)
      return scores(
        rows: (0..<truth.rows).map { _ in Int.random(in: 0..<truth.rows, using: &random) })
    }
    return (
      (0..<tags).map { tag in Interval(drawn.map { $0[tag].f1 }, level: options.level) },
      Interval(drawn.map(Self.macroF1), level: options.level)
    )
  }
}

/// The threshold of each tag from which it is best said to apply: that of the greatest F1.
///
/// Halfway between the least probability that is said and the next below it; 1/2 for a tag that never applies.
///
/// - Parameters:
///   - truth: Of each tag above 1/2 where it applies, NaN where nobody says, `[n, tags]`.
///   - probabilities: `[n, tags]`.
/// - Returns: The thresholds, one a tag.
public func bestThresholds(truth: Tensor, probabilities: Tensor) -> [Float] {
  (0..<truth.columns).map { tag in
    let known = (0..<truth.rows).map { $0 * truth.columns + tag }
      .filter { !truth.values[$0].isNaN }
      .map { (probability: probabilities.values[$0], applies: truth.values[$0] > 0.5) }
      .sorted { $0.probability > $1.probability }
    let all = known.count(where: \.applies)
    guard all > 0 else { return 0.5 }
    var (right, best, threshold) = (0, 0.0, Float(0.5))
    for (place, item) in known.enumerated() {
      right += item.applies ? 1 : 0
      let next = place + 1 < known.count ? known[place + 1].probability : 0
      guard next < item.probability else { continue }
      let f1 = Double(2 * right) / Double(place + 1 + all)
      if f1 > best { (best, threshold) = (f1, (item.probability + next) / 2) }
    }
    return threshold
  }
}
