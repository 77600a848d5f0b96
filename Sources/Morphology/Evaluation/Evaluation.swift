public import Tensor

/// Labelled sources with their class probabilities, to be judged.
public struct Evaluation: Sendable {
  /// The true class of each source.
  public let truth: [Int]

  /// `[n, classes]`, each row of sum 1.
  public let probabilities: Tensor

  /// The most probable class of each source.
  public let predicted: [Int]

  /// The probability of that class.
  public let confidence: [Float]

  /// Takes true classes in `0..<classes` and their probabilities.
  ///
  /// - Throws: `MorphologyError` where the numbers do not fit.
  public init(truth: [Int], probabilities: Tensor) throws {
    let classes = probabilities.columns
    guard probabilities.shape.count == 2, probabilities.rows == truth.count,
      truth.allSatisfy({ (0..<classes).contains($0) })
    else {
      throw MorphologyError.badOptions(
        "\(truth.count) true classes for probabilities of shape \(probabilities.shape)")
    }
    self.truth = truth
    self.probabilities = probabilities
    predicted = truth.indices.map { argmax(probabilities.row($0)) }
    confidence = zip(truth.indices, predicted).map { probabilities.values[$0 * classes + $1] }
  }

  /// The confusion of some sources, of all where no rows are given.
  public func confusion(of rows: [Int]? = nil) -> Confusion {
    let rows = rows ?? Array(truth.indices)
    return Confusion(
      truth: rows.map { truth[$0] }, predicted: rows.map { predicted[$0] },
      classes: probabilities.columns)
  }

  /// F1 below, overall and above bounds of the probability of the predicted class.
  ///
  /// The form in which Baron Perez et al. 2025 report theirs.
  public func byProbability(_ options: BoundOptions = BoundOptions()) -> [BoundedScores] {
    let all = Array(truth.indices)
    let parts: [(ProbabilityBound, [Int])] = [
      (.atMost(options.low), all.filter { confidence[$0] <= options.low }),
      (.all, all),
      (.atLeast(options.high), all.filter { confidence[$0] >= options.high }),
    ]
    return parts.enumerated().map { index, part in
      BoundedScores(
        bound: part.0, confusion: confusion(of: part.1),
        resampled: resampled(part.1, options: options, stream: index), level: options.level)
    }
  }

  /// F1 of every class, then the macro average, for each resampling with replacement.
  private func resampled(_ rows: [Int], options: BoundOptions, stream: Int) -> [[Double]] {
    guard !rows.isEmpty else { return [] }
    return (0..<options.resamplings).map { round in
      var random = RandomStream(options.seed, stream, round)
      let drawn = rows.indices.map { _ in rows[Int.random(in: 0..<rows.count, using: &random)] }
      let confusion = confusion(of: drawn)
      return (0..<confusion.classes).map { confusion.scores(of: $0).f1 } + [confusion.macro.f1]
    }
  }
}

/// The bounds of `byProbability` and its bootstrap; stored with every evaluation run.
public struct BoundOptions: Codable, Sendable, Hashable {
  /// The bound of doubtful predictions.
  public var low: Float = 0.85

  /// The bound of sure predictions.
  public var high: Float = 0.99

  /// Resamplings of the sources.
  public var resamplings = 500

  /// The coverage of the percentile intervals (Efron 1979).
  public var level = 0.95

  /// Chooses the resamplings.
  public var seed: UInt64 = 1

  /// The published bounds, 85% and 99%.
  public init() {}
}

/// A part of the sources by the probability of their predicted class.
public enum ProbabilityBound: Codable, Sendable, Hashable {
  /// At most so probable.
  case atMost(Float)

  /// Every source.
  case all

  /// At least so probable.
  case atLeast(Float)
}

/// The scores of the sources inside a bound.
public struct BoundedScores: Codable, Sendable, Hashable {
  /// Which sources.
  public let bound: ProbabilityBound

  /// Their confusion, which holds counts and per-class scores.
  public let confusion: Confusion

  /// The bootstrap interval of every class's F1; empty where there are no sources.
  public let intervals: [Interval]

  /// The bootstrap interval of the macro-averaged F1.
  public let macroInterval: Interval?

  init(bound: ProbabilityBound, confusion: Confusion, resampled: [[Double]], level: Double) {
    self.bound = bound
    self.confusion = confusion
    let width = resampled.first?.count ?? 0
    let all = (0..<width).map { column in Interval(resampled.map { $0[column] }, level: level) }
    intervals = Array(all.dropLast())
    macroInterval = all.last
  }
}

/// A percentile interval.
public struct Interval: Codable, Sendable, Hashable {
  /// The lower end.
  public let low: Double

  /// The upper end.
  public let high: Double

  /// An interval between two ends.
  init(low: Double, high: Double) { (self.low, self.high) = (low, high) }

  /// The central part of `values` that holds `level` of them.
  init(_ values: [Double], level: Double) {
    let sorted = values.sorted()
    low = quantile(sorted, (1 - level) / 2)
    high = quantile(sorted, (1 + level) / 2)
  }
}

/// A quantile by linear interpolation, numpy's default.
func quantile(_ sorted: [Double], _ part: Double) -> Double {
  guard let last = sorted.indices.last else { return .nan }
  let place = part * Double(last)
  let lower = min(max(Int(place), 0), last)
  let upper = min(lower + 1, last)
  return sorted[lower] + (place - Double(lower)) * (sorted[upper] - sorted[lower])
}

/// The place of the largest value, the first of equals.
func argmax(_ values: ArraySlice<Float>) -> Int {
  (values.indices.max { values[$0] < values[$1] } ?? values.startIndex) - values.startIndex
}
