public import Astronomy
public import PostgreSQL

/// A column of a survey's own catalogue.
///
/// A row of `reber.survey_column`; `mappedTo` is `nil` where no part of a source
/// was filled from it.
public struct SurveyColumn: Sendable, Equatable {
  /// The column as the file describes it.
  public var column: Column

  /// The column of `reber.source` that was filled from it.
  public var mappedTo: String?

  /// Describes a column.
  ///
  /// `mappedTo` names the column of `reber.source` that is filled from it.
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

  /// Writes what is known of the columns of a survey's catalogue; a later run's word replaces an
  /// earlier one's.
  public static func write(
    _ columns: [SurveyColumn], of survey: Survey, run: Int, in database: Connection
  ) throws {
    for (ordinal, column) in columns.enumerated() {
      try database.execute(
        """
        INSERT INTO reber.survey_column (survey_id, ordinal, run_id, stored_as, \(Self.columns))
        VALUES (
            \(survey.id), \(ordinal), \(run),
            reber.free_column(\(Int32(survey.id)), \(column.column.name)), \(values: column)
        )
        ON CONFLICT (survey_id, name) DO UPDATE
        SET (ordinal, run_id, \(Self.columns))
            = (excluded.ordinal, excluded.run_id, \(Self.columns, of: "excluded"))
        """)
    }
  }

  /// The columns of a survey's catalogue, in its order.
  ///
  /// Those of catalogues that were ingested later and have other columns stand among them.
  public static func all(of survey: Survey, in database: Connection) throws -> [SurveyColumn] {
    try OwnColumn.all(of: survey, in: database).map(\.described)
  }
}

/// A column of a survey's own catalogue, with its name in the survey's table.
struct OwnColumn {
  /// What it is.
  var described: SurveyColumn

  /// What the table calls it.
  var storedAs: String

  /// The column as the file describes it.
  var column: Column { described.column }
}

extension OwnColumn: QueryRow {
  static let columns = Columns<Self>(
    .group(\.described, SurveyColumn.columns), .column("stored_as", \.storedAs),
    make: OwnColumn.init)

  /// The columns of a survey, in the order of its catalogue.
  static func all(of survey: Survey, in database: Connection) throws -> [OwnColumn] {
    try database.rows(
      """
      SELECT \(columns) FROM reber.survey_column
      WHERE survey_id = \(survey.id)
      ORDER BY ordinal, name
      """, as: OwnColumn.self)
  }

  /// What the survey's table calls the columns of its catalogue, by their names.
  static func storedNames(
    of survey: Survey, in database: Connection
  ) throws -> [String: String] {
    Dictionary(
      try all(of: survey, in: database).map { ($0.column.name, $0.storedAs) },
      uniquingKeysWith: { $1 })
  }
}
