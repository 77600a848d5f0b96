import PostgreSQL
import Testing

@testable import Catalogue

/// Pieces of a run's work, and who may end them.
@Suite struct PieceTests {
  private let fixture: Fixture
  private let run: Int
  private let other: Connection

  private var database: Connection { fixture.database }

  init() throws {
    fixture = try Fixture(sources: 1)
    run = try Fixture.newRun(.embed, in: fixture.database)
    other = try Connection(fixture.address)
    try Piece.divide(run, into: [0...3, 4...4, 5...9], in: fixture.database)
  }

  private func worker(_ process: Int32, _ database: Connection) throws -> Worker {
    try Worker.begin(
      run, by: Operator(codeVersion: "1", host: "here", account: "me"), process: process,
      in: database)
  }

  /// Ends a piece by a row of a table of its own.
  private func end(_ piece: Piece, _ database: Connection) throws -> Int? {
    try database.execute("CREATE TABLE IF NOT EXISTS made (piece integer PRIMARY KEY)")
    return try piece.end(
      making: "INSERT INTO made SELECT \(piece.number) FROM mine RETURNING 1", in: database)
  }

  @Test func everyPieceIsClaimedByOne() throws {
    let (one, two) = (try worker(1, database), try worker(2, other))
    let claimed = [
      try Piece.claim(by: one, for: 60, in: database), try Piece.claim(by: two, for: 60, in: other),
      try Piece.claim(by: one, for: 60, in: database), try Piece.claim(by: two, for: 60, in: other),
    ]
    #expect(claimed.map { $0?.number } == [0, 1, 2, nil])
    #expect(claimed.map { $0?.keys } == [0...3, 4...4, 5...9, nil])
    for case let piece? in claimed { #expect(try end(piece, database) == 1) }
    #expect(
      try Piece.progress(of: run, in: database)
        == PieceProgress(done: 10, total: 10, open: 0, free: 0))
    let items = try database.rows(
      "SELECT pieces, items FROM reber.worker ORDER BY worker_id", as: Int.self, Int.self)
    #expect(items.map { [$0, $1] } == [[2, 9], [1, 1]])
  }

  @Test func whoWasSilentTooLongEndsNothing() throws {
    let (frozen, quick) = (try worker(1, database), try worker(2, other))
    let first = try #require(try Piece.claim(by: frozen, for: 0.05, in: database))
    try database.execute("SELECT pg_sleep(0.1)")
    try frozen.live(for: 60, in: database)
    #expect(try end(first, database) == nil, "a lease that has ended does not come back")
    let again = try #require(try Piece.claim(by: quick, for: 60, in: other))
    #expect(again.number == first.number)
    #expect(try end(first, database) == nil)
    #expect(try end(again, other) == 1)
    #expect(try end(again, other) == nil, "a piece ends once")
    #expect(try database.rows("SELECT piece FROM made", as: Int.self) == [0])
  }

  @Test func whoLivesKeepsWhatItHas() throws {
    let (slow, quick) = (try worker(1, database), try worker(2, other))
    let first = try #require(try Piece.claim(by: slow, for: 0.3, in: database))
    try slow.live(for: 60, in: database)
    try database.execute("SELECT pg_sleep(0.4)")
    #expect(try Piece.claim(by: quick, for: 60, in: other)?.number == 1)
    #expect(try end(first, database) == 1)
  }

