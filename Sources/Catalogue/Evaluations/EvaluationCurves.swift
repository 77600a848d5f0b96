public import PostgreSQL

/// A bin of the reliability curve, a row of `reber.reliability`.
///
/// Bins have equal widths in the probability of the predicted class, without their lower and with
/// their upper bound. What a bin without sources would say is `nil`.
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
  ///
  /// The interval is that of the accuracy, 95% (Wilson 1927).
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

extension ReliabilityBin: QueryRow {
  public static let columns = Columns<Self>(
    .column("low", \.low), .column("high", \.high), .column("sources", \.sources),
    .column("correct", \.correct), .column("confidence", \.confidence),
    .column("accuracy", \.accuracy),
    .group(\.interval, optional: .bounds("accuracy_lower", "accuracy_upper")),
    make: ReliabilityBin.init)

  /// A bin with its place on the curve, from 0.
  struct Numbered: TableRow {
    var number: Int
    var bin: ReliabilityBin

    static let table = "reber.reliability"
    static let columns = Columns<Self>(
      .column("bin", \.number), .group(\.bin, ReliabilityBin.columns), make: Numbered.init)
  }

  /// Writes the bins of a run, from the lowest probability up, in place of those of before.
  public static func replace(_ bins: [Self], run: Int, in database: Connection) throws {
    try Numbered.replace(bins.enumerated().map(Numbered.init), run: run, in: database)
  }

  /// The bins that an evaluation run stored, from the lowest probability up.
  public static func all(run: Int, in database: Connection) throws -> [ReliabilityBin] {
    try database.rows(
      "SELECT \(Self.columns) FROM reber.reliability WHERE run_id = \(run) ORDER BY bin",
      as: ReliabilityBin.self)
  }
}

/// How good the predictions of at least some probability are, a row of `reber.coverage`.
///
/// Accuracy and macro F1 are of the sources that are kept, 0 to 1.
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

extension CoveragePoint: TableRow {
  public static let table = "reber.coverage"
  public static let columns = Columns<Self>(
    .column("threshold", \.threshold), .column("sources", \.sources),
    .column("accuracy", \.accuracy), .column("macro_f1", \.macroF1), make: CoveragePoint.init)

  /// The points that an evaluation run stored, from the fewest sources to all.
  public static func all(run: Int, in database: Connection) throws -> [CoveragePoint] {
    try database.rows(
      "SELECT \(Self.columns) FROM reber.coverage WHERE run_id = \(run) ORDER BY threshold DESC",
      as: CoveragePoint.self)
  }
}
