import Failures
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

  /// Stages that are at work would be in the way of a migration, and it in theirs.
  @Test func theSchemaIsNotChangedUnderThoseWhoWork() throws {
    let address = try TestServer.newDatabase()
    let (newer, worker) = (try Connection(address), try Connection(address))
    try withTemporaryFolder { folder in
      try "CREATE TABLE a (i int);"
        .write(toFile: folder + "/0001_a.sql", atomically: true, encoding: .utf8)
      try Migration.hold(in: worker)
      try Migration.hold(in: worker)
      #expect(throws: MigrationError.inUse) { try Migration.apply(to: newer, folder: folder) }
      #expect(MigrationError.inUse.exitStatus == .busy)
      try worker.script("SELECT pg_advisory_unlock_all()")
      try Migration.hold(in: newer)
      #expect(try Migration.apply(to: newer, folder: folder).count == 1)
      // Who has nothing to do is in nobody's way.
      try Migration.hold(in: worker)
      #expect(try Migration.apply(to: newer, folder: folder).isEmpty)
    }
  }
}
