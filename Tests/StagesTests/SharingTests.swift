import Catalogue
import Foundation
import PostgreSQL
import StagesSupport
import Synchronization
import TestSupport
import Testing

@testable import Stages

/// The same work by several at once.
@Suite("Work that is shared") struct SharingTests {
  /// Another process, with small pieces.
  func helper(_ toy: SyntheticSurvey, joins: Bool = true) async throws -> Workplace {
    var sharing = Sharing()
    (sharing.joins, sharing.pieceSize) = (joins, 8)
    return Workplace(
      database: try await Database(toy.address), user: toy.workplace.user, progress: Silence(),
      sharing: sharing)
  }

  /// Every value that a survey's embeddings and predictions have.
  private func content(_ toy: SyntheticSurvey) async throws -> [String] {
    try await toy.workplace.database.with {
      try $0.rows(
        """
        SELECT concat_ws(' ', 'embedding', source_id, vector) FROM reber.embedding
        UNION ALL
        SELECT concat_ws(' ', 'prediction', source_id, probabilities, unlikeness, class_id)
        FROM reber.prediction
        ORDER BY 1
        """, as: String.self)
    }
  }

  @Test func severalMakeWhatOneMakes() async throws {
    let (alone, toy) = (try await SyntheticSurvey(96), try await SyntheticSurvey(96))
    for survey in [alone, toy] {
      _ = try await survey.workplace.perform(PretrainStage.toy())
      try await survey.label(Array(0..<30))
      _ = try await survey.workplace.perform(FinetuneStage.toy())
    }
    let place = try await helper(alone, joins: false)
    _ = try await place.perform(EmbedStage(survey: "toy"))
    let single = try await place.perform(ClassifyStage(survey: "toy"))

    let places = [try await helper(toy), try await helper(toy), try await helper(toy)]
    let embedded = try await atOnce(places) { try await $0.perform(EmbedStage(survey: "toy")) }
    #expect(Set(embedded.map(\.run)).count == 1 && embedded.map(\.metrics.added) == [96, 96, 96])
    let classified = try await atOnce(places) {
      try await $0.perform(ClassifyStage(survey: "toy"))
    }
    #expect(Set(classified.map(\.run)).count == 1)
    #expect(classified.map(\.metrics.byClass) == Array(repeating: single.metrics.byClass, count: 3))
    let (several, one) = (try await content(toy), try await content(alone))
    #expect(several.count == 192 && several == one)
    let (items, pieces) = try await toy.workplace.database.with {
      try $0.row(
        "SELECT sum(items)::bigint, (SELECT count(*) FROM reber.piece) FROM reber.worker",
        as: Int.self,
        Int.self)
    }
    #expect(items == 2 * 96 && pieces == 0)

    let publishing = Self.publishing(as: "toy")
    let published = try await place.perform(publishing).metrics
    let names = published.columns.map(\.name)
    let all = try await atOnce(places) { try await $0.perform(publishing) }
    #expect(Set(all.map(\.run)).count == 1)
    #expect(all.map(\.metrics.rows) == [96, 96, 96])
    for report in all { #expect(report.metrics.columns.map(\.name) == names) }
    let digest: SQL = "SELECT sha256 FROM reber.catalogue"
    let (made, expected) = (try await toy.texts(digest), try await alone.texts(digest))
    #expect(made == expected && made.count == 1)
    try await goesOnWithAPublication(toy, as: "other")
    try await goesOnWhereATableIsLeft(toy, as: "left")
    try await handsOver(toy, as: "handed")
    try await keepsTheName(toy, as: "toy")
  }

  /// Connections that wait for a piece ask once for all of them.
  @Test func whoWaitsAsksOnce() async throws {
    let toy = try await SyntheticSurvey(1)
    let (asked, user) = (Counting(), toy.workplace.user)
    let run = try await toy.workplace.database.with { database -> Int in
      let work = try Work(stage: .embed, parameters: JSON(text: "{}"))
      guard case .new(let run) = try Run.open(work, by: user, in: database) else { return 0 }
      try Piece.divide(run, into: [0...0], in: database)
      return run
    }
    let place = Workplace(
      database: try await Database(toy.address), user: user, progress: asked)
    let meter = PieceMeter(place, run: run, "waiting")
    let answers = try await withThrowingTaskGroup(of: Bool.self) { group in
      for _ in 0..<16 { group.addTask { try await meter.isLeft() } }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(answers.allSatisfy(\.self) && answers.count == 16)
    #expect(asked.count.load(ordering: .relaxed) < 16)
  }

  /// Folds are shared by three; one that was stopped in its middle goes on there, and nothing comes out otherwise.
  @Test func foldsAreShared() async throws {
    let (alone, toy) = (try await SyntheticSurvey(48), try await SyntheticSurvey(48))
    for survey in [alone, toy] { try await survey.label(Array(0..<36)) }
    let single = try await alone.workplace.perform(CrossValidationStage.toy())

    let stop = StopRequest()
    let first = Workplace(
      database: try await Database(toy.address), user: toy.workplace.user,
      progress: Stopping(stop, at: "fold 2"), sharing: try await helper(toy).sharing, stop: stop)
    await #expect(throws: Stopped.self) { try await first.perform(CrossValidationStage.toy()) }
    #expect(try await toy.numbers("SELECT piece FROM reber.piece WHERE is_done") == [0])
    #expect(try await toy.numbers("SELECT 100 * piece + step FROM reber.checkpoint") == [102])

    let places = [try await helper(toy), try await helper(toy), try await helper(toy)]
    let compared = try await atOnce(places) { try await $0.perform(CrossValidationStage.toy()) }
    #expect(Set(compared.map(\.run)).count == 1)
    for report in compared {
      #expect(report.metrics.images == 48)
      #expect(report.metrics.results.map(\.macroF1) == single.metrics.results.map(\.macroF1))
      #expect(
        report.metrics.results.map(\.calibrationError)
          == single.metrics.results.map(\.calibrationError))
    }
    #expect(try await toy.numbers("SELECT count(*) FROM reber.checkpoint") == [0])
    #expect(try await toy.numbers("SELECT count(*) FROM reber.piece") == [0])
  }

  /// Who would learn other labels than those that a run was begun with leaves it, and begins nothing of its own.
  @Test func changedLabelsAreNotMixedIn() async throws {
    let toy = try await SyntheticSurvey(36)
    try await toy.label(Array(0..<30))
    let stop = StopRequest()
    let first = Workplace(
      database: try await Database(toy.address), user: toy.workplace.user,
      progress: Stopping(stop, at: "fold 2"), sharing: try await helper(toy).sharing, stop: stop)
    await #expect(throws: Stopped.self) { try await first.perform(CrossValidationStage.toy()) }
    let runs = try await toy.numbers("SELECT run_id FROM reber.run ORDER BY 1")

    // A label that comes between the plan and the reading.
    try await toy.workplace.database.with {
      try $0.script(
        """
        CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            INSERT INTO reber.label (survey_id, source_id, class_scheme_id, class_id, annotator, method)
            SELECT survey_id, (SELECT max(source_id) FROM reber.source), class_scheme_id, class_id, annotator, method
            FROM reber.label LIMIT 1;
            RETURN NULL;
        END $$;
        CREATE TRIGGER late AFTER INSERT ON reber.worker EXECUTE FUNCTION late();
        """)
    }
    let run = try #require(runs.last)
    await #expect(throws: LearnError.inputsChanged(run: run)) {
      try await helper(toy).perform(CrossValidationStage.toy())
    }
    // And one that has come before.
    var late = try await helper(toy)
    late.sharing.helped = run
    let helping = late
    await #expect(throws: LearnError.inputsChanged(run: run)) {
      try await helping.perform(CrossValidationStage.toy())
    }
    #expect(try await toy.numbers("SELECT run_id FROM reber.run ORDER BY 1") == runs)
  }

  private func atOnce<Value: Sendable>(
    _ places: [Workplace], _ body: @escaping @Sendable (Workplace) async throws -> Value
  ) async throws -> [Value] {
    try await withThrowingTaskGroup(of: Value.self) { group in
      for place in places { group.addTask { try await body(place) } }
      return try await group.reduce(into: []) { $0.append($1) }
    }
  }

  /// Who does not join leaves the work to those who are at it, and what is done is done.
  @Test func whoDoesNotJoinIsTurnedAway() async throws {
    let toy = try await SyntheticSurvey(24)
    _ = try await toy.workplace.perform(PretrainStage.toy())
    try await toy.workplace.database.with {
      try $0.script(
        """
        CREATE FUNCTION pause() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN PERFORM pg_sleep(6); RETURN NULL; END $$;
        CREATE TRIGGER pause AFTER INSERT ON reber.worker EXECUTE FUNCTION pause();
        """)
    }
    let first = try await helper(toy)
    async let embedded = first.perform(EmbedStage(survey: "toy"))
    try await Task.sleep(for: .seconds(1.5))
    await #expect(throws: CatalogueError.self) {
      try await toy.workplace.perform(EmbedStage(survey: "toy"))
    }
    let report = try await embedded
    #expect(report.metrics.added == 24)
    let again = try await helper(toy).perform(EmbedStage(survey: "toy"))
    #expect(again.alreadyDone && again.run == report.run)
  }

  /// A process that was told to stop leaves its work to others, and the run does not fail while they go on.
  @Test func whoIsToldToStopLeavesTheRestToOthers() async throws {
    let toy = try await SyntheticSurvey(48)
    _ = try await toy.workplace.perform(PretrainStage.toy())
    let stop = StopRequest()
    #expect(!stop.ask(), "nobody heeds it yet")
    let place = Workplace(
      database: try await Database(toy.address), user: toy.workplace.user, progress: Silence(),
      sharing: try await helper(toy).sharing, stop: stop)
    await #expect(throws: Stopped.self) { try await place.perform(EmbedStage(survey: "toy")) }
    let (status, held) = try await toy.workplace.database.with {
      try $0.row(
        "SELECT status, reber.is_held(run_id) FROM reber.run ORDER BY run_id DESC LIMIT 1",
        as: String.self, Bool.self)
    }
    #expect(status == "failed" && !held)
    let report = try await helper(toy).perform(EmbedStage(survey: "toy"))
    #expect(report.metrics.embeddings == 48 && report.metrics.added == 48)
  }

  /// What the only process of a run was killed at, a worker goes on with; what was stopped, or failed, it leaves.
  @Test func aWorkerGoesOnWithWhatWasKilled() async throws {
    let toy = try await SyntheticSurvey(48)
    _ = try await toy.workplace.perform(PretrainStage.toy())
    let stop = StopRequest()
    _ = stop.ask()
    let place = Workplace(
      database: try await Database(toy.address), user: toy.workplace.user, progress: Silence(),
      sharing: try await helper(toy).sharing, stop: stop)
    await #expect(throws: Stopped.self) { try await place.perform(EmbedStage(survey: "toy")) }
    let worker = try await helper(toy)
    try await worker.takeWork(untilIdle: true) { _ in Issue.record("nothing was queued") }
    #expect(try await toy.texts("SELECT status FROM reber.run WHERE stage = 'embed'") == ["failed"])
    // A process that is killed leaves its run so.
    try await toy.workplace.database.with {
      try $0.execute(
        "UPDATE reber.run SET status = 'running', finished_at = NULL, error = NULL WHERE stage = 'embed'"
      )
      try $0.execute("UPDATE reber.piece SET lease_ends = clock_timestamp() WHERE NOT is_done")
    }
    try await worker.takeWork(untilIdle: true) { _ in Issue.record("nothing was queued") }
    #expect(
      try await toy.texts("SELECT status FROM reber.run WHERE stage = 'embed'") == ["finished"])
    #expect(try await toy.numbers("SELECT count(*) FROM reber.embedding") == [48])
    // Of work that another run has finished since, a killed repetition is left, and other work comes.
    try await toy.workplace.database.with {
      try $0.execute(
        """
        INSERT INTO reber.run (stage, fingerprint, parameters, form, seed, code_version, host, account, divided_at)
        SELECT stage, fingerprint, parameters, form, seed, code_version, host, account, clock_timestamp()
        FROM reber.run WHERE stage = 'embed'
        """)
      try $0.execute(
        """
        INSERT INTO reber.worker (run_id, host, process, account, code_version, began_at, seen_at)
        SELECT (SELECT max(run_id) FROM reber.run), host, process, account, code_version, began_at, seen_at
        FROM reber.worker LIMIT 1
        """)
    }
    try await worker.takeWork(untilIdle: true) { _ in Issue.record("nothing was queued") }
  }

  /// Who was silent while the others ended the run, from before it had said that it helps, takes what they made.
  @Test func whoComesWhenAllIsDoneTakesWhatIsMade() async throws {
    let toy = try await SyntheticSurvey(24)
    _ = try await toy.workplace.perform(PretrainStage.toy())
    let stop = StopRequest()
    _ = stop.ask()
    let first = Workplace(
      database: try await Database(toy.address), user: toy.workplace.user, progress: Silence(),
      sharing: try await helper(toy).sharing, stop: stop)
    await #expect(throws: Stopped.self) { try await first.perform(EmbedStage(survey: "toy")) }

    let other = try Connection(toy.address)
    let run = try other.row(
      """
      SELECT run_id, pg_advisory_lock_shared(hashtext('reber.run'), run_id::integer)::text
      FROM reber.run WHERE stage = 'embed'
      """, as: Int.self, String.self
    ).0
    let late = Workplace(
      database: try await Database(toy.address), user: toy.workplace.user,
      progress: Ending(run, at: toy.address), sharing: try await helper(toy).sharing)
    let report = try await late.perform(EmbedStage(survey: "toy"))
    #expect(report.run == run && report.metrics.embeddings == 17)
  }

  /// A training that is told to stop leaves a checkpoint, and what comes of it is the same.
  @Test func aTrainingThatIsStoppedGoesOn() async throws {
    let (alone, toy) = (try await SyntheticSurvey(24), try await SyntheticSurvey(24))
    _ = try await alone.workplace.perform(PretrainStage.toy())
    let stop = StopRequest()
    _ = stop.ask()
    let place = Workplace(
      database: try await Database(toy.address), user: toy.workplace.user, progress: Silence(),
      stop: stop)
    for _ in 0..<2 {
      await #expect(throws: Stopped.self) { try await place.perform(PretrainStage.toy()) }
    }
    let steps = try await toy.numbers("SELECT step FROM reber.checkpoint")
    #expect(steps == [2])
    _ = try await toy.workplace.perform(PretrainStage.toy())
    let digests = try await [alone, toy].asyncMap { survey in
      try await survey.workplace.database.with {
        try $0.row("SELECT sha256 FROM reber.model", as: String.self)
      }
    }
    #expect(digests[0] == digests[1])
  }
}

