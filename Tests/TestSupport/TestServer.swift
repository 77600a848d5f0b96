import Foundation
import PostgreSQL

/// A private PostgreSQL server for the tests of this process, started when first asked for and
/// gone when the process ends.
public enum TestServer {
  /// The folder of the server, in which tests may make others; it is removed at exit.
  public static let folder = FileManager.default.temporaryDirectory
    .appendingPathComponent("reber-test-\(ProcessInfo.processInfo.processIdentifier)").path

  /// Started once.
  private static let shared: Swift.Result<PrivateServer, any Error> = Swift.Result {
    let server = PrivateServer(folder: folder)
    atexit {
      try? PrivateServer(folder: folder).stop()
      try? FileManager.default.removeItem(atPath: folder)
    }
    try server.start()
    let connection = try Connection(server.connectionString)
    // Nothing here is to outlive a crash of the machine, and waiting for the disk takes most of
    // the time of making a database.
    try connection.execute("ALTER SYSTEM SET fsync = off")
    // All tests run at once, and each has connections of its own.
    try connection.execute("ALTER SYSTEM SET max_connections = 500")
    try server.stop()
    try server.start()
    return server
  }

  /// The address of a new, empty database, made with options of `CREATE DATABASE`.
  public static func newDatabase(_ options: String = "") throws -> String {
    let server = try shared.get()
    let name = "t" + UUID().uuidString.lowercased().filter { $0 != "-" }
    try Connection(server.connectionString).script("CREATE DATABASE \(name) \(options)")
    return server.connectionString.replacingOccurrences(of: "/reber?", with: "/\(name)?")
  }
}
