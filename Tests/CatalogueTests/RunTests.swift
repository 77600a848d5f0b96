import Catalogue
import PostgreSQL
import TestSupport
import Testing

@Suite("Runs") struct RunTests {
  private let work: Work

  init() throws {
    work = try Self.work(JSON(text: "{\"a\":1}"))
  }

  private static func work(_ parameters: some Stored) throws -> Work {
    try Work(
      stage: .embed, parameters: parameters, seed: 4,
      inputs: [.init(role: "cutouts", name: "sky", sha256: "ab")])
  }

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
    try Run.finish(run, in: fixture.database) { _ in JSON(text: "{\"n\":2}") }
    guard case .finished(let done) = try Run.open(work, by: Fixture.user, in: fixture.database)
    else {
      Issue.record("the work is finished")
      return
    }
    #expect(done.id == run && done.metrics.text.contains("2") && done.error == nil)
  }

  /// Another survey may have the name since.
  @Test func whatWasDoneOfASurveyThatWasRenamedIsNotDone() throws {
    let fixture = try Fixture(sources: 1)
    let work = try Self.work(JSON(text: "{\"survey\":\"sky\"}"))
    guard case .new(let run) = try Run.open(work, by: Fixture.user, in: fixture.database) else {
      Issue.record("the work is new")
      return
    }
    try Run.finish(run, in: fixture.database) { _ in JSON(text: "{}") }
    try fixture.survey.rename(to: "heaven", by: Fixture.user, in: fixture.database)
    guard case .new(let other) = try Run.open(work, by: Fixture.user, in: fixture.database) else {
      Issue.record("no survey of the name has it")
      return
    }
    #expect(other != run)
  }

  /// What it writes last, what it measured and that it is finished come together or not at all.
  @Test func aRunAndWhatItWroteAreOneTruth() throws {
    struct Killed: Error {}
    let fixture = try Fixture()
    let database = fixture.database
    #expect(throws: Killed.self) {
      try Run.finish(fixture.run, in: database) { database -> JSON in
        try database.script("CREATE TABLE reber.written ()")
        throw Killed()
      }
    }
    let isWritten: SQL = "SELECT to_regclass('reber.written') IS NOT NULL"
    #expect(try !database.row(isWritten, as: Bool.self))
    #expect(try Run.numbered(fixture.run, in: database).status == "running")
    try Run.finish(fixture.run, in: database) { database in
      try database.script("CREATE TABLE reber.written ()")
      return JSON(text: "{}")
    }
    #expect(try database.row(isWritten, as: Bool.self))
    // What goes wrong behind that makes it no failed run.
    try Run.fail(fixture.run, because: "too late", in: database)
    #expect(try Run.numbered(fixture.run, in: database).status == "finished")
  }

  /// Of two who ask for the same work at once, the second waits for the first to open its run, and
  /// then for a moment to see whether it was killed; where it finished meanwhile, nothing is done twice.
  @Test func theSameWorkAtOnceIsDoneOnce() async throws {
    let fixture = try Fixture()
    let address = fixture.address
    guard case .new(let run) = try Run.open(work, by: Fixture.user, in: fixture.database) else {
      Issue.record("the work is new")
      return
    }
    let work = work
    let second = Task.detached { () -> Int? in
      while true {
        do {
          let opening = try Run.open(work, by: Fixture.user, in: Connection(address))
          guard case .finished(let done) = opening else { return nil }
          return done.id
        } catch CatalogueError.busy {}
      }
    }
    try await Task.sleep(for: .milliseconds(300))
    try Run.finish(run, in: fixture.database) { _ in JSON(text: "{}") }
    #expect(try await second.value == run)
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

  /// The options of a stage, and those of the same stage in a later version.
  private struct Options: Stored {
    var rate = 0.1
    var shape = Shape.round(radius: 2)
    var limit: Int? = 3

    enum Shape: Codable {
      case round(radius: Int)
      case square(side: Int)
    }
  }

  private struct LaterOptions: Stored {
    var rate = 0.1
    var shape = Options.Shape.round(radius: 2)
    var limit: Int? = 3
    var depth = 5
    var inner = Inner()
    var name: String?

    struct Inner: Codable {
      var steps: UInt64 = .max
    }

    static var usual: Self? { Self() }
  }

  @Test func aNewOptionMakesNoOtherWork() throws {
    let fixture = try Fixture()
    var options = Options()
    options.shape = .square(side: 1)
    options.limit = nil
    guard
      case .new(let run) = try Run.open(
        Self.work(options), by: Fixture.user, in: fixture.database)
    else { return }
    try Run.finish(run, in: fixture.database) { _ in JSON(text: "{}") }
    var later = LaterOptions()
    later.shape = .square(side: 1)
    later.limit = nil
    func opens() throws -> Opening {
      try Run.open(Self.work(later), by: Fixture.user, in: fixture.database)
    }
    guard case .finished(let done) = try opens() else {
      Issue.record("an option at its default makes no other work")
      return
    }
    #expect(done.id == run)
    later.depth = 6
    guard case .new(let other) = try opens() else {
      Issue.record("another depth is other work")
      return
    }
    try Run.fail(other, because: "a test", in: fixture.database)
    guard case .resumed(other) = try opens() else {
      Issue.record("the deeper work is gone on with")
      return
    }
    later.depth = 5
    guard case .finished(let first) = try opens() else {
      Issue.record("the first work is still finished")
      return
    }
    #expect(first.id == run)
  }

  @Test func aCheckpointOfAnotherFormIsRefused() throws {
    let fixture = try Fixture()
    let database = fixture.database
    guard case .new(let run) = try Run.open(work, by: Fixture.user, in: database) else { return }
    try Checkpoint.write(run: run, step: 3, state: [1], curve: [], in: database)
    try Run.fail(run, because: "a test", in: database)
    try database.execute("UPDATE reber.checkpoint SET form = 99")
    #expect(throws: CatalogueError.otherForm(run: run, stage: "embed", codeVersion: "test")) {
      try Run.open(work, by: Fixture.user, in: database)
    }
    guard case .new = try Run.open(work, by: Fixture.user, again: true, in: database) else {
      Issue.record("it is begun anew where that is asked for")
      return
    }
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
    try Run.finish(fixture.run, in: database) { _ in JSON(text: "{}") }
    let train = try Fixture.newRun(
      .pretrain, parents: [.init(run: fixture.run, role: "cutouts")], in: database)
    try Run.finish(train, in: database) { _ in JSON(text: "{}") }
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
