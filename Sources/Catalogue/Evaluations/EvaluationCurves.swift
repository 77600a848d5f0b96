public import PostgreSQL

/// A bin of the reliability curve, a row of `reber.reliability`.
public struct ReliabilityBin: Sendable, Codable, Equatable {
  /// The probabilities in the bin, above `low` and at most `high`.
  public var low: Double

  /// The upper end.
  public var high: Double

  /// Sources whose predicted class has a probability in the bin.
  public var sources: Int

  /// Of those, the ones that were called right.
  public var correct: Int

  /// Their mean probability; `nil` of none.
  public var confidence: Double?

  /// The part of them that was called right; `nil` of none.
  public var accuracy: Double?

  /// The 95% interval of `accuracy`.
  public var interval: ClosedRange<Double>?

  /// Describes a bin.
  public init(
    low: Double, high: Double, sources: Int, correct: Int, confidence: Double?, accuracy: Double?,
    interval: ClosedRange<Double>?
  ) {
    self.low = low
    self.high = high
    self.sources = sources
    self.correct = correct
    self.confidence = confidence
    self.accuracy = accuracy
    self.interval = interval
  }
}

extension ReliabilityBin {
  static func write(_ bins: [ReliabilityBin], run: Int, in database: Connection) throws {
    try database.copy(
      into: "reber.reliability",
      columns: [
        "run_id", "bin", "low", "high", "sources", "correct", "confidence", "accuracy",
        "accuracy_lower", "accuracy_upper",
      ]
    ) { copy in
      for (number, bin) in bins.enumerated() {
        try copy.row(
          run, Int16(number), bin.low, bin.high, Int32(bin.sources), Int32(bin.correct),
          bin.confidence, bin.accuracy, bin.interval?.lowerBound, bin.interval?.upperBound)
      }
    }
  }

  /// The bins that an evaluation run stored, from the lowest probability up.
  public static func all(run: Int, in database: Connection) throws -> [ReliabilityBin] {
    try database.rows(
      """
      SELECT low, high, sources, correct, confidence, accuracy, accuracy_lower, accuracy_upper
      FROM reber.reliability
      WHERE run_id = \(run)
      ORDER BY bin
      """, as: Double.self, Double.self, Int32.self, Int32.self, Double?.self, Double?.self,
      Double?.self, Double?.self
    ).map { low, high, sources, correct, confidence, accuracy, lower, upper in
      var interval: ClosedRange<Double>?
      if let lower, let upper { interval = lower...upper }
      return ReliabilityBin(
        low: low, high: high, sources: Int(sources), correct: Int(correct), confidence: confidence,
        accuracy: accuracy, interval: interval)
    }
  }
}

/// How good the predictions of at least some probability are, a row of `reber.coverage`.
public struct CoveragePoint: Sendable, Codable, Equatable {
  /// The least probability of the predicted class that is kept.
  public var threshold: Float

  /// Judged sources that are kept.
  public var sources: Int

  /// The part of them that was called right.
  public var accuracy: Double

  /// The mean F1 of the classes that occur among them.
  public var macroF1: Double

  /// Describes a point.
  public init(threshold: Float, sources: Int, accuracy: Double, macroF1: Double) {
    self.threshold = threshold
    self.sources = sources
    self.accuracy = accuracy
    self.macroF1 = macroF1
  }
}

extension CoveragePoint {
  static func write(_ points: [CoveragePoint], run: Int, in database: Connection) throws {
    try database.copy(
      into: "reber.coverage", columns: ["run_id", "threshold", "sources", "accuracy", "macro_f1"]
    ) { copy in
      for point in points {
        try copy.row(run, point.threshold, Int32(point.sources), point.accuracy, point.macroF1)
      }
    }
  }

  /// The points that an evaluation run stored, from the fewest sources to all.
  public static func all(run: Int, in database: Connection) throws -> [CoveragePoint] {
    try database.rows(
      """
      SELECT threshold, sources, accuracy, macro_f1 FROM reber.coverage
      WHERE run_id = \(run)
      ORDER BY threshold DESC
      """, as: Float.self, Int32.self, Double.self, Double.self
    ).map { CoveragePoint(threshold: $0, sources: Int($1), accuracy: $2, macroF1: $3) }
  }
}
