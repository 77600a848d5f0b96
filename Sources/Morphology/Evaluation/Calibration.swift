internal import Tensor

/// How probabilities compare with how often they are right.
///
/// The measures are those of Guo et al. 2017.
public struct Calibration: Codable, Sendable, Hashable {
  /// The reliability curve, by bins of equal width.
  public let bins: [Bin]

  /// The expected calibration error: the mean gap between confidence and accuracy, weighted by
  /// the sources of each bin.
  public let expectedError: Double

  /// The largest gap of a bin.
  public let largestError: Double

  /// The mean negative logarithm of the true class's probability.
  public let negativeLogLikelihood: Double

  /// The mean squared distance of probabilities from truth, summed over classes (Brier 1950).
  public let brierScore: Double

  /// One bin of the reliability curve.
  public struct Bin: Codable, Sendable, Hashable {
    /// The confidences in the bin, above `low` and at most `high`.
    public let low: Double

    /// The upper end.
    public let high: Double

    /// Sources in the bin.
    public let count: Int

    /// Their mean confidence; 0 of none.
    public let confidence: Double

    /// The part of them that was called right; 0 of none.
    public let accuracy: Double

    /// Sources in the bin that were called right.
    public var correct: Int { Int((accuracy * Double(count)).rounded()) }

    /// The 95% interval of the accuracy; `nil` of none.
    public var interval: Interval? { Interval(part: correct, of: count) }
  }

  /// Measures the calibration of an evaluation.
  public init(_ evaluation: Evaluation, bins count: Int = 15) {
    let count = max(1, count)
    let rows = evaluation.truth.indices
    let places = evaluation.confidence.map {
      min(count - 1, max(0, Int((Double($0) * Double(count)).rounded(.up)) - 1))
    }
    bins = (0..<count).map { bin in
      let members = rows.filter { places[$0] == bin }
      let right = members.filter { evaluation.truth[$0] == evaluation.predicted[$0] }.count
      let sum = members.reduce(0) { $0 + Double(evaluation.confidence[$1]) }
      let total = Double(max(1, members.count))
      return Bin(
        low: Double(bin) / Double(count), high: Double(bin + 1) / Double(count),
        count: members.count, confidence: sum / total, accuracy: Double(right) / total)
    }
    let all = Double(max(1, rows.count))
    let gaps = bins.map { abs($0.confidence - $0.accuracy) }
    expectedError = zip(bins, gaps).reduce(0) { $0 + Double($1.0.count) / all * $1.1 }
    largestError = gaps.max() ?? 0
    negativeLogLikelihood =
      summedSurprise(of: evaluation.probabilities, classes: evaluation.truth) / all
    brierScore = rows.reduce(0) { $0 + evaluation.squaredError(of: $1) } / all
  }
}

extension Interval {
  /// The 95% score interval of a proportion (Wilson 1927); `nil` of none.
  ///
  /// It stays in 0...1, and is not empty where all or none are counted.
  init?(part: Int, of count: Int) {
    guard count > 0 else { return nil }
    let (n, p, z) = (Double(count), Double(part) / Double(count), 1.959964)
    let middle = p + z * z / (2 * n)
    let reach = z * (p * (1 - p) / n + z * z / (4 * n * n)).squareRoot()
    low = max(0, (middle - reach) / (1 + z * z / n))
    high = min(1, (middle + reach) / (1 + z * z / n))
  }
}

extension Evaluation {
  fileprivate func squaredError(of row: Int) -> Double {
    probabilities.row(row).enumerated().reduce(0) { sum, item in
      let gap = Double(item.element) - (item.offset == truth[row] ? 1 : 0)
      return sum + gap * gap
    }
  }
}
