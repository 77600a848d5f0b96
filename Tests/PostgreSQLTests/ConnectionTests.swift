import Failures
import Foundation
import PostgreSQL
import TestSupport
import Testing

@Suite struct ConnectionTests {
  let address: String
  let connection: Connection

  init() throws {
    address = try TestServer.newDatabase()
    connection = try Connection(address)
  }

  @Test func valuesComeBackAsTheyWere() throws {
    let text = "Grüße 'quoted' \\ 天文"
    let row = try connection.row(
      """
      SELECT \(true), \(Int16.min), \(Int32.max), \(Int.min), \(Float.pi), \(Double.infinity),
          \(text), \([1, 0, 255] as [UInt8]), \([1.5, -2] as [Float]), \([] as [Int64]),
          \(["a", "b,c"])
      """,
      as: Bool.self, Int16.self, Int32.self, Int.self, Float.self, Double.self, String.self,
      [UInt8].self, [Float].self, [Int64].self, [String].self)
    #expect(row.0 && row.1 == .min && row.2 == .max && row.3 == .min && row.4 == .pi)
    #expect(row.5 == .infinity && row.6 == text && row.7 == [1, 0, 255])
    #expect(row.8 == [1.5, -2] && row.9.isEmpty && row.10 == ["a", "b,c"])
  }

  @Test(arguments: [
    ("postgresql://reber@/reber?host=%2Ftmp%2Fa%20b", "reber@/reber?host=%2Ftmp%2Fa%20b"),
    ("postgresql://me@h/radio_surveys-2.0", "me@/radio_surveys-2.0?host=h"), ("", "/"),
    ("host=h,g port=5432,5433 user=ada", "ada@/?host=h%2Cg&port=5432%2C5433"),
    (
      "postgres://ada:p%40b@server:5433/sky?sslmode=require",
      "ada:p%40b@/sky?host=server&port=5433&sslmode=require"
    ),
  ])
  func addressesForSQLAlchemySayTheSame(address: String, rest: String) throws {
    #expect(try ConnectionString.forSQLAlchemy(address) == "postgresql+psycopg://" + rest)
  }

  @Test func whatIsNoAddressIsNoneForSQLAlchemy() throws {
    let error = #expect(throws: PostgresError.self) { try ConnectionString.forSQLAlchemy("host") }
    #expect(error?.message.hasPrefix("the database's address is none: ") == true)
  }

  @Test func nullNeedsAnOptional() throws {
    let (number, nothing) = try connection.row(
      "SELECT 1::real, NULL::real", as: Float?.self, Float?.self)
    #expect(number == 1 && nothing == nil)
    let error = #expect(throws: PostgresError.self) {
      try connection.row("SELECT NULL::real AS flux", as: Float.self)
    }
    #expect(error?.message.contains("'flux' is null in row 1") == true)
  }

  @Test func anotherTypeIsRefused() throws {
    let error = #expect(throws: PostgresError.self) {
      try connection.row("SELECT 1.5::double precision AS flux", as: Float.self)
    }
    #expect(error?.message.contains("column 'flux' has type OID 701") == true)
  }

  @Test func serverErrorsTellTheirState() throws {
    let error = #expect(throws: PostgresError.self) { try connection.execute("SELECT 1 / 0") }
    #expect(error?.state == SQLState(rawValue: "22012"))
  }

  @Test func anUnreachableServerIsOneClearLine() throws {
    let error = #expect(throws: PostgresError.self) {
      try Connection("host=/nonexistent dbname=x")
    }
    #expect(error?.isConnectionFailure == true)
    #expect(error?.description.contains("\n") == false)
  }

  /// Whoever reads it has to do something else than to call for us.
  @Test(arguments: [
    ("53100", Failures.ExitStatus.cannotCreate, "there is no room on the disk of the database"),
    ("40P01", .busy, "somebody else is at the same rows"),
    ("55P03", .busy, "somebody else is at the same rows"),
    ("57P01", .unavailable, "the connection to the database was lost"),
    ("57P02", .unavailable, "the connection to the database was lost"),
    ("08006", .unavailable, "the connection to the database was lost"),
  ]) func whatIsNoFaultOfTheProgramIsSaidInASentence(
    state: String, status: Failures.ExitStatus, sentence: String
  ) throws {
    let error = #expect(throws: PostgresError.self) {
      try connection.script("DO $$ BEGIN RAISE 'x' USING ERRCODE = '\(state)'; END $$")
    }
    #expect(error?.exitStatus == status)
    #expect(error?.description.hasPrefix(sentence) == true)
    #expect(error?.description.contains("SQLSTATE") == false)
  }

  @Test func aServerThatIsGoneIsUnavailable() throws {
    let other = try Connection(address)
    let process = try connection.row("SELECT pg_backend_pid()", as: Int32.self)
    _ = try other.row("SELECT pg_terminate_backend(\(process))", as: Bool.self)
    let error = #expect(throws: PostgresError.self) { try connection.execute("SELECT 1") }
    #expect(error?.exitStatus == .unavailable && error?.isConnectionFailure == true)
  }

  @Test func innerTransactionsAreSavepoints() throws {
    struct Refused: Error {}
    try connection.script("CREATE TABLE t (i bigint)")
    try connection.transaction { connection in
      try connection.execute("INSERT INTO t VALUES (1)")
      #expect(throws: Refused.self) {
        try connection.transaction { connection in
          try connection.execute("INSERT INTO t VALUES (2)")
          throw Refused()
        }
      }
    }
    #expect(try connection.rows("SELECT i FROM t", as: Int.self) == [1])
  }

  @Test func cancellingATaskCancelsTheStatement() async throws {
    let address = try TestServer.newDatabase()
    let (database, watcher) = (try await Database(address), try Connection(address))
    let task = Task { try await database.with { try $0.execute("SELECT pg_sleep(300)") } }
    while try !isSleeping(as: watcher) { try await Task.sleep(for: .milliseconds(20)) }
    task.cancel()
    let error = await #expect(throws: PostgresError.self) { try await task.value }
    #expect(error?.state?.rawValue == "57014")
    #expect(try await database.with { try $0.row("SELECT 1::bigint", as: Int.self) } == 1)
  }

  private func isSleeping(as watcher: Connection) throws -> Bool {
    try watcher.row(
      """
      SELECT EXISTS (
          SELECT FROM pg_stat_activity
          WHERE datname = current_database() AND state = 'active' AND query LIKE '%pg_sleep(%'
              AND pid <> pg_backend_pid()
      )
      """, as: Bool.self)
  }

  @Test func jsonKeepsItsMeaning() throws {
    let json = try JSON(encoding: ["b": [1, 2], "a": []])
    #expect(json.text == #"{"a":[],"b":[1,2]}"#)
    let back = try connection.row("SELECT \(json)", as: JSON.self)
    #expect(try back.decode(as: [String: [Int]].self) == ["a": [], "b": [1, 2]])
  }
}
