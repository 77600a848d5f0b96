import Foundation

/// What `pg_dump` writes of a database into a folder, a file for each table, and `pg_restore` reads.
///
/// Owners and rights are left out: they are those of another server.
public struct Archive: Sendable {
  /// The folder.
  public let folder: String

  /// Names an archive.
  public init(folder: String) { self.folder = folder }

  /// Writes some schemas of a database as a transaction sees them, in a folder that is not there yet;
  /// meanwhile does something else.
  ///
  /// - Parameters:
  ///   - schemas: Their names.
  ///   - tables: Patterns of tables to leave out, as `pg_dump` reads them.
  ///   - address: The database.
  ///   - snapshot: What the transaction gave by `pg_export_snapshot()`; it must stay open.
  ///   - serverVersion: The server's major version.
  ///   - jobs: Tables written at once.
  ///   - meanwhile: What is done while `pg_dump` works.
  /// - Returns: What `meanwhile` gave.
  /// - Throws: ``PrivateServerError`` with what `pg_dump` said; what `meanwhile` throws.
  public func write<Value>(
    schemas: [String], without tables: [String], of address: String, seenBy snapshot: String,
    serverVersion: Int, jobs: Int, meanwhile: () throws -> Value
  ) throws -> Value {
    let programs = try ServerPrograms.forClient(of: serverVersion)
    let child = try programs.start(
      "pg_dump",
      [
        "--format=directory", "--compress=1", "--jobs=\(jobs)", "--snapshot=\(snapshot)",
        "--no-owner",
        "--no-privileges", "--file=\(folder)", "--dbname=\(address)",
      ] + schemas.map { "--schema=\($0)" } + tables.map { "--exclude-table=\($0)" })
    let value = try meanwhile()
    try programs.finish(child, "pg_dump")
    return value
  }

  /// Restores it into a database that has none of its schemas.
  ///
  /// - Parameters:
  ///   - address: The database.
  ///   - indexes: Indexes to leave out, as `schema name`.
  ///   - serverVersion: The server's major version.
  ///   - jobs: Tables read at once.
  /// - Throws: ``PrivateServerError`` with what `pg_restore` said; a part is there then.
  public func restore(
    into address: String, without indexes: Set<String>, serverVersion: Int, jobs: Int
  ) throws {
    let programs = try ServerPrograms.forClient(of: serverVersion)
    let contents = try programs.finish(
      try programs.start("pg_restore", ["--list", folder]), "pg_restore")
    let kept = contents.split(separator: "\n").filter { line in
      guard let entry = line.firstMatch(of: #/ INDEX (?:ATTACH )?(\S+ \S+) /#) else { return true }
      return !indexes.contains(String(entry.1))
    }
    let list = FileManager.default.temporaryDirectory
      .appendingPathComponent("reber-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: list) }
    try kept.joined(separator: "\n").write(toFile: list, atomically: false, encoding: .utf8)
    try programs.finish(
      try programs.start(
        "pg_restore",
        [
          "--exit-on-error", "--no-owner", "--no-privileges", "--jobs=\(jobs)",
          "--use-list=\(list)",
          "--dbname=\(address)", folder,
        ]), "pg_restore")
  }
}

extension ServerPrograms {
  /// The programs that suit a server best: of its own version or, where that is not installed, the next
  /// newer one.
  static func forClient(of version: Int) throws -> ServerPrograms {
    let installed = Self.installed
    let suiting = installed.filter { $0.version >= version }.min { $0.version < $1.version }
    guard let suiting else {
      throw PrivateServerError.tooOld(server: version, installed: installed.map(\.version))
    }
    return suiting
  }
}
