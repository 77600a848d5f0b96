import Catalogue
import PostgreSQL
import StagesSupport
import Testing

@testable import Stages

/// What becomes of publications that are stopped, killed and kept waiting.
extension SharingTests {
  static func publishing(as name: String) -> Publishing {
    var publishing = Publishing(survey: "toy")
    (publishing.name, publishing.anyway) = (name, true)
    return publishing
  }

  private static let drafts: SQL = """
    SELECT relname::text FROM pg_class
    WHERE relnamespace = 'catalogue'::regnamespace AND relkind = 'r' AND relname LIKE '\\_publishing%'
    """

  /// All catalogues have the same rows.
  private func areAlike(_ toy: SyntheticSurvey, _ names: [String]) async throws {
    let digests = try await toy.texts("SELECT DISTINCT sha256 FROM reber.catalogue")
    let published = try await toy.texts("SELECT name FROM reber.catalogue ORDER BY 1")
    #expect(digests.count == 1 && published == names)
  }

  /// A worker goes on with a publication that was killed amid its pieces, and nothing of its table stays behind.
  func goesOnWhereATableIsLeft(_ toy: SyntheticSurvey, as name: String) async throws {
    let run = try await begin(Self.publishing(as: name), toy)
    while try await toy.numbers("SELECT reber.is_held(\(run))::integer") == [1] {
      try await Task.sleep(for: .milliseconds(5))
    }
    let left = try await toy.texts(Self.drafts)
    #expect(left == ["_publishing_\(run)"])
    try await helper(toy).takeWork(untilIdle: true) { _ in Issue.record("nothing was queued") }
    let drafts = try await toy.texts(Self.drafts)
    #expect(drafts.isEmpty)
    try await areAlike(toy, ["left", "other", "toy"])
  }

  /// Begins to publish as a process that is killed when it has claimed a piece; gives the run.
  private func begin(_ publishing: Publishing, _ toy: SyntheticSurvey) async throws -> Int {
    let place = try await helper(toy)
    let (plan, user) = (try await publishing.plan(in: place), place.user)
    return try await place.database.with { database in
      guard case .together(let begin) = plan.doing,
        case .new(let run) = try Run.open(plan.work, by: user, in: database)
      else { return 0 }
      _ = try begin(run, true, database)
      try Run.letJoin(run, in: database)
      let worker = try Worker.begin(run, by: user, process: 1, in: database)
      _ = try Piece.claim(by: worker, for: 60, in: database)
      return run
    }
  }

  /// Who comes while another is stopping, and has removed its table already, makes another.
  func handsOver(_ toy: SyntheticSurvey, as name: String) async throws {
    let (publishing, stop, isOver) = (Self.publishing(as: name), StopRequest(), StopRequest())
    let gate = try await Database(toy.address)
    try await gate.with {
      try $0.script(
        """
        CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN PERFORM pg_advisory_xact_lock_shared(7, 7); RETURN NULL; END $$;
        CREATE TRIGGER wait AFTER UPDATE OF ended_at ON reber.worker EXECUTE FUNCTION wait();
        SELECT pg_advisory_lock(7, 7)
        """)
    }
    _ = stop.ask()
    let place = Workplace(
      database: try await Database(toy.address), user: toy.workplace.user, progress: Silence(),
      stop: stop)
    let stopping = Task { try await place.perform(publishing) }
    while try await waiting(for: "7", in: gate) == 0 {
      try await Task.sleep(for: .milliseconds(5))
    }
    let other = try await helper(toy)
    let coming = Task {
      defer { _ = isOver.ask() }
      return try await other.perform(publishing)
    }
    while !isOver.isRequested,
      try await waiting(for: "hashtext('reber.work')", in: gate) == 0
    {
      try await Task.sleep(for: .milliseconds(5))
    }
    try await gate.with {
      try $0.script("SELECT pg_advisory_unlock(7, 7); DROP FUNCTION wait CASCADE")
    }
    await #expect(throws: Stopped.self) { try await stopping.value }
    let report = try await coming.value
    #expect(report.metrics.rows == 96)
    try await areAlike(toy, ["handed", "left", "other", "toy"])
  }

  /// How many sessions have, or wait for, locks of a kind, besides those of this connection.
  private func waiting(for kind: SQL, in database: Database) async throws -> Int {
    try await database.with {
      try $0.row(
        """
        SELECT count(*) FROM pg_locks
        WHERE locktype = 'advisory' AND classid = (\(kind)::bigint & 4294967295)::oid
            AND pid <> pg_backend_pid()
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        """, as: Int.self)
    }
  }

  /// While a publication waits for a reader, nobody else begins one under its name, and it says whom to end.
  func keepsTheName(_ toy: SyntheticSurvey, as name: String) async throws {
    let reader = try await Database(toy.address)
    try await reader.with { try $0.script("BEGIN; SELECT FROM catalogue.toy") }
    let place = Workplace(
      database: try await Database(toy.address), user: toy.workplace.user,
      progress: EndingReaders(of: name, at: toy.address), again: true)
    _ = try await place.perform(Self.publishing(as: name))
    await #expect(throws: PostgresError.self) { try await reader.with { try $0.script("COMMIT") } }
    try await areAlike(toy, ["handed", "left", "other", "toy"])
  }

  /// A publication that was stopped leaves no table, and a worker goes on with one that was killed.
  func goesOnWithAPublication(_ toy: SyntheticSurvey, as name: String) async throws {
    let publishing = Self.publishing(as: name)
    let stop = StopRequest()
    _ = stop.ask()
    let place = Workplace(
      database: try await Database(toy.address), user: toy.workplace.user, progress: Silence(),
      stop: stop)
    await #expect(throws: Stopped.self) { try await place.perform(publishing) }
    let left = try await toy.texts(Self.drafts)
    #expect(left.isEmpty)
    _ = try await toy.workplace.database.with {
      try $0.execute(
        """
        UPDATE reber.run SET status = 'running', finished_at = NULL, error = NULL
        WHERE run_id = (SELECT max(run_id) FROM reber.run)
        """)
    }
    try await helper(toy).takeWork(untilIdle: true) { _ in Issue.record("nothing was queued") }
    try await areAlike(toy, ["other", "toy"])
  }
}

/// Ends whoever a publication says that it waits for, and looks whether its name is its own meanwhile.
private struct EndingReaders: ProgressDisplay {
  let name: String
  let address: String

  init(of name: String, at address: String) { (self.name, self.address) = (name, address) }

  func update(_ what: String, done: Int, of total: Int, detail: String?) {}

  func note(_ text: String) {
    guard let end = text.firstMatch(of: /SELECT pg_terminate_backend\([0-9]+\)$/)?.0 else { return }
    do {
      let other = try Connection(address)
      let isFree = try other.row(
        "SELECT pg_try_advisory_lock(hashtext('reber.catalogue'), hashtext(\(name)))",
        as: Bool.self)
      #expect(!isFree)
      try other.execute(SQL(raw: String(end)))
    } catch {
      Issue.record(error)
    }
  }
}
