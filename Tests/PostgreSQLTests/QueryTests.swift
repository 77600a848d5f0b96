import Astronomy
import Foundation
import PostgreSQL
import TestSupport
import Testing

/// Queries whose columns are not known beforehand.
@Suite struct QueryTests {
  private let address: String
  private let connection: Connection

  init() throws {
    address = try TestServer.newDatabase()
    connection = try Connection(address)
  }

  private func texts(_ sql: String) throws -> [[String?]] {
    var columns: [ResultColumn] = []
    var rows: [[String?]] = []
    try connection.query(
      SQL(raw: sql), columns: { columns = $0 },
      row: { values in rows.append(zip(columns, values).map { $0.text(of: $1) }) })
    return rows
  }

  /// What psql prints, with `∅` for null.
  private func psql(_ sql: String) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [
      "psql", "-X", "-A", "-t", "-F", "¦", "-P", "null=∅", "-d", address, "-c", sql,
    ]
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: data, as: UTF8.self)
  }

  @Test(arguments: [
    "SELECT true, false, NULL::bool", "SELECT 1::smallint, -2::integer, 3::bigint, 4::oid",
    "SELECT 0.1::real, 1e6::real, 999999::real, 1e-5::real, '-0'::real, 'NaN'::real, 3.4e38::real",
    "SELECT 1e15::float8, 1e14::float8, 1e-5::float8, 1e-4::float8, '-inf'::float8, 5e-324::float8",
    "SELECT 123456.75::float8, 1e23::float8, 9007199254740993::float8, 0::float8, -12.5::float8",
    "SELECT 1.50::numeric, 'NaN'::numeric, 12345678901234567890::numeric, sum(x) FROM (VALUES (1)) v(x)",
    "SELECT 'a¦b'::text, 'x'::varchar(3), 'x'::char(3), 'n'::name, 'c'::\"char\", '', NULL::text",
    #"SELECT '\\x00ff'::bytea, '{"b": 1, "a": [1,2]}'::json, '{"b": 1, "a": [1,2]}'::jsonb"#,
    "SELECT '2025-11-29 04:05:06.123+02'::timestamptz, '2025-11-29 04:05:06'::timestamp, 'infinity'::date",
    "SELECT '2025-11-29'::date, '04:05:06.5'::time, '1 year 2 days 03:04:05'::interval",
    "SELECT 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid, '192.168.0.1'::inet, 'reber'::regnamespace",
    "SELECT ARRAY[1, 2, NULL], ARRAY[0.1::real, 1e10], ARRAY['a', 'b,c', 'd\"e'], '{}'::text[]",
    "SELECT (1, 'a', NULL), '(1,2)'::point, '[1,5)'::int4range, 1::money",
    "VALUES (1, 'one'), (2, NULL)", "TABLE pg_catalog.pg_am", "SHOW server_version",
    "SELECT i, i::float8 / 7, (i / 7.0)::real FROM generate_series(-3000, 3000) AS i",
    "SELECT 1 AS a, 2 AS a; -- a comment",
  ])
  func textIsThatOfPsql(_ sql: String) throws {
    try connection.script("CREATE SCHEMA reber")
    let ours = try texts(sql).map { row in
      row.map { $0 ?? "∅" }.joined(separator: "¦") + "\n"
    }.joined()
    #expect(ours == (try psql(sql)))
  }

  /// Numbers over the whole range, powers of two and of ten among them.
  @Test func numbersAreWrittenAsTheServerDoes() throws {
    try connection.script("SELECT setseed(0.5)")
    let differing = try texts(
      """
      WITH double AS (
          SELECT (random() - 0.5) * 10 ^ (random() * 600 - 300) AS x FROM generate_series(1, 60000)
          UNION ALL SELECT (2::numeric ^ i)::float8 FROM generate_series(0, 1000) AS i
          UNION ALL SELECT (1 / 2::numeric ^ i)::float8 FROM generate_series(1, 300) AS i
          UNION ALL SELECT ('1e' || i)::float8 FROM generate_series(-300, 300) AS i
          UNION ALL SELECT ('5e' || i)::float8 FROM generate_series(-300, 300) AS i
      ), float AS (
          SELECT ((random() - 0.5) * 10 ^ (random() * 70 - 35))::real AS x
          FROM generate_series(1, 60000)
          UNION ALL SELECT (2::numeric ^ i)::real FROM generate_series(0, 120) AS i
          UNION ALL SELECT ('1e' || i)::real FROM generate_series(-37, 37) AS i
      )
      SELECT x, x::text, NULL::real FROM double
      UNION ALL SELECT NULL, x::text, x FROM float
      """
    ).filter { ($0[0] ?? $0[2]) != $0[1] }
    #expect(differing.isEmpty, "\(differing.count), such as \(differing.prefix(5))")
  }

  @Test func typesAreKept() throws {
    var found: [Value] = []
    var columns: [ResultColumn] = []
    try connection.query(
      "SELECT 1::smallint, \(2.5), 'NaN'::real AS rest, '' AS empty, NULL::text, true",
      columns: { columns = $0 }, row: { found = $0 })
    #expect(found.count == 6 && found[0] == .integer(1) && found[1] == .real(2.5))
    #expect(found[3] == .text("") && found[4] == .null && found[5] == .boolean(true))
    #expect(columns.map(\.name)[2...3] == ["rest", "empty"])
    #expect(columns[2].type == .real && columns[2].text(of: found[2]) == "NaN")
  }

  @Test func aStatementWithoutRowsTellsThatItHasNoColumns() throws {
    var told: [[ResultColumn]] = []
    try connection.query("SET work_mem = '8MB'", columns: { told.append($0) }, row: { _ in })
    #expect(told == [[]])
  }

  @Test func anErrorOnTheWayTellsItsStateAndLeavesTheConnection() throws {
    var rows = 0
    let error = #expect(throws: PostgresError.self) {
      try connection.query(
        "SELECT 1 / (5000 - i) FROM generate_series(1, 10000) AS i", columns: { _ in },
        row: { _ in rows += 1 })
    }
    #expect(error?.state == SQLState(rawValue: "22012") && rows == 4999)
    #expect(try connection.row("SELECT 1", as: Int.self) == 1)
  }
}
