public import PostgreSQL

/// Something that was taken back or renamed, a row of `reber.correction`.
///
/// It can only be added to: what was there stands in its detail, labels of people in
/// `reber.label_taken_back`.
public struct Correction: Sendable, Codable {
  /// The key in `reber.correction`.
  public var id: Int

  /// What was done.
  public var kind: Kind

  /// The survey, or the run and its stage.
  public var subject: String

  /// The survey of the runs that went, as they were asked for it; nil where they were of several or none.
  public var survey: String?

  /// What it was before, or the runs that went, as a person reads it.
  public var what: String?

  /// Why, as the person said it.
  public var reason: String?

  /// The account on the machine, and the role that signed in at the server.
  public var account: String

  /// The role that signed in at the server.
  public var login: String

  /// When, ISO 8601.
  public var madeAt: String

  /// The rows that went, by table.
  public var rows: JSON

  /// How many these are.
  public var total: Int

  /// What can be done.
  public enum Kind: String, Sendable, Codable, PostgresColumn {
    /// Runs were taken back.
    case undo
    /// A survey was removed.
    case remove
    /// A survey got another name.
    case rename
    /// A class got another name.
    case renameClass = "rename class"
    /// The labels of classes were given to another.
    case mergeClasses = "merge classes"
  }
}

extension Correction: QueryRow {
  public static let columns = Columns<Self>(
    .column("correction_id", \.id), .column("kind", \.kind), .column("subject", \.subject),
    .expression(
      """
      (
          SELECT CASE WHEN count(DISTINCT run #>> '{parameters,survey}') = 1
              THEN max(run #>> '{parameters,survey}') END
          FROM jsonb_array_elements(detail -> 'runs') AS run
      )
      """, as: "survey", \.survey),
    .expression(
      """
      coalesce(
          'was ' || (detail ->> 'former_name'),
          'were ' || (
              SELECT string_agg(name, ', ') FROM jsonb_array_elements_text(detail -> 'merged') AS name
          ), (
              SELECT string_agg(concat('run ', run ->> 'run_id', ' (', run ->> 'stage', ')'), ', ')
              FROM jsonb_array_elements(detail -> 'runs') AS run
          ))
      """, as: "what", \.what),
    .column("reason", \.reason), .column("account", \.account), .column("login", \.login),
    .expression(utc("made_at"), as: "made_at", \.madeAt),
    .expression(
      """
      coalesce((
          SELECT jsonb_object_agg(of_table, rows) FROM reber.correction_row
          WHERE correction_row.correction_id = correction.correction_id
      ), '{}')
      """, as: "rows", \.rows),
    .expression(
      """
      (
          SELECT coalesce(sum(rows), 0)::bigint FROM reber.correction_row
          WHERE correction_row.correction_id = correction.correction_id
      )
      """, as: "total", \.total), make: Correction.init)
}

extension Correction {
  /// The newest corrections, newest first.
  public static func newest(_ count: Int, in database: Connection) throws -> [Correction] {
    try database.rows(
      "SELECT \(columns) FROM reber.correction ORDER BY correction_id DESC LIMIT \(count)",
      as: Correction.self)
  }

  /// Writes what is about to be done; gives its key.
  ///
  /// From here on the transaction may delete what is kept.
  static func write(
    _ kind: Kind, _ subject: String, detail: JSON, because reason: String?, by user: Operator,
    in database: Connection
  ) throws -> Int {
    try database.row(
      """
      INSERT INTO reber.correction
          (kind, subject, reason, detail, code_version, host, account)
      VALUES (
          \(kind), \(subject), \(reason), \(detail), \(user.codeVersion), \(user.host),
          \(user.account)
      )
      RETURNING correction_id
      """, as: Int.self)
  }

  /// Refuses who does not own the tables.
  ///
  /// - Throws: `CatalogueError.notOwner`.
  static func checkOwner(in database: Connection) throws {
    let owns = try database.row(
      """
      SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = 'reber.correction'::regclass
      """, as: Bool.self)
    if !owns { throw CatalogueError.notOwner }
  }
}

extension Survey {
  /// Gives the survey another name; its own table in schema `survey` gets it too.
  ///
  /// Published catalogues keep their names, and runs the name that they were asked for.
  ///
  /// - Throws: `CatalogueError.badName`; `CatalogueError.taken` where another survey or a table has the
  ///   name; `CatalogueError.notOwner`.
  public func rename(
    to name: String, because reason: String? = nil, by user: Operator, in database: Connection
  ) throws {
    try Self.check(name: name)
    try Correction.checkOwner(in: database)
    try database.transaction { database in
      let tables = try ownTables(in: database)
      let renamed = tables.map { (from: $0, to: name + $0.dropFirst(self.name.count)) }
      let taken = try database.row(
        """
        SELECT EXISTS (SELECT FROM reber.survey WHERE name = \(name)) OR EXISTS (
            SELECT FROM pg_class
            WHERE relnamespace = 'survey'::regnamespace AND relname = ANY (\(renamed.map(\.to)))
        )
        """, as: Bool.self)
      if taken { throw CatalogueError.taken(name) }
      _ = try Correction.write(
        .rename, name, detail: JSON(encoding: ["former_name": self.name]), because: reason,
        by: user, in: database)
      try database.execute("UPDATE reber.survey SET name = \(name) WHERE survey_id = \(id)")
      for table in renamed {
        try database.execute(
          "ALTER TABLE survey.\(identifier: table.from) RENAME TO \(identifier: table.to)")
      }
      try database.execute("SELECT reber.make_everything()")
    }
  }

  /// The tables of its own catalogue in schema `survey` that stand.
  func ownTables(in database: Connection) throws -> [String] {
    try database.rows(
      """
      SELECT relname::text FROM pg_class
      WHERE relnamespace = 'survey'::regnamespace AND relkind = 'r' AND (
          relname = \(name) OR relname IN (
              SELECT \(name) || '_' || former.name FROM reber.release
              JOIN reber.release AS former ON former.release_id = release.follows
              WHERE release.survey_id = \(id)
          )
      )
      ORDER BY relname
      """, as: String.self)
  }
}
