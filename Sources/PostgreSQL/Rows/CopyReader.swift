import CPostgreSQL

extension Connection {
  /// Reads a query by binary COPY, row by row, in constant memory: the fastest way out.
  ///
  /// COPY takes no parameters: values in `sql` must be written as `raw` text.
  ///
  /// - Throws: ``PostgresError``; whatever `body` throws, after which the connection is usable.
  public func copy<each Column: PostgresColumn>(
    outOf sql: SQL, as columns: repeat (each Column).Type,
    forEach body: (repeat each Column) throws -> Void
  ) throws {
    let query = sql.numbered.text
    try checkTypes(of: query, repeat each columns)
    let statement = "COPY (\(query)) TO STDOUT (FORMAT binary)"
    _ = try check(PQexec(pointer, statement), sql: statement)
    var row = 0
    do {
      while let buffer = try nextCopyBuffer(sql: statement) {
        defer { PQfreemem(buffer.baseAddress) }
        guard
          let values = try Self.decodeCopy(
            UnsafeRawBufferPointer(buffer), row: row, sql: query, repeat each columns)
        else { continue }
        row += 1
        try body(repeat each values)
      }
    } catch {
      cancel()
      while let buffer = try? nextCopyBuffer(sql: statement) { PQfreemem(buffer.baseAddress) }
      drain()
      throw error
    }
    let result = PQgetResult(pointer)
    defer { drain() }
    _ = try check(result, sql: statement)
  }

  /// Asks the server to stop what it is doing.
  func cancel() {
    guard let handle = PQgetCancel(pointer) else { return }
    var message = [CChar](repeating: 0, count: 256)
    _ = PQcancel(handle, &message, 256)
    PQfreeCancel(handle)
  }

  private func checkTypes<each Column: PostgresColumn>(
    of query: String, _ columns: repeat (each Column).Type
  ) throws {
    let shape = try run(SQL(raw: "SELECT * FROM (\(query)) AS shape LIMIT 0"))
    var types: [UInt32] = []
    var names: [String] = []
    for column in 0..<shape.columnCount {
      types.append(shape.type(of: column))
      names.append(shape.name(of: column))
    }
    var check = ColumnCheck(types: types, names: names, sql: query)
    repeat try check.next(each columns)
  }

  private func nextCopyBuffer(sql: String) throws -> UnsafeMutableRawBufferPointer? {
    var bytes: UnsafeMutablePointer<CChar>?
    let count = PQgetCopyData(pointer, &bytes, 0)
    guard count != -2 else {
      throw PostgresError(
        kind: .server(state: "XX000"),
        message: PostgresError.oneLine(PQerrorMessage(pointer)), sql: sql)
    }
    guard count > 0, let bytes else { return nil }
    return UnsafeMutableRawBufferPointer(start: bytes, count: Int(count))
  }

  /// The values of a row; `nil` for the header's and the trailer's part of the stream.
  private static func decodeCopy<each Column: PostgresColumn>(
    _ buffer: UnsafeRawBufferPointer, row: Int, sql: String,
    _ columns: repeat (each Column).Type
  ) throws -> (repeat each Column)? {
    var reader = WireReader(buffer)
    // The server sends the 19 bytes of the header in front of the first row.
    if buffer.starts(with: "PGCOPY\n".utf8) { _ = reader.take(19) }
    guard let count = reader.int16(), count >= 0 else { return nil }
    var cells: [UnsafeRawBufferPointer?] = []
    for _ in 0..<count {
      guard let length = reader.int32() else { break }
      cells.append(length < 0 ? nil : reader.take(Int(length)))
    }
    let fields = cells
    var decoder = RowDecoder(
      row: row, sql: sql, name: { "\($0 + 1)" },
      cell: { $0 < fields.count ? fields[$0] : nil })
    return (repeat try decoder.next(each columns))
  }
}
