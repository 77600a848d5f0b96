import PostgreSQL

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
  /// Builds the table under another name, with its indexes, and checks it.
  ///
  /// - Throws: `CatalogueError.incomplete` where it has fewer or more rows than the classification.
  func build(_ columns: [PublishedColumn], in database: Connection) throws -> BuiltCatalogue {
    let predictions = try database.row(
      """
      SELECT count(*) FROM reber.prediction
      JOIN reber.source USING (survey_id, source_id)
      WHERE prediction.run_id = \(classification) AND survey_id = \(survey.id) AND source.is_listed
      """, as: Int.self)
    let rows = try fill(columns, in: database)
    guard rows == predictions else {
      throw CatalogueError.incomplete(catalogue: name, rows: rows, of: predictions)
    }
    try index(in: database)
    try database.execute("ANALYZE \(raw: draft)")
    // Of fluxes the few brightest are asked for most: of these alone as many rows are looked at.
    try database.execute("ALTER TABLE \(raw: draft) ALTER total_flux SET STATISTICS 1000")
    try database.execute("ANALYZE \(raw: draft) (total_flux)")
    let described = PublishedCatalogue(
      name: name, run: run, classification: classification, survey: survey.name, rows: rows,
      simulated: survey.simulated, columns: try described(columns, in: database))
    // The rows lie in order: workers would only hand them to and fro.
    try database.script("SET LOCAL max_parallel_workers_per_gather = 0")
    let digest = try PublishedCatalogue.digest(of: draft, in: database)
    guard digest.rows == rows else {
      throw CatalogueError.incomplete(catalogue: name, rows: digest.rows, of: rows)
    }
    return BuiltCatalogue(publication: self, described: described, sha256: digest.sha256)
  }

  /// Makes the rows; gives their number.
  ///
  /// They lie in the order in which they are digested.
  private func fill(_ columns: [PublishedColumn], in database: Connection) throws -> Int {
    let scheme = String(try model.classes(in: database).scheme.id)
    let own: SQL =
      self.columns.isEmpty
      ? ""
      : "LEFT JOIN survey.\(identifier: survey.name) AS own ON own.source_id = prediction.source_id"
    let list = columns.map { "\($0.source) AS \(identifier: $0.name)" as SQL }
    // Every row is wanted: going for them one by one in four indexes takes half as long again.
    try database.script("SET LOCAL enable_nestloop = off; SET LOCAL work_mem = '256MB'")
    return try database.execute(
      """
      CREATE TABLE \(raw: draft) AS
      SELECT \(list.joined(separator: ", "))
      FROM reber.prediction
      JOIN reber.source USING (survey_id, source_id)
      JOIN reber.cutout USING (survey_id, cutout_id)
      JOIN reber.class ON class.class_scheme_id = \(raw: scheme)
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

  /// The indexes that every catalogue has, and those that people made on the one before.
  private func index(in database: Connection) throws {
    try database.execute("ALTER TABLE \(raw: draft) ADD PRIMARY KEY (name)")
    for columns in [
      "class, probability DESC", "probability DESC", "total_flux", "unlikeness DESC", "dec, ra",
      "floor(dec), ra",
    ] {
      try database.execute("CREATE INDEX ON \(raw: draft) (\(raw: columns))")
    }
    let hasQ3C = try database.row(
      "SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'q3c')", as: Bool.self)
    if hasQ3C {
      try database.execute("CREATE INDEX ON \(raw: draft) (q3c_ang2ipix(ra, dec))")
    }
    guard try stands(in: database) else { return }
    let missing = try database.rows(
      "SELECT reber.missing_indexes(\(draft)::text::regclass, \(table)::text::regclass)",
      as: String.self)
    try database.withOwnRights { for statement in missing { try database.script(statement) } }
  }

  /// The columns with the types that the table has them in.
  private func described(
    _ columns: [PublishedColumn], in database: Connection
  ) throws -> [PublishedCatalogue.Column] {
    let types = try database.columnTypes(of: draft)
    return columns.map {
      PublishedCatalogue.Column(
        name: $0.name, type: types[$0.name] ?? "", unit: $0.unit, ucd: $0.ucd,
        description: $0.description)
    }
  }
}
