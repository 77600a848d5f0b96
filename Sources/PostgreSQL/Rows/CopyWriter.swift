import CPostgreSQL

/// Takes rows on their way into a table, by binary COPY.
///
/// It lives inside the closure of ``Connection/copy(into:_:with:_:)``, and sends 64 KiB at a time.
public struct CopyWriter<Row>: ~Copyable {
  private let connection: OpaquePointer
  private let fields: [Field<Row>]
  private let types: [PostgresType]
  private var buffer = Array("PGCOPY\n".utf8) + [0xFF, 0x0D, 0x0A, 0, 0, 0, 0, 0, 0, 0, 0, 0]

  /// libpq sends best in pieces of this size.
  private static var chunk: Int { 64 << 10 }

  fileprivate init(_ connection: OpaquePointer, _ fields: [Field<Row>], _ types: [PostgresType]) {
    self.connection = connection
    self.fields = fields
    self.types = types
  }

  /// Adds a row.
  ///
  /// - Throws: ``PostgresError`` where a number is more than its column holds.
  public mutating func write(_ row: Row) throws {
    Int16(fields.count).appendBigEndian(to: &buffer)
    // By index: an iterator over pairs of generic closures took half of the time.
    for index in fields.indices { try fields[index].append(row, types[index], &buffer) }
    if buffer.count >= Self.chunk { try flush() }
  }

  private mutating func flush() throws {
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
    let fields = columns.fields + shared.map { Field(shared: $0.key, $0.value) }
    let list = fields.map(\.sql).joined(separator: ", ")
    let types = try types(of: fields, table: table, list: list)
    let sql = "COPY \(table) (\(list)) FROM STDIN (FORMAT binary)"
    _ = try check(PQexec(pointer, sql), sql: sql)
    var writer = CopyWriter(pointer, fields, types)
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
    of fields: [Field<Row>], table: String, list: String
  ) throws -> [PostgresType] {
    let sql = "SELECT \(list) FROM \(table) LIMIT 0"
    let shape = ResultShape(try run(SQL(raw: sql)), sql: sql)
    try shape.check(fields.map(\.expected))
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

extension Field {
  /// A column that has the same value in all rows.
  init(shared name: String, _ value: any PostgresColumn) {
    self.init(
      sql: name, expected: value.expectedCell,
      append: { _, type, buffer in try value.append(to: &buffer, as: type) })
  }
}

extension PostgresColumn {
  fileprivate var expectedCell: ExpectedCell { Self.expected[0] }
}