extension Array {
  fileprivate func asyncMap<Other>(
    _ body: (Element) async throws -> Other
  ) async throws -> [Other] {
    var all: [Other] = []
    for element in self { all.append(try await body(element)) }
    return all
  }
}

/// Asks to stop when work of that name has come to its first step.
private struct Stopping: ProgressDisplay {
  let stop: StopRequest
  let what: String

  init(_ stop: StopRequest, at what: String) { (self.stop, self.what) = (stop, what) }

  func update(_ what: String, done: Int, of total: Int, detail: String?) {
    if what.hasPrefix(self.what), done == 1 { _ = stop.ask() }
  }

  func note(_ text: String) {}
}

/// Counts how often it is said how far work is.
private final class Counting: ProgressDisplay {
  let count = Atomic(0)

  func update(_ what: String, done: Int, of total: Int, detail: String?) {
    count.add(1, ordering: .relaxed)
  }

  func note(_ text: String) {}
}

/// Ends a run, as another process would, when it is said that it is helped with.
private struct Ending: ProgressDisplay {
  let run: Int
  let address: String

  init(_ run: Int, at address: String) { (self.run, self.address) = (run, address) }

  func update(_ what: String, done: Int, of total: Int, detail: String?) {}

  func note(_ text: String) {
    guard text == "helping with run \(run)" else { return }
    do {
      let other = try Connection(address)
      try other.execute("DELETE FROM reber.piece WHERE run_id = \(run)")
      try other.execute(
        """
        UPDATE reber.run SET status = 'finished', finished_at = clock_timestamp(),
            metrics = '{"model": 1, "embeddings": 17, "added": 17, "dimensions": 4}'
        WHERE run_id = \(run)
        """)
    } catch {
      Issue.record(error)
    }
  }
}
