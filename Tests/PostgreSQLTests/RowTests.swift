import Foundation
import PostgreSQL
import TestSupport
import Testing

/// A row with a column of every kind.
private struct Sample: Equatable {
  enum Colour: String, PostgresColumn {
    case red, blue
  }

  struct Place: Equatable {
    var x: Double
    var y: Double

    static let columns = Columns<Self>(.column("x", \.x), .column("y", \.y), make: Self.init)
  }

  var small: Int
  var medium: Int?
  var large: Int
  var colour: Colour?
  var name: String
  var place: Place?
  var range: ClosedRange<Float>?
  var vector: [Float]

  init(_ large: Int) {
    small = -large % 100
    medium = large % 7 == 0 ? nil : large
    self.large = large << 40
    colour = [.red, .blue, nil][large % 3]
    name = "n\(large)"
    place = large % 5 == 0 ? nil : Place(x: Double(large), y: 0.5)
    range = large % 4 == 0 ? nil : Float(large)...Float(large + 1)
    vector = [Float(large), -1]
  }
}

extension Sample: TableRow {
  init(
    _ small: Int, _ medium: Int?, _ large: Int, _ colour: Colour?, _ name: String, _ place: Place?,
    _ range: ClosedRange<Float>?, _ vector: [Float]
  ) {
    self.init(0)
    (self.small, self.medium, self.large, self.colour) = (small, medium, large, colour)
    (self.name, self.place, self.range, self.vector) = (name, place, range, vector)
  }

  static let table = "sample"
  static let columns = Columns<Self>(
    .column("small", \.small), .column("medium", \.medium), .column("large", \.large),
    .column("colour", \.colour), .column("name", \.name),
    .group(\.place, optional: Place.columns), .group(\.range, optional: .bounds("low", "high")),
    .column("vector", \.vector), make: Self.init)
}

@Suite struct RowTests {
  private let connection: Connection

  init() throws {
    connection = try Connection(try TestServer.newDatabase())
    try connection.script(
      """
      CREATE TABLE sample (
          run bigint NOT NULL, small smallint NOT NULL, medium integer, large bigint, colour text,
          name text, x double precision, y double precision, low real, high real, vector real[]
      )
      """)
  }

  @Test func rowsComeBackAsTheyWere() throws {
    let samples = (0..<20_000).map { Sample($0) }
    #expect(try connection.copy(samples, with: ["run": 7]) == samples.count)
    let all: SQL = "SELECT \(Sample.columns, of: "s") FROM sample AS s ORDER BY large"
    #expect(try connection.rows(all, as: Sample.self) == samples)
    var copied: [Sample] = []
    try connection.copy(outOf: all, as: Sample.self) { copied.append($0) }
    #expect(copied == samples)
    let (run, last) = try connection.row(
      "SELECT run, \(Sample.columns) FROM sample WHERE large = \(samples[41].large)",
      as: Int.self, Sample.self)
    #expect(run == 7 && last == samples[41])
  }

