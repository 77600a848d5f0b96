public import Catalogue
import Morphology
import PostgreSQL

extension EvaluateStage {
  /// How reliable the predictions are of sources that are bright and faint, small and large.
  public struct PartRow: Codable, Sendable {
    /// What the sources are divided by: `S/N`, or `size` in arcsec.
    public var by: String
    /// The least that sources of the part have.
    public var low: Double
    /// The most.
    public var high: Double
    /// The judged sources of the part.
    public var sources: Int
    /// The mean probability of their predicted classes.
    public var confidence: Double
    /// The part of them that was called right.
    public var accuracy: Double
    /// The 95% interval of `accuracy`.
    public var interval: ClosedRange<Double>?
    /// The mean F1 of the classes that occur among them.
    public var macroF1: Double
    /// Their expected calibration error.
    public var calibrationError: Double
  }

  /// What the sets of classes hold of judged sources of a class.
  public struct SetRow: Codable, Sendable {
    /// The part of the sources of each class that the sets were to hold.
    public var coverage: Double
    /// The class, or `EvaluationRow.allClasses`.
    public var className: String
    /// The probability from which on it is in a set; `nil` of all classes.
    public var threshold: Float?
    /// The judged sources that are of it.
    public var sources: Int
    /// The part of them whose set holds it.
    public var covered: Double
    /// The 95% interval of `covered`.
    public var interval: ClosedRange<Double>?
    /// The part of them whose set is the most probable class and no other: the others abstain.
    public var decided: Double
    /// The part of the decided ones that is called right; `nil` where none is decided.
    public var accuracy: Double?
    /// The mean number of classes in their sets.
    public var classes: Double
  }

  /// The coverages that sets are judged for.
  static let coverages = [0.8, 0.9, 0.95]

  /// Divides judged sources by brightness and by size, each in quarters.
  func parts(
    _ evaluation: Evaluation, sources: [Int], of survey: Survey, classification: Int,
    in database: Connection
  ) throws -> [PartRow] {
    let measures = try SourceMeasure.some(
      sources, of: survey, classification: classification, in: database)
    let own = sources.map { measures[$0] }
    return try [("S/N", own.map { $0?.signalToNoise }), ("size", own.map { $0?.size })].flatMap {
      name, measure in
      try PartedCalibration(evaluation, by: measure).parts.map { PartRow($0, by: name) }
    }
  }

  /// Judges the classifier's sets of classes; `nil` where it has none.
  func sets(
    _ evaluation: Evaluation, of model: Catalogue.Model, classes: [String], in database: Connection
  ) throws -> [SetRow]? {
    let rows = try Self.coverages.compactMap { coverage in
      try model.sets(coverage: coverage, in: database).map { sets in
        evaluation.coverage(of: sets).map { SetRow($0, of: sets, classes: classes) }
      }
    }
    return rows.isEmpty ? nil : rows.flatMap(\.self)
  }
}

extension EvaluationRow {
  /// The name under which all classes together stand.
  public static let allClasses = "all classes"
}

extension EvaluateStage.PartRow {
  fileprivate init(_ part: PartedCalibration.Part, by name: String) {
    self.init(
      by: name, low: part.range.lowerBound, high: part.range.upperBound,
      sources: part.confusion.total, confidence: part.confidence, accuracy: part.confusion.accuracy,
      interval: part.interval.map { $0.low...$0.high }, macroF1: part.confusion.macro.f1,
      calibrationError: part.calibration.expectedError)
  }
}

extension EvaluateStage.SetRow {
  fileprivate init(_ scores: SetScores, of sets: PredictionSets, classes: [String]) {
    let count = Double(scores.sources)
    self.init(
      coverage: sets.coverage,
      className: scores.classIndex.map { classes[$0] } ?? EvaluationRow.allClasses,
      threshold: scores.classIndex.map { sets.thresholds[$0] }, sources: scores.sources,
      covered: Double(scores.covered) / count, interval: scores.interval.map { $0.low...$0.high },
      decided: Double(scores.decided) / count,
      accuracy: scores.decided > 0 ? Double(scores.right) / Double(scores.decided) : nil,
      classes: Double(scores.classes) / count)
  }
}
