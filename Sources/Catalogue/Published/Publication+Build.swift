import Digest
public import PostgreSQL

/// A catalogue that is built but does not have its name yet.
public struct BuiltCatalogue: Sendable {
  /// What publishes it.
  let publication: Publication

  /// What it is, with the types of its columns.
  var described: PublishedCatalogue

  /// SHA-256 of its rows.
  var sha256: String
}

extension Publication {
  /// Ends the table whose pieces are all done: it has yet to get its name.
  ///
  /// - Throws: `CatalogueError.incomplete` where rows are lacking; `CatalogueError.missing` where what its columns are
  ///   called has changed since it was filled.
  public func finish(in database: Connection) throws -> BuiltCatalogue {
    let columns = try PublishedColumn.all(of: self, in: database)
    return try database.transaction { database in
      try addIndexes(in: database)
      let digest = try digest(in: database)
      let described = PublishedCatalogue(
        name: name, run: run, classification: classification, survey: survey.name,
        rows: digest.rows, simulated: survey.simulated,
        columns: try described(columns, in: database))
      return BuiltCatalogue(
        publication: self, described: described, sha256: digest.sha256.hex)
    }
  }

  /// Makes the rows, with their key; gives their number, which has to be that of the classification.
  func fill(_ columns: [PublishedColumn], in database: Connection) throws -> Int {
    let predictions = try database.row(
      """
      SELECT count(*) - (
          SELECT count(*) FROM reber.prediction
          JOIN reber.source USING (survey_id, source_id)
          WHERE prediction.run_id = \(classification) AND survey_id = \(survey.id) AND NOT is_listed
      )
      FROM reber.prediction
      WHERE run_id = \(classification) AND survey_id = \(survey.id)
      """, as: Int.self)
    let rows = try makeRows(columns, in: database)
    guard rows == predictions else {
      throw CatalogueError.incomplete(catalogue: name, rows: rows, of: predictions)
    }
    try database.execute("ALTER TABLE \(raw: draft) ADD PRIMARY KEY (name)")
    return rows
  }

  /// Makes the rows; gives their number.
  ///
  /// They lie in the order in which they are digested.
  private func makeRows(_ columns: [PublishedColumn], in database: Connection) throws -> Int {
    let scheme = String(try model.classes(in: database).scheme.id)
    let own: SQL =
      self.columns.isEmpty
      ? ""
      : "LEFT JOIN survey.\(identifier: survey.name) AS own ON own.source_id = prediction.source_id"
    let list = columns.map { "\($0.source) AS \(identifier: $0.name)" as SQL }
    // Every row is wanted: going for them one by one in four indexes takes half as long again. Every prediction has
    // a class; joined so, the planner knows that none is left out.
    try database.script("SET LOCAL enable_nestloop = off; SET LOCAL work_mem = '256MB'")
    return try database.execute(
      """
      CREATE TABLE \(raw: draft) AS
      SELECT \(list.joined(separator: ", "))
      FROM reber.prediction
      JOIN reber.source USING (survey_id, source_id)
      JOIN reber.cutout USING (survey_id, cutout_id)
      LEFT JOIN reber.class ON class.class_scheme_id = \(raw: scheme)
          AND class.class_id = prediction.class_id
      LEFT JOIN (
          SELECT survey_id, source_id, string_agg(class.name, ';' ORDER BY class_id) AS name
          FROM reber.consensus
          JOIN reber.class USING (class_scheme_id, class_id)
          WHERE class_scheme_id = \(raw: scheme) AND survey_id = \(raw: String(survey.id))
          GROUP BY survey_id, source_id
      ) AS labelled ON labelled.survey_id = prediction.survey_id
          AND labelled.source_id = prediction.source_id
      \(own)
      WHERE prediction.run_id = \(raw: String(classification))
          AND prediction.survey_id = \(raw: String(survey.id)) AND source.is_listed
      ORDER BY source.name COLLATE "C"
      """)
  }

  /// The columns with the types that the table has them in.
  private func described(
    _ columns: [PublishedColumn], in database: Connection
  ) throws -> [PublishedCatalogue.Column] {
    let types = try database.columnTypes(of: draft)
    return try columns.map { column in
      guard let type = types[column.name] else {
        throw CatalogueError.missing(
          "column '\(column.name)' in the table that was filled",
          hint: "a class or a column got another name meanwhile; publish again")
      }
      return PublishedCatalogue.Column(
        name: column.name, type: type, unit: column.unit, ucd: column.ucd,
        description: column.description)
    }
  }
}
