public import Astronomy
import CPostgreSQL

/// Takes rows on their way into a table, by binary COPY.
///
/// It lives inside the closure of ``Connection/copy(into:_:with:_:)``, and sends 64 KiB at a time.
public struct CopyWriter<Row>: ~Copyable {
  private let connection: OpaquePointer
  @usableFromInline let types: [PostgresType]
  @usableFromInline let appends: [Field<Row>.Append]
  @usableFromInline let cells: CellColumns<Row>?
  /// The cells that stand at the end of each row, behind their lengths.
  @usableFromInline let shared: [UInt8]
  @usableFromInline var buffer =
    Array("PGCOPY\n".utf8) + [0xFF, 0x0D, 0x0A, 0, 0, 0, 0, 0, 0, 0, 0, 0]

  /// libpq sends best in pieces of this size.
  @usableFromInline static var chunk: Int { 64 << 10 }

  fileprivate init(
    _ connection: OpaquePointer, _ target: CopyTarget<Row>, _ types: [PostgresType]
  ) throws {
    self.connection = connection
    self.types = types
    appends = target.columns.fields.map(\.append)
    cells = target.columns.cells
    var shared: [UInt8] = []
    for ((_, value), type) in zip(target.shared, types.suffix(target.shared.count)) {
      try value.append(to: &shared, as: type)
    }
    self.shared = shared
  }

  /// Adds a row.
  ///
  /// It is compiled where the row's type is known: a loop over generic closures takes twice as long.
  ///
  /// - Throws: ``PostgresError`` where a number is more than its column holds.
  @inlinable
  public mutating func write(_ row: Row) throws {
    Int16(types.count).appendBigEndian(to: &buffer)
    for index in appends.indices { try appends[index](row, types[index], &buffer) }
    if let cells {
      let values = cells.values(row)
      for index in cells.names.indices {
        try values[index].append(to: &buffer, as: types[appends.count + index])
      }
    }
    buffer.append(contentsOf: shared)
    if buffer.count >= Self.chunk { try flush() }
  }

  @usableFromInline
  mutating func flush() throws {
    let sent = buffer.withUnsafeBytes { bytes in
      PQputCopyData(
        connection, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(bytes.count))
    }
    guard sent == 1 else {
      throw PostgresError(
        kind: .connection, message: PostgresError.oneLine(PQerrorMessage(connection)))
    }
    buffer.removeAll(keepingCapacity: true)
  }

  fileprivate mutating func finish() throws {
    Int16(-1).appendBigEndian(to: &buffer)
    try flush()
  }
}

/// Columns of a table that have the same value in all rows which are written.
public typealias SharedValues = KeyValuePairs<String, any PostgresColumn>

extension Connection {
  /// Writes rows into their table by binary COPY, the fastest way in.
  ///
  /// - Parameters:
  ///   - rows: The rows.
  ///   - table: Where they go, if not into the table of their type: one that is like it.
  ///   - shared: Columns that the row type lacks, with their values: `["run_id": run]`.
  /// - Returns: How many rows were added.
  /// - Throws: ``PostgresError``; nothing is added then.
  @discardableResult
  public func copy<Row: TableRow>(
    _ rows: some Sequence<Row>, into table: String = Row.table, with shared: SharedValues = [:]
  ) throws -> Int {
    try copy(into: table, Row.columns, with: shared) { writer in
      for row in rows { try writer.write(row) }
    }
  }

  /// Writes rows into a table by binary COPY as `body` makes them.
  ///
  /// The types of the table's columns are learned first.
  ///
  /// - Throws: ``PostgresError``, or what `body` throws; nothing is added then.
  @discardableResult
  public func copy<Row>(
    into table: String, _ columns: Columns<Row>, with shared: SharedValues = [:],
    _ body: (inout CopyWriter<Row>) throws -> Void
  ) throws -> Int {
    let target = CopyTarget(columns: columns, shared: shared)
    let types = try types(of: target, table: table)
    var writer = try CopyWriter(pointer, target, types)
    let sql = "COPY \(table) (\(target.list)) FROM STDIN (FORMAT binary)"
    _ = try check(PQexec(pointer, sql), sql: sql)
    do {
      try body(&writer)
      try writer.finish()
    } catch {
      _ = PQputCopyEnd(pointer, "abandoned")
      drain()
      throw error
    }
    _ = PQputCopyEnd(pointer, nil)
    return try finishCopy(sql: sql).affected
  }

  private func types<Row>(
    of target: CopyTarget<Row>, table: String
  ) throws -> [PostgresType] {
    let sql = "SELECT \(target.list) FROM \(table) LIMIT 0"
    let shape = ResultShape(try run(SQL(raw: sql)), sql: sql)
    try shape.check(target.expected)
    return shape.types
  }

  /// The result behind the data of a COPY.
  func finishCopy(sql: String) throws -> Result {
    let result = PQgetResult(pointer)
    defer { drain() }
    return try check(result, sql: sql)
  }

  func drain() {
    while let result = PQgetResult(pointer) { PQclear(result) }
  }
}

/// What is written of each row: its columns, its cells, and what all rows share.
private struct CopyTarget<Row> {
  let columns: Columns<Row>
  let shared: SharedValues

  /// The names, as COPY and SELECT take them.
  var list: String {
    let cells = columns.cells?.names.map(quoted(identifier:)) ?? []
    return (columns.fields.map(\.sql) + cells + shared.map(\.key)).joined(separator: ", ")
  }

  /// What the columns must be.
  var expected: [ExpectedCell] {
    let cell = ExpectedCell(name: "Value", types: Value.writtenTypes)
    return columns.fields.map(\.expected) + (columns.cells?.names ?? []).map { _ in cell }
      + shared.map(\.value.expectedCell)
  }
}

extension PostgresColumn {
  fileprivate var expectedCell: ExpectedCell { Self.expected[0] }
}
