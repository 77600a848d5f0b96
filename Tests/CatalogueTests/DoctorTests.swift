import Catalogue
import Foundation
import PostgreSQL
import TestSupport
import Testing

/// A doctor finds what is wrong, says what to do, and finds nothing where nothing is.
@Suite("Doctor") struct DoctorTests {
  private static let sql = SharedData.repository + "/sql"

  private func findings(
    _ database: Connection, deep: Bool = false, of subject: String? = nil
  ) throws -> [Finding] {
    try Examination(migrations: Self.sql, isDeep: deep).findings(in: database)
      .filter { subject == nil || $0.subject == subject }
  }

  private func published() throws -> ClassifiedSky {
    let sky = try ClassifiedSky()
    try sky.publish()
    try Run.finish(sky.fixture.run, in: sky.database) { _ in JSON(text: "{}") }
    return sky
  }

  @Test func aSoundDatabaseHasNoProblem() throws {
    let sky = try published()
    let found = try findings(sky.database, deep: true)
    // The server of the tests does not wait for the disk.
    let problems = found.filter {
      $0.level == .problem && !["images", "models"].contains($0.subject)
    }
    #expect(problems.map(\.text).allSatisfy { $0.hasPrefix("fsync is off") }, "\(problems)")
    #expect(found.contains { $0.text == "catalogue.sky is as it was published" })
    for subject in [
      "server", "connections", "extensions", "schema", "roles", "runs", "indexes", "tables",
    ] {
      #expect(found.contains { $0.subject == subject }, "\(subject)")
    }
    let text = found.filter { $0.level != .fine }.map { "\($0)" }.joined(separator: "\n")
    #expect(found.allSatisfy { ($0.level == .fine) == ($0.advice == nil) }, "\(text)")
  }

  /// The list of needed indexes is that of the migrations.
  @Test func itKnowsTheIndexesThatThereAre() throws {
    let database = try Fixture().database
    let there = try database.rows(
      """
      SELECT relname::text FROM pg_index
      JOIN pg_class ON pg_class.oid = indexrelid
      WHERE relnamespace = 'reber'::regnamespace
          AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
      """, as: String.self)
    #expect(Set(Examination.neededIndexes) == Set(there).subtracting(["source_q3c"]))
  }

  @Test func aMissingIndexIsNamed() throws {
    let database = try Fixture().database
    try database.script("DROP INDEX reber.label_current")
    let found = try findings(database, of: "indexes")
    #expect(found.map(\.level) == [.problem] && found[0].text.contains("label_current is missing"))
  }

  @Test func whatWorksIsToldFromWhatWasStopped() throws {
    let fixture = try Fixture()
    let run = fixture.run
    #expect(
      try findings(fixture.database, of: "runs") == [
        Finding("runs", .fine, "run \(run) (ingest) is at work on here")
      ])
    let killed = try Fixture.newRun(.embed, in: try Connection(fixture.address))
    let failed = try Fixture.newRun(.cluster, in: fixture.database)
    try Run.fail(failed, because: "the disk is full", in: fixture.database)
    let found = try findings(fixture.database, of: "runs").map(\.text)
    #expect(
      found == [
        "run \(run) (ingest) is at work on here",
        "run \(killed) (embed) was stopped on here before it had finished",
        "run \(failed) (cluster) failed: the disk is full",
      ])
  }

  @Test func leftOversAreListed() throws {
    let database = try Fixture().database
    try database.script(
      "SELECT reber.open_partition('reber.prediction', 77); CREATE TABLE catalogue._publishing_9 (a integer)"
    )
    let found = try findings(database, of: "left-overs")
    #expect(found.count == 1 && found[0].level == .note)
    for table in ["reber_partition.prediction_77", "catalogue._publishing_9"] {
      #expect(found[0].text.contains(table))
    }
  }

  @Test func everyDigestIsHeldAgainstWhatItIsOf() throws {
    let sky = try published()
    let database = sky.database
    #expect(
      try findings(database).allSatisfy {
        !["images", "models", "catalogues"].contains($0.subject)
      })
    // The images and weights of the fixture have made-up digests.
    let made = try findings(database, deep: true)
    #expect(made.filter { $0.subject == "images" }.map(\.level) == [.problem])
    #expect(made.filter { $0.subject == "models" }.map(\.level) == [.problem])
    try database.forge("UPDATE reber.cutout SET sha256 = sha256('\\x01')")
    try database.forge("UPDATE reber.model SET sha256 = encode(sha256('\\x01'), 'hex')")
    try database.forge("UPDATE catalogue.sky SET total_flux = 1 WHERE name = 's3'")
    let found = try findings(database, deep: true)
    #expect(found.first { $0.subject == "images" }?.level == .fine)
    #expect(found.first { $0.subject == "models" }?.level == .fine)
    #expect(found.first { $0.subject == "catalogues" }?.level == .problem)
  }

  @Test func anEarlierSchemaIsAFindingAndNoError() throws {
    let database = try Fixture().database
    try database.script("DELETE FROM reber.schema_migration WHERE number = 39")
    let found = try findings(database, of: "schema")
    #expect(found.count == 1 && found[0].level == .problem && found[0].text.contains("0039_roles"))
    let empty = try Connection(TestServer.newDatabase())
    #expect(try findings(empty, of: "schema").map(\.level) == [.problem])
    try empty.script("CREATE SCHEMA reber_restoring")
    #expect(try findings(empty, of: "schema")[0].text.contains("is not whole"))
  }
}
