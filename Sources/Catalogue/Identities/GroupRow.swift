public import PostgreSQL

/// A row of a table that says which sources are one object: those of one group.
public struct GroupRow: Sendable, Equatable {
  /// The row in the file, from 1.
  public var row: Int

  /// The name of a survey.
  public var survey: String

  /// The name of one of its sources.
  public var source: String

  /// What all sources of the object have in common.
  public var group: String

  /// Describes a row.
  public init(row: Int, survey: String, source: String, group: String) {
    (self.row, self.survey, self.source, self.group) = (row, survey, source, group)
  }
}

/// The rows stand in a temporary table.
extension GroupRow: TableRow {
  public static let table = "pg_temp.grouped"
  public static let columns = Columns<Self>(
    .column("row_number", \.row), .column("survey", \.survey), .column("source", \.source),
    .column("object", \.group), make: GroupRow.init)

  /// Puts rows into the temporary table `grouped`, with the keys of those that name a source.
  static func load(_ rows: [GroupRow], in database: Connection) throws {
    try database.script(
      """
      DROP TABLE IF EXISTS pg_temp.grouped;
      CREATE TEMPORARY TABLE grouped (
          row_number bigint, survey text, source text, object text, survey_id integer, source_id bigint
      )
      """)
    try database.copy(rows)
    try database.script(
      """
      UPDATE pg_temp.grouped SET survey_id = survey.survey_id FROM reber.survey
      WHERE survey.name = grouped.survey;
      UPDATE pg_temp.grouped SET source_id = reber.source_called(survey_id, source);
      ANALYZE pg_temp.grouped
      """)
  }
}
