import Digest
import Files
import Foundation
public import PostgreSQL

/// All that Reber keeps of a database, in a folder: an archive of `pg_dump`, and beside it a file that says
/// what must be in it.
public struct Dump: Sendable {
  /// The folder.
  public let folder: String

  /// Names a folder.
  public init(folder: String) { self.folder = folder }

  /// What a dump holds.
  public struct Contents: Sendable, Codable {
    /// The form of this file.
    public var form = 1
    /// When the database was seen so, ISO 8601.
    public var seenAt: String
    /// The version of the code that dumped it.
    public var codeVersion: String
    /// The server's version.
    public var server: String
    /// The migrations of the schema.
    public var migrations: [String]
    /// Extensions of the server that indexes need, and the indexes, as `schema name`.
    public var extensions: [String: [String]]
    /// What each table holds.
    public var tables: [TableDigest]
    /// The files of the archive.
    public var files: [File]

    /// A file of the archive.
    public struct File: Sendable, Codable, Equatable {
      /// Its name.
      public var name: String
      /// Its length.
      public var bytes: Int
      /// Its digest.
      public var sha256: String
    }

    /// Rows of all tables.
    public var rows: Int { tables.reduce(0) { $0 + $1.rows } }

    /// Bytes of all files.
    public var bytes: Int { files.reduce(0) { $0 + $1.bytes } }
  }

  var archive: Archive { Archive(folder: folder + "/archive") }

  private var contentsFile: String { folder + "/contents.json" }

  /// Tables read or written at once.
  static let jobs = min(4, ProcessInfo.processInfo.activeProcessorCount)
}

extension Dump {
  /// Writes the folder, which must not be there: whole, or not at all.
  ///
  /// The database is seen as it is in one moment, and goes on meanwhile.
  ///
  /// - Parameters:
  ///   - address: The database.
  ///   - database: A connection to it.
  ///   - codeVersion: The version of the code that runs.
  ///   - progress: Called with the number of tables that are done, and of all.
  /// - Returns: What the dump holds.
  /// - Throws: ``BackupError/exists(_:)``; `PrivateServerError` with what `pg_dump` said.
  public func write(
    of address: String, in database: Connection, codeVersion: String,
    progress: (_ done: Int, _ total: Int) -> Void
  ) throws -> Contents {
    let files = FileManager.default
    guard !files.fileExists(atPath: folder) else { throw BackupError.exists(folder) }
    let draft = Dump(folder: TemporaryPath.make(for: folder))
    try files.createDirectory(atPath: draft.folder, withIntermediateDirectories: true)
    defer { try? files.removeItem(atPath: draft.folder) }
    var contents = try database.transaction { database in
      try database.script("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
      let snapshot = try database.row("SELECT pg_export_snapshot()", as: String.self)
      var contents = try Self.describe(database, codeVersion: codeVersion)
      contents.tables = try draft.archive.write(
        schemas: TableDigest.schemas,
        without: TableDigest.drafts.map { "catalogue.\($0)*" }
          + Source.tablesBeingLoaded(in: database), of: address, seenBy: snapshot,
        serverVersion: try database.serverVersion(), jobs: Self.jobs
      ) { try TableDigest.all(in: database, progress: progress) }
      return contents
    }
    contents.files = try draft.digestFiles()
    try PartialFile.write(try Self.encoder.encode(contents), to: draft.contentsFile)
    try files.moveItem(atPath: draft.folder, toPath: folder)
    return contents
  }

  private static var encoder: JSONEncoder {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    return encoder
  }

  private static func describe(_ database: Connection, codeVersion: String) throws -> Contents {
    let (now, server, migrations) = try database.row(
      """
      SELECT \(raw: utc("now()")), current_setting('server_version'),
          array(SELECT name FROM reber.schema_migration ORDER BY number)
      """, as: String.self, String.self, [String].self)
    let indexes = try database.table(
      """
      SELECT extname::text, array_agg(DISTINCT format('%s %s', nspname, relname))
      FROM pg_index
      JOIN pg_class ON pg_class.oid = indexrelid
      JOIN pg_namespace ON pg_namespace.oid = relnamespace
      JOIN pg_depend AS needed ON needed.classid = 'pg_class'::regclass AND needed.objid = indexrelid
      JOIN pg_depend AS member ON member.classid = needed.refclassid
          AND member.objid = needed.refobjid AND member.deptype = 'e'
      JOIN pg_extension ON pg_extension.oid = member.refobjid
      WHERE nspname = ANY (\(TableDigest.schemas))
      GROUP BY extname
      """, by: String.self, [String].self)
    return Contents(
      seenAt: now, codeVersion: codeVersion, server: server, migrations: migrations,
      extensions: indexes, tables: [], files: [])
  }

  /// The archive's files with their digests.
  private func digestFiles() throws -> [Contents.File] {
    try FileManager.default.contentsOfDirectory(atPath: archive.folder).sorted().map { name in
      let path = archive.folder + "/" + name
      let bytes = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
      return Contents.File(name: name, bytes: bytes ?? 0, sha256: try SHA256.hash(file: path).hex)
    }
  }

  /// What the folder holds, when each of its files is found to be what was written.
  ///
  /// - Throws: ``BackupError/noDump(_:)`` or ``BackupError/damaged(file:)``.
  public func checked() throws -> Contents {
    guard let data = FileManager.default.contents(atPath: contentsFile),
      let contents = try? JSONDecoder().decode(Contents.self, from: data), contents.form == 1
    else { throw BackupError.noDump(folder) }
    for file in contents.files {
      let path = archive.folder + "/" + file.name
      guard (try? SHA256.hash(file: path))?.hex == file.sha256 else {
        throw BackupError.damaged(file: path)
      }
    }
    return contents
  }
}

extension Connection {
  /// The server's major version.
  func serverVersion() throws -> Int {
    try row("SELECT current_setting('server_version_num')::integer / 10000", as: Int.self)
  }
}
