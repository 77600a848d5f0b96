import Catalogue
import Foundation
import PostgreSQL

/// Databases for mutants, one a batch, on a private server in `REBER_HOME`.
struct ScratchDatabases: Sendable {
  private let server: String

  /// Starts the server and brings a database, of which the others are copies, to the present schema.
  init() throws {
    let folder = ProcessInfo.processInfo.environment["REBER_HOME"] ?? ".reber"
    let server = PrivateServer(folder: folder)
    try server.start()
    self.server = server.connectionString
    try replace("fuzz_pattern", by: "template1")
    let connection = try Connection(address(of: "fuzz_pattern"))
    _ = try Migration.apply(to: connection, folder: try Schema.folder())
  }

  /// A database for a batch.
  func make(_ batch: Int) throws -> String {
    try replace("fuzz_\(batch)", by: "fuzz_pattern")
    return address(of: "fuzz_\(batch)")
  }

  /// Removes the database of a batch.
  func drop(_ batch: Int) throws {
    try Connection(server).script("DROP DATABASE IF EXISTS fuzz_\(batch) WITH (FORCE)")
  }

  private func replace(_ name: String, by pattern: String) throws {
    let connection = try Connection(server)
    try connection.script("DROP DATABASE IF EXISTS \(name) WITH (FORCE)")
    try connection.script("CREATE DATABASE \(name) TEMPLATE \(pattern)")
  }

  private func address(of database: String) -> String {
    server.replacingOccurrences(of: "/reber?", with: "/\(database)?")
  }
}
