public import PostgreSQL

/// How well a classifier does on a class within a bound of probability.
///
/// A row of `reber.evaluation`. A bound is `all`, or names the least or the greatest probability of the
/// predicted class that a source must have to count; the class is one of the scheme or the macro
/// average. A score is `nil` where it would divide by nothing.
public struct EvaluationRow: Sendable, Codable {
  /// Which probabilities were counted, such as `p >= 0.99`.
  public var bound: String

  /// The class, or `macro average`.
  public var className: String

  /// Sources that truly are of the class.
  public var support: Int

  /// Sources that were said to be of the class.
  public var predicted: Int

  /// Sources of which both is true.
  public var correct: Int

  /// `correct / predicted`; `nil` where nothing was predicted.
  public var precision: Float?

  /// `correct / support`; `nil` without support.
  public var recall: Float?

  /// The harmonic mean of precision and recall.
  public var f1: Float?

  /// The 95% bootstrap interval of `f1`.
  public var interval: ClosedRange<Float>?

  /// Describes a row.
  ///
  /// `support` counts the sources that truly are of the class, `predicted` those that were said to be, and
  /// `correct` those that are both. The interval is that of F1, 95%.
  public init(
    bound: String, className: String, support: Int, predicted: Int, correct: Int,
    precision: Float?, recall: Float?, f1: Float?, interval: ClosedRange<Float>?
  ) {
    self.bound = bound
    self.className = className
    self.support = support
    self.predicted = predicted
    self.correct = correct
    self.precision = precision
    self.recall = recall
    self.f1 = f1
    self.interval = interval
  }
}

/// How many sources of one class were said to be of another.
///
/// A row of `reber.confusion`; pairs of classes that did not occur have none.
public struct ConfusionCell: Sendable, Codable {
  /// What they truly are.
  public var truth: String

  /// What they were said to be.
  public var predicted: String

  /// How many.
  public var sources: Int

  /// Describes a cell.
  ///
  /// Classes are told by name.
  public init(truth: String, predicted: String, sources: Int) {
    self.truth = truth
    self.predicted = predicted
    self.sources = sources
  }
}

extension TableRow {
  /// Writes the rows of a run in place of those that it wrote before.
  ///
  /// The table must have a column `run_id`. Nothing is changed where it throws.
  public static func replace(_ rows: [Self], run: Int, in database: Connection) throws {
    try database.transaction { database in
      try database.execute("DELETE FROM \(raw: table) WHERE run_id = \(run)")
      try database.copy(rows, with: ["run_id": run])
    }
  }
}

extension EvaluationRow: TableRow {
  public static let table = "reber.evaluation"
  public static let columns = Columns<Self>(
    .column("bound", \.bound), .column("class", \.className), .column("support", \.support),
    .column("predicted", \.predicted), .column("correct", \.correct),
    .column("precision", \.precision), .column("recall", \.recall), .column("f1", \.f1),
    .group(\.interval, optional: .bounds("f1_lower", "f1_upper")), make: EvaluationRow.init)
}

extension ConfusionCell: TableRow {
  public static let table = "reber.confusion"
  public static let columns = Columns<Self>(
    .column("truth", \.truth), .column("predicted", \.predicted), .column("sources", \.sources),
    make: ConfusionCell.init)
}
