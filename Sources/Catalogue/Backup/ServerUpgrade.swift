import Foundation
public import PostgreSQL

/// Moves a private server to the newest version of PostgreSQL on the machine: its database is dumped by the
/// old version, restored and checked by the new one, and only then takes the old one's place.
public struct ServerUpgrade: Sendable {
  /// The server.
  public let server: PrivateServer

  /// The version that its data are of, and that they are moved to.
  public let from, to: Int

  /// Plans an upgrade; `nil` where there is nothing to do.
  ///
  /// - Throws: `PrivateServerError` without PostgreSQL.
  public init?(of server: PrivateServer) throws {
    try server.recover()
    guard let version = server.version else { return nil }
    let newest = try PrivateServer.newestVersion()
    guard newest > version else { return nil }
    self.server = server
    from = version
    to = newest
  }
}

extension ServerUpgrade {
  /// Does it; one that was stopped is begun anew, and meanwhile the old server is as it was.
  ///
  /// - Parameters:
  ///   - migrations: The folder of this version's migrations.
  ///   - codeVersion: The version of the code that runs.
  ///   - notes: Called with what a person should know.
  ///   - progress: Called with what is done, and the number of tables that are done, and of all.
  /// - Returns: The folder in which the old data are kept.
  /// - Throws: As ``Dump/write(of:in:codeVersion:progress:)`` and
  ///   ``Restoration/perform(in:migrations:notes:progress:)`` do; `PrivateServerError`.
  public func perform(
    migrations: String, codeVersion: String, notes: (String) -> Void,
    progress: (String, _ done: Int, _ total: Int) -> Void
  ) throws -> String {
    try server.start()
    let dump = Dump(folder: server.folder + "/upgrade.dump")
    try? FileManager.default.removeItem(atPath: dump.folder)
    defer { try? FileManager.default.removeItem(atPath: dump.folder) }
    _ = try dump.write(
      of: server.connectionString, in: try Connection(server.connectionString),
      codeVersion: codeVersion
    ) { progress("dumping", $0, $1) }
    let next = server.successor
    try next.start()
    _ = try Restoration(of: dump, into: next.connectionString).perform(
      in: try Connection(next.connectionString), migrations: migrations, notes: notes
    ) { progress("checking", $0, $1) }
    return try server.takeOver()
  }
}
