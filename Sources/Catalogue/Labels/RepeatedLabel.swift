public import PostgreSQL

/// What an annotator said of a source, and said when asked again without being told.
///
/// A row of `reber.label_again`.
public struct RepeatedLabel: Sendable {
  /// Who.
  public var annotator: String

  /// The class before.
  public var classID: Int16

  /// The class that was given again.
  public var again: Int16
}

extension RepeatedLabel: QueryRow {
  public static let columns = Columns<Self>(
    .column("annotator", \.annotator), .column("class_id", \.classID),
    .column("class_id_again", \.again), make: RepeatedLabel.init)

  /// What the annotators of a survey said twice, by annotator.
  public static func all(
    of survey: Survey, scheme: ClassScheme, in database: Connection
  ) throws -> [RepeatedLabel] {
    try database.rows(
      """
      SELECT \(columns) FROM reber.label_again
      WHERE survey_id = \(survey.id) AND class_scheme_id = \(scheme.id)
      ORDER BY annotator, source_id
      """, as: RepeatedLabel.self)
  }
}
