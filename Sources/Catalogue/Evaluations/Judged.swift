public import Astronomy
public import PostgreSQL

/// The true classes by which an evaluation judged a classification.
public struct JudgedTruth: Sendable {
  /// The run that predicted.
  public var classification: Int

  /// The scheme of the classes.
  public var scheme: ClassScheme

  /// The judged sources, each with what it truly is.
  public var classes: [SourceClass]

  /// Describes what sources truly are.
  public init(
    classification: Int, scheme: ClassScheme, classes: [SourceClass]
  ) {
    self.classification = classification
    self.scheme = scheme
    self.classes = classes
  }
}

extension JudgedTruth {
  func write(of survey: Survey, run: Int, in database: Connection) throws {
    try database.copy(
      into: "reber.judged", SourceClass.columns,
      with: [
        "run_id": run, "classification_run_id": classification, "survey_id": survey.id,
        "class_scheme_id": scheme.id,
      ]
    ) { rows in
      for judged in classes { try rows.write(judged) }
    }
  }
}

extension JudgedSource {
  /// The sources of a survey that an evaluation run judged, in their order.
  public static func all(
    of survey: Survey, run: Int, in database: Connection
  ) throws -> [JudgedSource] {
    try database.rows(
      """
      SELECT \(JudgedSource.columns) FROM reber.judgement
      WHERE run_id = \(run) AND survey_id = \(survey.id)
      ORDER BY source_id
      """, as: JudgedSource.self)
  }
}

/// A source that an evaluation judged: what it was said to be, and what it is.
public struct JudgedSource: Sendable, Equatable {
  /// The key within the survey.
  public var id: Int

  /// The image that it was classified from.
  public var cutout: Int

  /// Identifier within the survey.
  public var name: String

  /// ICRS, degrees.
  public var position: SkyPosition?

  /// What it is.
  public var truth: String

  /// What it was said to be.
  public var predicted: String

  /// The probability of the predicted class.
  public var probability: Float

  /// Whether it was called right.
  public var isRight: Bool { truth == predicted }

  /// Describes a judged source.
  public init(
    id: Int, cutout: Int, name: String, position: SkyPosition?, truth: String,
    predicted: String, probability: Float
  ) {
    self.id = id
    self.cutout = cutout
    self.name = name
    self.position = position
    self.truth = truth
    self.predicted = predicted
    self.probability = probability
  }
}

extension JudgedSource: QueryRow {
  public static let columns = Columns<Self>(
    .column("source_id", \.id), .column("cutout_id", \.cutout), .column("name", \.name),
    .group(\.position, optional: SkyPosition.columns), .column("truth", \.truth),
    .column("predicted", \.predicted), .column("probability", \.probability),
    make: JudgedSource.init)
}
