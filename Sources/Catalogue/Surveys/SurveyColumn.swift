public import PostgreSQL

/// A column of a survey's own catalogue, with its unit and meaning.
public struct SurveyColumn: Sendable, Equatable, Codable {
  /// The column's name in the catalogue.
  public var name: String

  /// The type as the file gave it.
  public var datatype: String

  /// The unit as the file gave it.
  public var unit: String?

  /// The IVOA Unified Content Descriptor.
  public var ucd: String?

  /// What the catalogue says of the column.
  public var description: String?

  /// The column of `reber.source` that was filled from it.
  public var mappedTo: String?

  /// Describes a column.
  public init(
    name: String, datatype: String, unit: String? = nil, ucd: String? = nil,
    description: String? = nil, mappedTo: String? = nil
  ) {
    self.name = name
    self.datatype = datatype
    self.unit = unit
    self.ucd = ucd
    self.description = description
    self.mappedTo = mappedTo
  }
}

extension Survey {
  /// Writes what is known of the catalogue's columns; a later run's word replaces an earlier one's.
  public func write(_ columns: [SurveyColumn], run: Int, in database: Connection) throws {
    for (ordinal, column) in columns.enumerated() {
      _ = try database.execute(
        """
        INSERT INTO reber.survey_column
            (survey_id, name, ordinal, datatype, unit, ucd, description, mapped_to, run_id)
        VALUES (
            \(id), \(column.name), \(Int32(ordinal)), \(column.datatype), \(column.unit),
            \(column.ucd), \(column.description), \(column.mappedTo), \(run)
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
      SELECT name, datatype, unit, ucd, description, mapped_to
      FROM reber.survey_column
      WHERE survey_id = \(id)
      ORDER BY ordinal
      """,
      as: String.self, String.self, String?.self, String?.self, String?.self, String?.self
    ).map { name, datatype, unit, ucd, description, mappedTo in
      SurveyColumn(
        name: name, datatype: datatype, unit: unit, ucd: ucd, description: description,
        mappedTo: mappedTo)
    }
  }
}
