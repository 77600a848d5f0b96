public import PostgreSQL

extension PublishedCatalogue {
  /// The published catalogues, by name.
  public static func all(in database: Connection) throws -> [PublishedCatalogue] {
    try select("ORDER BY catalogue.name", in: database)
  }

  /// The published catalogue of that name.
  ///
  /// - Throws: `CatalogueError.missing`, which lists the catalogues there are.
  public static func named(
    _ name: String, in database: Connection
  ) throws -> PublishedCatalogue {
    guard let found = try select("WHERE catalogue.name = \(name)", in: database).first else {
      let known = try all(in: database).map(\.name).joined(separator: ", ")
      throw CatalogueError.missing(
        "catalogue '\(name)'",
        hint: known.isEmpty ? "publish one with 'reber publish'" : "published are \(known)")
    }
    return found
  }

  /// The published catalogue of that name, which until the transaction ends nobody replaces.
  ///
  /// - Throws: `CatalogueError.missing`, which lists the catalogues there are.
  public static func held(
    _ name: String, in database: Connection
  ) throws -> PublishedCatalogue {
    _ = try named(name, in: database)
    try database.execute("LOCK TABLE catalogue.\(identifier: name) IN ACCESS SHARE MODE")
    return try named(name, in: database)
  }

  /// Calls `body` with the catalogues of those names, in a transaction that sees the database as it is at one
  /// moment and in which nobody replaces the catalogues.
  ///
  /// - Throws: `CatalogueError.missing`, which lists the catalogues there are; whatever `body` throws.
  public static func inOneView<Result>(
    _ names: [String], in database: Connection,
    _ body: ([PublishedCatalogue], Connection) throws -> Result
  ) throws -> Result {
    for name in names { _ = try named(name, in: database) }
    return try database.transaction { database in
      try database.script("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
      // Before the first query, which decides what is seen.
      for name in names {
        try database.execute("LOCK TABLE catalogue.\(identifier: name) IN ACCESS SHARE MODE")
      }
      return try body(try names.map { try named($0, in: database) }, database)
    }
  }

  /// Whether what a run published is what the name stands for now.
  public static func stands(
    _ name: String, of run: Int, in database: Connection
  ) throws -> Bool {
    try database.row(
      """
      SELECT EXISTS (
          SELECT FROM reber.catalogue
          WHERE name = \(name) AND run_id = \(run)
              AND to_regclass(format('catalogue.%I', name)) IS NOT NULL
      )
      """, as: Bool.self)
  }

  private static func select(
    _ clause: SQL, in database: Connection
  ) throws -> [PublishedCatalogue] {
    let found = try database.rows(
      """
      SELECT \(columns)
      FROM reber.catalogue
      JOIN reber.survey USING (survey_id)
      \(clause)
      """, as: PublishedCatalogue.self)
    return try found.map { catalogue in
      var whole = catalogue
      whole.columns = try tableColumns(of: catalogue.name, in: database)
      return whole
    }
  }

  private static func tableColumns(of name: String, in database: Connection) throws -> [Column] {
    try database.rows(
      """
      SELECT \(Column.columns)
      FROM reber.catalogue_column AS described
      JOIN pg_attribute AS attribute
          ON attribute.attrelid = to_regclass(format('catalogue.%I', catalogue))
          AND attribute.attname = described.name
      WHERE catalogue = \(name)
      ORDER BY ordinal
      """, as: Column.self)
  }
}

extension PublishedCatalogue: QueryRow {
  /// The columns of `reber.catalogue` and its survey; those of the published table are read apart.
  public static let columns = Columns<Self>(
    .column("catalogue.name", \.name), .column("catalogue.run_id", \.run),
    .column("classification_run_id", \.classification), .column("survey.name", \.survey),
    .column("rows", \.rows), .column("simulated", \.simulated)
  ) { name, run, classification, survey, rows, simulated in
    PublishedCatalogue(
      name: name, run: run, classification: classification, survey: survey, rows: rows,
      simulated: simulated, columns: [])
  }
}

extension PublishedCatalogue.Column: QueryRow {
  public static let columns = Columns<Self>(
    .column("described.name", \.name),
    .expression(
      "format_type(attribute.atttypid, attribute.atttypmod)", as: "type", \.type),
    .column("unit", \.unit), .column("ucd", \.ucd), .column("description", \.description),
    make: PublishedCatalogue.Column.init)
}
