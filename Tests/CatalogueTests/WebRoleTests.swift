import Catalogue
import Foundation
import PostgreSQL
import TestSupport
import Testing

@Suite struct WebRoleTests {
  let database: Connection

  init() throws {
    database = try Connection(try TestServer.newDatabase())
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("sql")
    _ = try Migration.apply(to: database, folder: folder.path)
    _ = try Survey.add(named: "sky", in: database)
    _ = try #require(try WebRole.take(in: database) ? true : nil)
  }

  @Test func itReads() throws {
    #expect(try WebRole.isCurrent(in: database))
    #expect(try Survey.all(in: database).map(\.name) == ["sky"])
    #expect(try database.row("SELECT count(*) FROM reber.labelling_rate", as: Int.self) == 0)
  }

  @Test(arguments: [
    "DELETE FROM reber.label", "UPDATE reber.label SET class_id = 1", "TRUNCATE reber.label",
    "INSERT INTO reber.survey (name) VALUES ('mine')",
    "SELECT reber.open_partition('reber.source', 9)",
    "UPDATE reber.source SET name = 'x'", "DELETE FROM reber.growth_decision",
    "CREATE TABLE reber.mine (a integer)", "CREATE TABLE catalogue.mine (a integer)",
    "DROP TABLE reber.label", "INSERT INTO reber.schema_migration VALUES (99, 'x', 'x')",
    "CREATE ROLE mine", "COPY (SELECT 1) TO PROGRAM 'true'",
  ])
  func itDoesNothingElse(_ statement: String) throws {
    let error = #expect(throws: PostgresError.self) { try database.script(statement) }
    #expect(error?.state == .insufficientPrivilege, "\(String(describing: error))")
  }

  @Test func tablesThatArePublishedLaterCanBeRead() throws {
    try database.script("RESET ROLE; CREATE TABLE catalogue.later (a integer); SET ROLE reber_web")
    #expect(try database.rows("SELECT a FROM catalogue.later", as: Int32.self).isEmpty)
  }
}
