public import PostgreSQL

extension PublishedCatalogue {
  /// Makes the table of a classification in schema `catalogue`, in place of one published before
  /// under the name, in one transaction.
  ///
  /// - Throws: `CatalogueError.badName`, or `CatalogueError.missing` where a table of the name
  ///   stands there that Reber did not publish.
  public static func publish(
    as name: String, _ survey: Survey, classification: Int, model: Model, run: Int,
    in database: Connection
  ) throws -> PublishedCatalogue {
    guard name.wholeMatch(of: /[a-z][a-z0-9_]{0,58}/) != nil else {
      throw CatalogueError.badName(name)
    }
    let (scheme, classes) = try model.classes(in: database)
    let columns = Draft.columns(for: classes)
    return try database.transaction { database in
      try replace(name, in: database)
      let table: SQL = "catalogue.\(identifier: name)"
      try database.execute(
        """
        CREATE TABLE \(table) AS
        SELECT \(columns.map(\.expression).joined(separator: ", "))
        FROM reber.prediction
        JOIN reber.source USING (survey_id, source_id)
        JOIN reber.cutout USING (survey_id, cutout_id)
        JOIN reber.class ON class.class_scheme_id = prediction.class_scheme_id
            AND class.class_id = prediction.class_id
        LEFT JOIN reber.consensus ON consensus.survey_id = prediction.survey_id
            AND consensus.source_id = prediction.source_id
            AND consensus.class_scheme_id = \(raw: String(scheme.id))
        LEFT JOIN reber.class AS labelled ON labelled.class_scheme_id = consensus.class_scheme_id
            AND labelled.class_id = consensus.class_id
        WHERE prediction.run_id = \(raw: String(classification))
            AND prediction.survey_id = \(raw: String(survey.id))
        ORDER BY prediction.source_id
        """)
      try index(table, in: database)
      try record(name, survey, classification: classification, run: run, in: database)
      try describe(name, columns, survey, classification: classification, in: database)
      return try named(name, in: database)
    }
  }

  private static func replace(_ name: String, in database: Connection) throws {
    let ours = try database.row(
      "SELECT EXISTS (SELECT FROM reber.catalogue WHERE name = \(name))", as: Bool.self)
    let stands = try database.row(
      "SELECT to_regclass(format('catalogue.%I', \(name)::text)) IS NOT NULL", as: Bool.self)
    guard ours || !stands else {
      throw CatalogueError.missing(
        "room for catalogue.\(name)",
        hint: "a table of that name stands there that Reber did not publish; choose another --name")
    }
    try database.execute("DROP TABLE IF EXISTS catalogue.\(identifier: name)")
    try database.execute("DELETE FROM reber.catalogue WHERE name = \(name)")
  }

  private static func index(_ table: SQL, in database: Connection) throws {
    try database.execute("ALTER TABLE \(table) ADD PRIMARY KEY (name)")
    try database.execute("CREATE INDEX ON \(table) (class, probability DESC)")
    try database.execute("CREATE INDEX ON \(table) (unlikeness DESC)")
    try database.execute("CREATE INDEX ON \(table) (dec, ra)")
    let hasQ3C = try database.row(
      "SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'q3c')", as: Bool.self)
    if hasQ3C {
      try database.execute("CREATE INDEX ON \(table) (q3c_ang2ipix(ra, dec))")
    }
    try database.execute("ANALYZE \(table)")
  }

  private static func record(
    _ name: String, _ survey: Survey, classification: Int, run: Int, in database: Connection
  ) throws {
    try database.execute(
      """
      INSERT INTO reber.catalogue
          (name, run_id, classification_run_id, survey_id, rows, sha256)
      SELECT \(name), \(run), \(classification), \(survey.id), count(*),
          encode(
              sha256(coalesce(
                  string_agg(sha256(convert_to(entry::text, 'UTF8')), '' ORDER BY entry.name), ''
              )),
              'hex'
          )
      FROM catalogue.\(identifier: name) AS entry
      """)
  }