  @Test func whatIsGivenUpIsFreeAtOnce() throws {
    let (one, two) = (try worker(1, database), try worker(2, other))
    _ = try Piece.claim(by: one, for: 60, in: database)
    try one.end(in: database)
    #expect(try Piece.claim(by: two, for: 60, in: other)?.number == 0)
    #expect(
      try database.row(
        "SELECT ended_at IS NOT NULL FROM reber.worker WHERE worker_id = \(one.id)", as: Bool.self))
  }

  /// A session that goes on after its work is as it was, also where the end of the work cannot be said.
  @Test func theSessionIsAsItWasWhateverComes() throws {
    let settings: SQL = """
      SELECT string_agg(concat(name, ' ', setting), ', ' ORDER BY name) FROM pg_settings
      WHERE name IN ('synchronous_commit', 'idle_session_timeout', 'idle_in_transaction_session_timeout')
      """
    let before = try database.row(settings, as: String.self)
    let one = try worker(1, database)
    #expect(try database.row(settings, as: String.self) != before)
    try database.script(
      """
      CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;
      CREATE TRIGGER refuse BEFORE UPDATE ON reber.worker EXECUTE FUNCTION refuse();
      """)
    #expect(throws: PostgresError.self) { try one.end(in: database) }
    #expect(try database.row(settings, as: String.self) == before)
  }

  /// Who is frozen loses its connection, also amid a transaction, and with it what it has locked.
  @Test(arguments: ["SELECT", "BEGIN"]) func whoIsFrozenLosesItsConnection(last: String) throws {
    let frozen = try Connection(fixture.address)
    try frozen.execute("SELECT pg_advisory_lock(7, 7)")
    _ = try Worker.begin(
      run, by: Operator(codeVersion: "1", host: "here", account: "me"), process: 1, lease: 0.1,
      in: frozen)
    try frozen.script(last)
    try database.script("SET lock_timeout = '1min'; SELECT pg_advisory_lock(7, 7)")
    let error = #expect(throws: PostgresError.self) { try frozen.script("SELECT 1") }
    #expect(error?.isLostConnection == true)
  }

  @Test func dividedAnewNobodyHasAnythingFromBefore() throws {
    let ghost = try worker(1, database)
    let piece = try #require(try Piece.claim(by: ghost, for: 60, in: database))
    try Piece.divide(run, into: [0...9], in: other)
    #expect(try end(piece, database) == nil)
    let now = try #require(try Piece.claim(by: worker(2, other), for: 60, in: other))
    #expect(now.keys == 0...9)
    #expect(try end(piece, database) == nil)
    #expect(try end(now, other) == 1)
  }

  /// What has a fault is neither done nor half done.
  @Test func rowsAndTheEndOfAPieceAreOne() throws {
    let one = try worker(1, database)
    let piece = try #require(try Piece.claim(by: one, for: 60, in: database))
    _ = try end(piece, database)
    let next = try #require(try Piece.claim(by: one, for: 60, in: database))
    #expect(throws: PostgresError.self) {
      try next.end(making: "INSERT INTO made SELECT 0 FROM mine RETURNING 1", in: database)
    }
    #expect(try Piece.progress(of: run, in: database).done == 4)
    #expect(try end(next, database) == 1)
  }

  /// A training of a piece has a checkpoint of its own, which counts as work done, and only who has the piece writes it.
  @Test func aPieceHasACheckpoint() throws {
    let (frozen, quick) = (try worker(1, database), try worker(2, other))
    try Piece.divide(run, into: [0...0, 1...1], items: [5, 5], in: database)
    let first = try #require(try Piece.claim(by: frozen, for: 0.3, in: database))
    #expect(try first.keep(Checkpoint(step: 2, state: [1]), in: database))
    #expect(try first.keep(Checkpoint(step: 3, state: [2]), in: database))
    #expect(
      try Piece.progress(of: run, in: database)
        == PieceProgress(done: 3, total: 10, open: 2, free: 1))
    try database.execute("SELECT pg_sleep(0.4)")
    #expect(try !first.keep(Checkpoint(step: 4, state: [3]), in: database))
    #expect(try !first.end(result: [4], in: database))
    let again = try #require(try Piece.claim(by: quick, for: 60, in: other))
    let kept = try Checkpoint.read(run: run, piece: again.number, in: other)
    #expect(kept?.step == 3 && kept?.state == [2])
    #expect(try Checkpoint.read(run: run, in: other) == nil)
    #expect(try again.end(result: [5], in: other))
    #expect(try Checkpoint.read(run: run, piece: again.number, in: other) == nil)
    #expect(try Piece.results(of: run, in: database) == [[5]])
    #expect(
      try Piece.progress(of: run, in: database)
        == PieceProgress(done: 5, total: 10, open: 1, free: 1))
  }

  /// What is done of a run that was stopped stays done, and the rest is free.
  @Test func theRestIsFreed() throws {
    let ghost = try worker(1, database)
    let (first, second) = (
      try #require(try Piece.claim(by: ghost, for: 60, in: database)),
      try #require(try Piece.claim(by: ghost, for: 60, in: database))
    )
    #expect(try first.end(result: [1], in: database))
    #expect(try Piece.free(run, in: other))
    #expect(try !second.end(result: [2], in: database))
    #expect(try Piece.claim(by: worker(2, other), for: 60, in: other)?.number == second.number)
    let whole = try Fixture.newRun(.pretrain, in: database)
    #expect(try !Piece.free(whole, in: other))
  }
}
