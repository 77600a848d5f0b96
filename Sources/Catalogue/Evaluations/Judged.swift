public import Astronomy
public import PostgreSQL

extension JudgedSource {
  /// Notes what sources truly are by which an evaluation run judges a classification, in place of
  /// what the run noted before.
  public static func write(
    _ truth: [SourceClass], of survey: Survey, scheme: ClassScheme, classification: Int, run: Int,
    in database: Connection
  ) throws {
    try database.execute("DELETE FROM reber.judged WHERE run_id = \(run)")
    try database.copy(
      into: "reber.judged", SourceClass.columns,
      with: [
        "run_id": run, "classification_run_id": classification, "survey_id": survey.id,
        "class_scheme_id": scheme.id,
      ]
    ) { rows in
      for judged in truth { try rows.write(judged) }
    }
  }

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
}

extension JudgedSource: QueryRow {
  public static let columns = Columns<Self>(
    .column("source_id", \.id), .column("cutout_id", \.cutout), .column("name", \.name),
    .group(\.position, optional: SkyPosition.columns), .column("truth", \.truth),
    .column("predicted", \.predicted), .column("probability", \.probability),
    make: JudgedSource.init)
}
