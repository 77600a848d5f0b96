public import Failures
import Foundation

/// A numbered file that brings the schema one step on: `0001_runs.sql`.
///
/// Files are applied once, in order, each in a transaction of its own, and recorded with their
/// digest in `reber.schema_migration`. A file that has been applied must never change.
public struct Migration: Sendable, Equatable {
  /// The number that the file's name begins with.
  public var number: Int32

  /// The file's name without `.sql`.
  public var name: String

  /// The statements.
  var text: String
}

/// What can be wrong with migrations.
public enum MigrationError: Failure, Equatable {
  /// A file that was applied has another content now.
  case edited(String)
  /// The database has a migration that this version of the program does not.
  case unknown(String)
  /// The folder cannot be read, or a file's name has no number.
  case badFolder(String)
  /// The schema cannot be changed while others work with it.
  case inUse
  /// Somebody changes the schema.
  case underWay

  public var exitStatus: ExitStatus {
    [.inUse, .underWay].contains(self) ? .busy : .badInput
  }

  public var description: String {
    switch self {
    case .edited(let name):
      "\(name).sql was changed after it had been applied: restore it, and add a new migration"
    case .unknown(let name):
      "the database has migration '\(name)', which this version lacks: use the newer version"
    case .badFolder(let folder):
      "\(folder): no numbered migrations (NNNN_name.sql) can be read there"
    case .inUse:
      """
      the database has to be brought to this version's schema, but others are at work in it: wait until \
      their stages and pages have ended, then call the same again
      """
    case .underWay:
      "the database is being brought to another schema: wait until that is done"
    }
  }
}

extension Migration {
  /// Applies the files of a folder that the database lacks; gives those.
  ///
  /// While it is at work nobody can ``hold(in:)`` the schema; where somebody does, it waits for some
  /// seconds and gives up.
  ///
  /// - Throws: ``MigrationError``; ``PostgresError`` where a file fails, which then has no effect.
  public static func apply(
    to connection: Connection, folder: String
  ) throws -> [Migration] {
    if try pending(in: connection, folder: folder).isEmpty { return [] }
    let files = try read(folder)
    try lock("pg_advisory_lock", in: connection, otherwise: .inUse)
    // The lock ends with the session in any case.
    defer { try? unlock("pg_advisory_unlock", in: connection) }
    try connection.transaction { try $0.script(ledger) }
    let pending = try lacking(files, in: connection)
    for migration in pending { try connection.transaction(migration.apply) }
    return pending
  }

  /// Keeps the schema as it is for as long as the connection lives; waits for some seconds where it is
  /// being changed.
  ///
  /// - Throws: ``MigrationError/underWay``.
  public static func hold(in connection: Connection) throws {
    try lock("pg_advisory_lock_shared", in: connection, otherwise: .underWay)
  }

  /// Lets go of the schema, before the connection ends.
  public static func letGo(in connection: Connection) throws {
    try unlock("pg_advisory_unlock_shared", in: connection)
  }

  private static func unlock(_ function: String, in connection: Connection) throws {
    try connection.script("SELECT \(function)(hashtext('reber.schema_migration'))")
  }

  /// Takes a lock of the session by the function of that name.
  private static func lock(
    _ function: String, in connection: Connection, otherwise error: MigrationError
  ) throws {
    do {
      try connection.transaction { connection in
        try connection.script("SET LOCAL lock_timeout = '5s'")
        try connection.script("SELECT \(function)(hashtext('reber.schema_migration'))")
      }
    } catch let refused as PostgresError where refused.state == .lockNotAvailable { throw error }
  }

  /// The table of what was applied.
  private static let ledger = """
    CREATE SCHEMA IF NOT EXISTS reber;
    CREATE TABLE IF NOT EXISTS reber.schema_migration (
        number     integer     PRIMARY KEY,
        name       text        NOT NULL,
        sha256     text        NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
    );
    """

  private func apply(in connection: Connection) throws {
    try connection.script(text)
    try connection.execute(
      """
      INSERT INTO reber.schema_migration (number, name, sha256)
      VALUES (\(number), \(name), encode(sha256(convert_to(\(text), 'UTF8')), 'hex'))
      """)
  }

  /// The files of a folder that the database lacks.
  ///
  /// - Throws: ``MigrationError``, also for a database that is newer than the folder.
  public static func pending(
    in connection: Connection, folder: String
  ) throws -> [Migration] {
    let isThere = try connection.row(
      "SELECT to_regclass('reber.schema_migration') IS NOT NULL", as: Bool.self)
    let files = try read(folder)
    return isThere ? try lacking(files, in: connection) : files
  }

  /// Sees whether this version knows the migrations of a database by their names.
  ///
  /// - Throws: ``MigrationError/unknown(_:)`` for one that it does not know.
  public static func check(names: [String], folder: String) throws {
    let known = Set(try read(folder).map(\.name))
    if let unknown = names.first(where: { !known.contains($0) }) {
      throw MigrationError.unknown(unknown)
    }
  }

  private static func lacking(
    _ files: [Migration], in connection: Connection
  ) throws -> [Migration] {
    let applied = try connection.rows(
      "SELECT number, name, sha256 FROM reber.schema_migration ORDER BY number",
      as: Int32.self, String.self, String.self)
    for (number, name, sha256) in applied {
      guard let file = files.first(where: { $0.number == number }) else {
        throw MigrationError.unknown(name)
      }
      let digest = try connection.row(
        "SELECT encode(sha256(convert_to(\(file.text), 'UTF8')), 'hex')", as: String.self)
      guard digest == sha256 else { throw MigrationError.edited(file.name) }
    }
    return files.filter { file in !applied.contains { $0.0 == file.number } }
  }

  private static func read(_ folder: String) throws -> [Migration] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    let files = try names.filter { $0.hasSuffix(".sql") }.sorted().map { file in
      guard let number = Int32(file.prefix(4)) else { throw MigrationError.badFolder(folder) }
      let text = try String(contentsOfFile: folder + "/" + file, encoding: .utf8)
      return Migration(number: number, name: String(file.dropLast(4)), text: text)
    }
    guard !files.isEmpty else { throw MigrationError.badFolder(folder) }
    return files
  }
}
