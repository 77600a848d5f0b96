import Catalogue
import Foundation
import PostgreSQL
import TestSupport
import Testing

/// What is dumped comes back the same, on this server or another, or is refused.
@Suite("Dumps") struct BackupTests {
  private static let sql = SharedData.repository + "/sql"

  /// Dumps a classified and published survey, and gives the folder away.
  private func dump(_ folder: String) throws -> (dump: Dump, contents: Dump.Contents) {
    let sky = try ClassifiedSky(as: .pipeline)
    try sky.publish()
    let dump = Dump(folder: folder + "/sky.dump")
    let contents = try dump.write(of: sky.fixture.address, in: sky.database, codeVersion: "test") {
      _, _ in
    }
    return (dump, contents)
  }

  private func restore(
    _ dump: Dump, into address: String, notes: (String) -> Void = { _ in }
  ) throws -> Dump.Contents {
    try Restoration(of: dump, into: address).perform(
      in: try Connection(address), migrations: Self.sql, notes: notes
    ) { _, _ in }
  }

  @Test func whatIsDumpedComesBackTheSame() throws {
    try withTemporaryFolder { folder in
      let (dump, contents) = try dump(folder)
      #expect(contents.tables.first { $0.table == "catalogue.sky" }?.rows == 12)
      #expect(contents.tables.first { $0.table == "reber_partition.cutout_pixels_1" }?.rows == 12)
      #expect(contents.extensions.keys.allSatisfy { ["q3c", "vector"].contains($0) })
      let address = try TestServer.newDatabase()
      #expect(try restore(dump, into: address).tables == contents.tables)
      let database = try Connection(address)
      #expect(try Migration.apply(to: database, folder: Self.sql).isEmpty)
      try Role.grant(in: database)
      #expect(try TableDigest.all(in: database) == contents.tables)
      // It is a whole: stages go on in it, and what must not change does not.
      try Role.pipeline.take(in: database)
      #expect(try Survey.add(named: "other", in: database).id == 2)
      #expect(throws: PostgresError.self) { try database.script("DELETE FROM reber.run") }
      // A second dump is the same but for when and where it was seen.
      let again = Dump(folder: folder + "/again.dump")
      try database.script("RESET ROLE; DELETE FROM reber.survey WHERE name = 'other'")
      let second = try again.write(of: address, in: database, codeVersion: "test") { _, _ in }
      #expect(second.tables == contents.tables)
    }
  }

  @Test func aDatabaseWithSurveysIsLeftAsItIs() throws {
    try withTemporaryFolder { folder in
      let (dump, _) = try dump(folder)
      let fixture = try Fixture(sources: 3)
      #expect(throws: BackupError.notEmpty) { try restore(dump, into: fixture.address) }
      #expect(try fixture.database.row("SELECT count(*) FROM reber.source", as: Int.self) == 3)
      let others = try TestServer.newDatabase()
      try Connection(others).script("CREATE SCHEMA survey; CREATE TABLE survey.mine (a integer)")
      #expect(throws: BackupError.notEmpty) { try restore(dump, into: others) }
    }
  }

  @Test func aSchemaThatHoldsNothingMakesRoom() throws {
    try withTemporaryFolder { folder in
      let (dump, contents) = try dump(folder)
      let address = try TestServer.newDatabase()
      _ = try Migration.apply(to: Connection(address), folder: Self.sql)
      #expect(try restore(dump, into: address).tables == contents.tables)
    }
  }

  @Test func oneThatWasStoppedIsBegunAnew() throws {
    try withTemporaryFolder { folder in
      let (dump, contents) = try dump(folder)
      let address = try TestServer.newDatabase()
      let database = try Connection(address)
      // As a killed process leaves it.
      try database.script(
        "CREATE SCHEMA reber_restoring; CREATE SCHEMA reber; CREATE TABLE reber.run (a integer)")
      #expect(try Restoration.isUnfinished(in: database))
      #expect(try restore(dump, into: address).tables == contents.tables)
      #expect(try !Restoration.isUnfinished(in: database))
    }
  }

  @Test func aDamagedDumpIsRefusedBeforeAnythingIsDone() throws {
    try withTemporaryFolder { folder in
      let (dump, contents) = try dump(folder)
      let address = try TestServer.newDatabase()
      let largest = try #require(contents.files.max { $0.bytes < $1.bytes })
      let file = URL(fileURLWithPath: dump.folder + "/archive/" + largest.name)
      var bytes = try Data(contentsOf: file)
      bytes[bytes.count / 2] ^= 1
      try bytes.write(to: file)
      #expect(throws: BackupError.damaged(file: file.path)) { try restore(dump, into: address) }
      try FileManager.default.removeItem(at: file)
      #expect(throws: BackupError.damaged(file: file.path)) { try restore(dump, into: address) }
      #expect(throws: BackupError.noDump(folder)) { try Dump(folder: folder).checked() }
      #expect(try !Restoration.isUnfinished(in: Connection(address)))
      #expect(throws: BackupError.exists(dump.folder)) {
        try dump.write(of: address, in: Connection(address), codeVersion: "") { _, _ in }
      }
    }
  }

  @Test func aRowThatChangesOnTheWayIsFound() throws {
    try withTemporaryFolder { folder in
      let (dump, _) = try dump(folder)
      let file = URL(fileURLWithPath: dump.folder + "/contents.json")
      let text = try String(contentsOf: file, encoding: .utf8)
      var contents = try JSONDecoder().decode(Dump.Contents.self, from: Data(text.utf8))
      let place = try #require(contents.tables.firstIndex { $0.table == "survey.sky" })
      contents.tables[place].sha256 = String(contents.tables[place].sha256.reversed())
      try JSONEncoder().encode(contents).write(to: file)
      let address = try TestServer.newDatabase()
      #expect(throws: BackupError.differing(tables: ["survey.sky"])) {
        try restore(dump, into: address)
      }
      #expect(try Restoration.isUnfinished(in: Connection(address)))
    }
  }

  @Test func aDumpOfANewerVersionIsRefused() throws {
    try withTemporaryFolder { folder in
      let (dump, _) = try dump(folder)
      let file = URL(fileURLWithPath: dump.folder + "/contents.json")
      let text = try String(contentsOf: file, encoding: .utf8)
      try text.replacing("0039_roles", with: "0999_later").write(
        to: file, atomically: true, encoding: .utf8)
      #expect(throws: MigrationError.unknown("0999_later")) {
        try restore(dump, into: TestServer.newDatabase())
      }
    }
  }

  @Test func publicationsInTheMakingAreLeftOut() throws {
    try withTemporaryFolder { folder in
      let sky = try ClassifiedSky()
      try sky.publish()
      try sky.database.script("CREATE TABLE catalogue._publishing_99 (a integer)")
      let dump = Dump(folder: folder + "/sky.dump")
      let contents = try dump.write(of: sky.fixture.address, in: sky.database, codeVersion: "test")
      { _, _ in }
      #expect(!contents.tables.contains { $0.table.contains("_publishing") })
      _ = try restore(dump, into: TestServer.newDatabase())
    }
  }
}
