import Foundation
import PostgreSQL
import TestSupport
import Testing

@Suite struct MigrationTests {
  @Test func filesAreAppliedOnceInOrder() throws {
    let connection = try Connection(try TestServer.newDatabase())
    try withTemporaryFolder { folder in
      func write(_ name: String, _ text: String) throws {
        try text.write(toFile: folder + "/" + name, atomically: true, encoding: .utf8)
      }
      try write("0001_a.sql", "CREATE TABLE a (i int);")
      try write("0002_b.sql", "CREATE TABLE b (i int); INSERT INTO b SELECT 1;")
      #expect(
        try Migration.apply(to: connection, folder: folder).map(\.name) == ["0001_a", "0002_b"])
      #expect(try Migration.apply(to: connection, folder: folder).isEmpty)
      try write("0003_bad.sql", "CREATE TABLE c (i int); SELECT nonsense;")
      #expect(throws: PostgresError.self) { try Migration.apply(to: connection, folder: folder) }
      #expect(
        try connection.row("SELECT to_regclass('c') IS NULL", as: Bool.self),
        "a file that fails has no effect")
      try FileManager.default.removeItem(atPath: folder + "/0003_bad.sql")
      try write("0001_a.sql", "CREATE TABLE a (i bigint);")
      #expect(throws: MigrationError.edited("0001_a")) {
        try Migration.apply(to: connection, folder: folder)
      }
    }
  }
}

@Suite struct PrivateServerTests {
  @Test func survivesKill() throws {
    try withTemporaryFolder { folder in
      let server = PrivateServer(folder: folder + "/server")
      #expect(try server.status() == .absent)
      try server.start()
      defer { _ = try? server.stop() }
      #expect(try server.status() == .running)
      try Connection(server.connectionString).script("CREATE TABLE kept AS SELECT 42::bigint AS i")
      let pids = try FileManager.default.contentsOfDirectory(atPath: folder + "/server/postgres/data")
      #expect(pids.contains("postmaster.pid"))
      let text = try String(
        contentsOfFile: folder + "/server/postgres/data/postmaster.pid", encoding: .utf8)
      let pid = try #require(Int32(text.split(separator: "\n")[0]))
      kill(pid, SIGKILL)
      while kill(pid, 0) == 0 { usleep(10_000) }
      #expect(try server.status() == .stopped)
      try server.start()
      let kept = try Connection(server.connectionString)
        .row("SELECT i FROM kept", as: Int.self)
      #expect(kept == 42)
    }
  }
}
