import Catalogue
import PostgreSQL
import TestSupport
import Testing

@Suite("Runs") struct RunTests {
  private let work = Work(
    stage: "embed", parameters: JSON(text: "{\"a\":1}"), seed: 4,
    inputs: [.init(role: "cutouts", name: "sky", sha256: "ab")])

  @Test func workIsNewThenResumedThenFinished() throws {
    let fixture = try Fixture()
    guard case .new(let run) = try Run.open(work, by: Fixture.user, in: fixture.database) else {
      Issue.record("the work is new")
      return
    }
    try Run.fail(run, because: "a test", in: fixture.database)
    guard case .resumed(run) = try Run.open(work, by: Fixture.user, in: fixture.database) else {
      Issue.record("the work is gone on with")
      return
    }
    try Run.finish(run, metrics: JSON(text: "{\"n\":2}"), in: fixture.database)
    guard case .finished(let done) = try Run.open(work, by: Fixture.user, in: fixture.database)
    else {
      Issue.record("the work is finished")
      return
    }
    #expect(done.id == run && done.metrics.text.contains("2") && done.error == nil)
  }

  @Test func aRunNamesAllCodeThatWorkedOnIt() throws {
    let fixture = try Fixture()
    guard case .new(let run) = try Run.open(work, by: Fixture.user, in: fixture.database) else {
      return
    }
    var other = Fixture.user
    other.codeVersion = "newer"
    for user in [Fixture.user, other, other] {
      try Run.fail(run, because: "a test", in: fixture.database)
      guard case .resumed(run) = try Run.open(work, by: user, in: fixture.database) else {
        Issue.record("another version goes on")
        return
      }
    }
    #expect(try Run.numbered(run, in: fixture.database).codeVersion == "test, then newer")
  }

  @Test func aRunIsHeldWhileItsProcessLives() throws {
    let address = try TestServer.newDatabase()
    let first = try Connection(address)
    _ = try Migration.apply(to: first, folder: SharedData.repository + "/sql")
    guard case .new(let run) = try Run.open(work, by: Fixture.user, in: first) else {
      Issue.record("the run is not new")
      return
    }
    let second = try Connection(address)
    #expect(throws: CatalogueError.busy(run: run, stage: "embed", host: "here")) {
      try Run.open(work, by: Fixture.user, in: second)
    }
  }

  @Test func provenanceInTheTermsOfTheIVOA() throws {
    let fixture = try Fixture()
    let database = fixture.database
    try Run.finish(fixture.run, metrics: JSON(text: "{}"), in: database)
    let train = try Fixture.newRun(
      "pretrain", parents: [.init(run: fixture.run, role: "cutouts")], in: database)
    try Run.finish(train, metrics: JSON(text: "{}"), in: database)
    let used = try database.rows(
      "SELECT activity, entity, role FROM reber.prov_used", as: String.self, String.self,
      String.self)
    #expect(used.count == 1)
    #expect(used[0] == ("run/\(train)", "run/\(fixture.run)/output", "cutouts"))
    let derived = try database.rows(
      """
      SELECT "generatedEntity", "usedEntity" FROM reber.prov_was_derived_from
      """, as: String.self, String.self)
    #expect(derived.count == 1 && derived[0].0 == "run/\(train)/output")
    let lineage = try database.rows(
      "SELECT run_id FROM reber.lineage(\(train))", as: Int.self)
    #expect(lineage == [train, fixture.run])
  }
}