  @Test func aFewRowsAreInsertedAsParameters() throws {
    let samples = [Sample(1), Sample(60)]
    for sample in samples {
      try connection.execute(
        "INSERT INTO sample (run, \(Sample.columns)) VALUES (1, \(values: sample))")
    }
    #expect(
      try connection.rows("SELECT \(Sample.columns) FROM sample ORDER BY large", as: Sample.self)
        == samples)
  }

  @Test(arguments: [(1 << 15, nil), (0, 1 << 31)] as [(Int, Int?)])
  func aNumberThatItsColumnCannotHoldIsRefused(_ small: Int, _ medium: Int?) throws {
    var sample = Sample(1)
    (sample.small, sample.medium) = (small, medium)
    let error = #expect(throws: PostgresError.self) {
      try connection.copy([Sample(2), sample], with: ["run": 1])
    }
    #expect(error?.message.contains("more than its column holds") == true)
    #expect(try connection.row("SELECT count(*) FROM sample", as: Int.self) == 0)
  }

  @Test func anUnknownRawValueIsRefused() throws {
    let error = #expect(throws: PostgresError.self) {
      try connection.row("SELECT 'green' AS colour", as: Sample.Colour.self)
    }
    #expect(error?.message.contains("column 'colour' of row 1 is no Colour") == true)
  }

  @Test func aColumnTooManyOrOfAnotherTypeIsRefused() throws {
    let few = #expect(throws: PostgresError.self) {
      try connection.row("SELECT 1::bigint, 2::bigint", as: Int.self)
    }
    #expect(few?.message == "the result has 2 columns, but 1 were asked for")
    try connection.script("ALTER TABLE sample ALTER large TYPE numeric")
    let other = #expect(throws: PostgresError.self) {
      try connection.copy([Sample(1)], with: ["run": 1])
    }
    #expect(other?.message.contains("column 'large' has type OID 1700") == true)
  }

  @Test func aThrowingCopyAddsNothing() throws {
    struct Refused: Error {}
    #expect(throws: Refused.self) {
      try connection.copy(into: "sample", Sample.columns, with: ["run": 1]) { rows in
        for number in 0..<50_000 { try rows.write(Sample(number)) }
        throw Refused()
      }
    }
    #expect(try connection.row("SELECT count(*) FROM sample", as: Int.self) == 0)
  }

  @Test func rowsComeAsBytesAndAsLines() throws {
    let query: SQL = """
      SELECT i, CASE WHEN i > 1 THEN 'a' || i END AS name, i = 1 AS first
      FROM generate_series(1, 2) AS i
      """
    var cells: [[[UInt8]?]] = []
    try connection.copy(cellsOutOf: query) { row in cells.append(row.map { $0.map { Array($0) } }) }
    #expect(cells == [[[0, 0, 0, 1], nil, [1]], [[0, 0, 0, 2], [97, 50], [0]]])
    var lines = ""
    try connection.copy(textOutOf: query) { lines += String(decoding: $0, as: UTF8.self) }
    #expect(lines == "1\t\\N\tt\n2\ta2\tf\n")
    lines = ""
    try connection.copy(textOutOf: query, options: ", FORMAT csv, FORCE_QUOTE (name)") {
      lines += String(decoding: $0, as: UTF8.self)
    }
    #expect(lines == "1,,t\n2,\"a2\",f\n")
  }

  @Test func aThrowingReaderLeavesTheConnectionUsable() throws {
    struct Enough: Error {}
    #expect(throws: Enough.self) {
      try connection.copy(outOf: "SELECT generate_series(1, 1000000)", as: Int.self) {
        if $0 == 3 { throw Enough() }
      }
    }
    #expect(try connection.row("SELECT 1", as: Int.self) == 1)
  }

  @Test func aCopyThatFailsOnTheWayTellsItsState() throws {
    let error = #expect(throws: PostgresError.self) {
      try connection.copy(
        outOf: "SELECT 1 / (90000 - i) FROM generate_series(1, 100000) AS i", as: Int.self
      ) { _ in }
    }
    #expect(error?.state == SQLState(rawValue: "22012"))
  }

  /// A connection that breaks in the middle of COPY has no SQLSTATE, and none is made up.
  @Test func aServerThatIsGoneIsAConnectionFailure() throws {
    try withTemporaryFolder { folder in
      let server = PrivateServer(folder: folder + "/server")
      try server.start()
      defer { _ = try? server.stop() }
      let connection = try Connection(server.connectionString)
      let backend = try connection.row("SELECT pg_backend_pid()", as: Int.self)
      let error = #expect(throws: PostgresError.self) {
        try connection.copy(outOf: "SELECT generate_series(1, 5000000)", as: Int.self) {
          if $0 == 1 { kill(pid_t(backend), SIGKILL) }
        }
      }
      #expect(error?.kind == .connection, "\(String(describing: error))")
    }
  }
}
