public import Astronomy
public import PostgreSQL

/// A column of a survey's own catalogue.
public struct SurveyColumn: Sendable, Equatable {
  /// The column as the file describes it.
  public var column: Column

  /// The column of `reber.source` that was filled from it.
  public var mappedTo: String?

  /// Describes a column.
  public init(_ column: Column, mappedTo: String? = nil) {
    self.column = column
    self.mappedTo = mappedTo
  }
}

/// One object in JSON: what the file says of the column, and what was filled from it.
extension SurveyColumn: Encodable {
  private enum CodingKeys: CodingKey { case mappedTo }

  public func encode(to encoder: any Encoder) throws {
    try column.encode(to: encoder)
    var own = encoder.container(keyedBy: CodingKeys.self)
    try own.encodeIfPresent(mappedTo, forKey: .mappedTo)
  }
}

extension SurveyColumn: QueryRow {
  public static let columns = Columns<Self>(
    .column("name", \.column.name), .column("datatype", \.column.datatype.rawValue),
    .column("unit", \.column.unit), .column("ucd", \.column.ucd),
    .column("description", \.column.description), .column("mapped_to", \.mappedTo)
  ) { name, datatype, unit, ucd, description, mappedTo in
    SurveyColumn(
      Column(
        name, Datatype(rawValue: datatype) ?? .string, unit: unit, ucd: ucd,
        description: description),
      mappedTo: mappedTo)
  }
}

extension Survey {
  /// Writes what is known of the catalogue's columns; a later run's word replaces an earlier one's.
  public func write(_ columns: [SurveyColumn], run: Int, in database: Connection) throws {
    for (ordinal, item) in columns.enumerated() {
      let column = item.column
      _ = try database.execute(
        """
        INSERT INTO reber.survey_column
            (survey_id, name, ordinal, datatype, unit, ucd, description, mapped_to, run_id)
        VALUES (
            \(id), \(column.name), \(Int32(ordinal)), \(column.datatype.rawValue), \(column.unit),
            \(column.ucd), \(column.description), \(item.mappedTo), \(run)
        )
        ON CONFLICT (survey_id, name) DO UPDATE
        SET (ordinal, datatype, unit, ucd, description, mapped_to, run_id) = (
            excluded.ordinal, excluded.datatype, excluded.unit, excluded.ucd,
            excluded.description, excluded.mapped_to, excluded.run_id
        )
        """)
    }
  }

  /// The columns of the survey's catalogue, in its order.
  public func columns(in database: Connection) throws -> [SurveyColumn] {
    try database.rows(
      """
      SELECT \(SurveyColumn.columns) FROM reber.survey_column
      WHERE survey_id = \(id)
      ORDER BY ordinal
      """, as: SurveyColumn.self)
  }
}
