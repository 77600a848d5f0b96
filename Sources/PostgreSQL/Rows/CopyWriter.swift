import CPostgreSQL

/// Takes rows on their way into a table, by binary COPY.
public final class CopyWriter {
  private let connection: OpaquePointer
  private let types: [UInt32]
  private let columns: [String]
  private let table: String
  private var buffer: [UInt8] = []
  private var rows = 0

  /// libpq sends best in pieces of this size.
  private static let chunk = 64 << 10

  init(_ connection: OpaquePointer, table: String, columns: [String], types: [UInt32]) {
    self.connection = connection
    self.table = table
    self.columns = columns
    self.types = types
    buffer = Array("PGCOPY\n".utf8) + [0xFF, 0x0D, 0x0A, 0, 0, 0, 0, 0, 0, 0, 0, 0]
  }

  /// Adds a row: a value for each column, in their order.
  ///
  /// - Throws: ``PostgresError`` where a value has another type than its column.
  public func row<each Column: PostgresColumn>(_ values: repeat each Column) throws {
    var index = 0
    if rows == 0 {
      for column in repeat (each Column).self {
        try check(column, at: index)
        index += 1
      }
      guard index == columns.count else {
        throw PostgresError.decoding(
          "\(table) was to get \(columns.count) columns, but a row has \(index)", sql: nil)
      }
    }
    Int16(columns.count).appendBigEndian(to: &buffer)
    repeat append(each values)
    rows += 1
    if buffer.count >= Self.chunk { try flush() }
  }

  private func append(_ value: some PostgresColumn) {
    if let wire = value.wire {
      appendWithLength(wire, to: &buffer)
    } else {
      Int32(-1).appendBigEndian(to: &buffer)
    }
  }

  private func check<Column: PostgresColumn>(_: Column.Type, at index: Int) throws {
    guard index < types.count else { return }
    guard types[index] == Column.Wire.typeOID else {
      throw PostgresError.decoding(
        """
        column '\(columns[index])' of \(table) has type OID \(types[index]), but \
        \(Column.self) was given
        """, sql: nil)
    }
  }

  private func flush() throws {
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

  func finish() throws {
    Int16(-1).appendBigEndian(to: &buffer)
    try flush()
  }
}

extension Connection {
  /// Fills a table by binary COPY: the fastest way in.
  ///
  /// The types of the columns are learned first and compared with the first row's.
  ///
  /// - Parameters:
  ///   - table: The table, with its schema where it needs one: `reber.source`.
  ///   - columns: The columns that each row has a value for.
  ///   - body: Writes the rows. Where it throws, nothing is added.
  /// - Returns: The number of rows that were added.
  /// - Throws: ``PostgresError``, or what `body` throws; nothing is added then.
  @discardableResult
  public func copy(
    into table: String, columns: [String], _ body: (CopyWriter) throws -> Void
  ) throws -> Int {
    let target = table.split(separator: ".").map { quoted(identifier: String($0)) }
      .joined(separator: ".")
    let list = columns.map(quoted(identifier:)).joined(separator: ", ")
    let shape = try run(SQL(raw: "SELECT \(list) FROM \(target) LIMIT 0"))
    var types: [UInt32] = []
    for column in 0..<shape.columnCount { types.append(shape.type(of: column)) }
    let sql = "COPY \(target) (\(list)) FROM STDIN (FORMAT binary)"
    _ = try check(PQexec(pointer, sql), sql: sql)
    let writer = CopyWriter(pointer, table: table, columns: columns, types: types)
    do {
      try body(writer)
      try writer.finish()
    } catch {
      _ = PQputCopyEnd(pointer, "abandoned")
      drain()
      throw error
    }
    _ = PQputCopyEnd(pointer, nil)
    return try finishCopy(sql: sql)
  }

  private func finishCopy(sql: String) throws -> Int {
    let result = PQgetResult(pointer)
    defer { drain() }
    return try check(result, sql: sql).affected
  }

  func drain() {
    while let result = PQgetResult(pointer) { PQclear(result) }
  }
}