  private static func describe(
    _ name: String, _ columns: [Draft], _ survey: Survey, classification: Int,
    in database: Connection
  ) throws {
    let kind = survey.simulated ? "SIMULATED sources" : "Sources"
    try comment(
      "ON TABLE catalogue.\(identifier: name)",
      "\(kind) of survey \(survey.name) with class probabilities of run \(classification).",
      in: database)
    for (ordinal, column) in columns.enumerated() {
      try database.execute(
        """
        INSERT INTO reber.catalogue_column (catalogue, name, ordinal, unit, ucd, description)
        VALUES (
            \(name), \(column.name), \(ordinal), \(column.unit), \(column.ucd),
            \(column.description)
        )
        """)
      let unit = column.unit.map { " [\($0)]" } ?? ""
      try comment(
        "ON COLUMN catalogue.\(identifier: name).\(identifier: column.name)",
        "\(column.description)\(unit) (UCD \(column.ucd))", in: database)
    }
  }

  private static func comment(
    _ place: SQL, _ text: String, in database: Connection
  ) throws {
    let literal = try database.row("SELECT quote_literal(\(text))", as: String.self)
    try database.execute("COMMENT \(place) IS \(raw: literal)")
  }
}

/// A column of a catalogue that is about to be published.
private struct Draft {
  var name: String
  var source: SQL
  var unit: String?
  var ucd: String
  var description: String

  init(
    _ name: String, _ source: SQL, unit: String? = nil, ucd: String, _ description: String
  ) {
    self.name = name
    self.source = source
    self.unit = unit
    self.ucd = ucd
    self.description = description
  }

  var expression: SQL { "\(source) AS \(identifier: name)" }

  static func columns(for classes: [ModelClass]) -> [Draft] {
    identity + verdict
      + classes.enumerated().map { ordinal, item in
        Draft(
          "p_" + columnName(item.name), "prediction.probabilities[\(raw: String(ordinal + 1))]",
          ucd: "stat.probability;src.class", "Probability of class '\(item.name)'")
      } + quality
  }

  private static let identity = [
    Draft("name", "source.name", ucd: "meta.id;meta.main", "Identifier within the survey"),
    Draft("designation", "source.designation", ucd: "meta.id", "IAU-style designation"),
    Draft("ra", "source.ra", unit: "deg", ucd: "pos.eq.ra;meta.main", "Right ascension, ICRS"),
    Draft("dec", "source.dec", unit: "deg", ucd: "pos.eq.dec;meta.main", "Declination, ICRS"),
    Draft(
      "total_flux", "source.total_flux", unit: "Jy", ucd: "phot.flux.density;em.radio",
      "Integrated flux density"),
    Draft(
      "peak_flux", "source.peak_flux", unit: "Jy/beam",
      ucd: "phot.flux.density;em.radio;stat.max", "Peak brightness"),
    Draft(
      "rms", "source.rms", unit: "Jy/beam", ucd: "stat.error;phot.flux.density;em.radio",
      "Local noise"),
    Draft(
      "major_axis", "source.major_axis", unit: "arcsec", ucd: "phys.angSize.smajAxis",
      "Largest angular size or fitted major axis"),
  ]

  private static let verdict = [
    Draft("class", "class.name", ucd: "src.class", "The most probable class"),
    Draft(
      "probability", "prediction.probability", ucd: "stat.probability;src.class",
      "Probability of the most probable class"),
    Draft(
      "unlikeness", "prediction.unlikeness", ucd: "stat.fit.goodness;src.class",
      "Part of the held-out labelled sources that are less unlike what was labelled; near 1 is unlike "
        + "anything labelled"),
    Draft("label", "labelled.name", ucd: "src.class", "What people said the source is"),
  ]

  private static let quality = [
    Draft(
      "at_edge", "cutout.at_edge", ucd: "meta.code.qual", "The image reaches beyond the survey's"),
    Draft(
      "non_finite", "cutout.non_finite", ucd: "stat.value;arith.ratio",
      "Share of the image's pixels without a value"),
    Draft(
      "classification_run", "prediction.run_id", ucd: "meta.id", "Row of reber.run that classified"),
  ]

  /// As `reber.column_name` in SQL.
  private static func columnName(_ className: String) -> String {
    className.lowercased().split { !($0.isASCII && ($0.isLetter || $0.isNumber)) }
      .joined(separator: "_")
  }
}

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
