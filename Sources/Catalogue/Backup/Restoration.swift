public import PostgreSQL

/// A dump on its way into a database.
///
/// While it is, the database has a schema `reber_restoring`: one that was stopped is begun anew, and
/// nothing else works with the database meanwhile.
public struct Restoration: Sendable {
  /// What is restored.
  public let dump: Dump

  /// The database that it goes into.
  public let address: String

  /// Describes a restoration.
  public init(of dump: Dump, into address: String) {
    self.dump = dump
    self.address = address
  }

  private static let marker = "reber_restoring"
}

extension Restoration {
  /// Restores the dump, and holds every table against what it was.
  ///
  /// - Parameters:
  ///   - database: A connection to the database, which may hold other things but nothing of Reber's, save
  ///     an empty schema.
  ///   - migrations: The folder of this version's migrations.
  ///   - notes: Called with what a person should know.
  ///   - progress: Called with the number of tables that are checked, and of all.
  /// - Returns: What the dump holds.
  /// - Throws: ``BackupError``; `PrivateServerError` with what `pg_restore` said; `MigrationError` for a
  ///   dump of a newer version.
  public func perform(
    in database: Connection, migrations: String, notes: (String) -> Void,
    progress: (_ done: Int, _ total: Int) -> Void
  ) throws -> Dump.Contents {
    let contents = try dump.checked()
    try Migration.check(names: contents.migrations, folder: migrations)
    try clear(database)
    let missing = try addExtensions(of: contents, in: database)
    for name in missing {
      notes("this server has no extension \(name): indexes that need it are left out")
    }
    try dump.archive.restore(
      into: address, without: Set(missing.flatMap { contents.extensions[$0] ?? [] }),
      serverVersion: try database.serverVersion(), jobs: Dump.jobs)
    let found = try TableDigest.all(in: database, progress: progress)
    let differing = Set(contents.tables.map(\.table)).union(found.map(\.table)).filter { table in
      contents.tables.first { $0.table == table } != found.first { $0.table == table }
    }
    guard differing.isEmpty else { throw BackupError.differing(tables: differing.sorted()) }
    try database.script("DROP SCHEMA \(Self.marker); ANALYZE")
    return contents
  }

  /// Makes room, where nothing is lost by it, and marks the database.
  private func clear(_ database: Connection) throws {
    let isLeft = try Self.isUnfinished(in: database)
    guard try isLeft || Self.isEmpty(database) else { throw BackupError.notEmpty }
    try database.script("CREATE SCHEMA IF NOT EXISTS \(Self.marker)")
    for schema in TableDigest.schemas.reversed() {
      try database.script("DROP SCHEMA IF EXISTS \(schema) CASCADE")
    }
  }

  /// Whether there is nothing of Reber's but, it may be, tables that hold nothing.
  private static func isEmpty(_ database: Connection) throws -> Bool {
    let schemas = try database.rows(
      "SELECT nspname::text FROM pg_namespace WHERE nspname = ANY (\(TableDigest.schemas))",
      as: String.self)
    if schemas.isEmpty { return true }
    let isReber = try database.row("SELECT to_regclass('reber.survey') IS NOT NULL", as: Bool.self)
    guard isReber else { return false }
    return try database.row(
      """
      SELECT NOT EXISTS (SELECT FROM reber.run) AND NOT EXISTS (SELECT FROM reber.survey)
          AND NOT EXISTS (
              SELECT FROM pg_class
              WHERE relnamespace IN (to_regnamespace('catalogue'), to_regnamespace('survey'))
          )
      """, as: Bool.self)
  }

  /// Makes the extensions that indexes need; gives those that the server does not have.
  private func addExtensions(
    of contents: Dump.Contents, in database: Connection
  ) throws -> [String] {
    try contents.extensions.keys.sorted().filter { name in
      do {
        try database.execute(
          "CREATE EXTENSION IF NOT EXISTS \(identifier: name) SCHEMA public")
        return false
      } catch let error as PostgresError where !error.isConnectionFailure {
        return true
      }
    }
  }

  /// Whether a restoration of the database was begun and not finished.
  public static func isUnfinished(in database: Connection) throws -> Bool {
    try database.row("SELECT to_regnamespace(\(marker)) IS NOT NULL", as: Bool.self)
  }
}
