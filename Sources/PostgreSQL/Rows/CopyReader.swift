import CPostgreSQL

extension Connection {
  /// Reads a query by binary COPY, row by row, in constant memory: the fastest way out.
  ///
  /// COPY takes no parameters: values in `sql` must be written as `raw` text.
  ///
  /// - Throws: ``PostgresError``; whatever `body` throws, after which the connection is usable.
  public func copy<each Value: PostgresReadable>(
    outOf sql: SQL, as values: repeat (each Value).Type,
    forEach body: (repeat each Value) throws -> Void
  ) throws {
    let query = sql.numbered.text
    let shape = ResultShape(
      try run(SQL(raw: "SELECT * FROM (\(query)) AS shape LIMIT 0")), sql: query)
    try shape.check(repeat each values)
    var cells = RowReader(shape)
    try copyOut("COPY (\(query)) TO STDOUT (FORMAT binary)") { bytes in
      guard cells.begin(copied: bytes) else { return }
      try body(repeat try (each values).read(from: &cells))
    }
  }

  /// Reads a query by binary COPY as the bytes of its cells, `nil` for null, row by row, in constant
  /// memory.
  ///
  /// The bytes are those of `pg_type`'s send functions, and are there as long as `body` runs. Values in
  /// `sql` must be written as `raw` text.
  ///
  /// - Throws: ``PostgresError``; whatever `body` throws, after which the connection is usable.
  public func copy(
    cellsOutOf sql: SQL, forEach body: ([UnsafeRawBufferPointer?]) throws -> Void
  ) throws {
    let query = sql.numbered.text
    var cells = RowReader(ResultShape(sql: query))
    try copyOut("COPY (\(query)) TO STDOUT (FORMAT binary)") { bytes in
      guard cells.begin(copied: bytes) else { return }
      try body(cells.cells)
    }
  }

  /// Reads a query by COPY as lines of text in UTF-8, as PostgreSQL's manual describes them, in constant
  /// memory.
  ///
  /// The bytes of a line, with its end, are there as long as `body` runs. Values in `sql` must be
  /// written as `raw` text.
  ///
  /// - Parameters:
  ///   - sql: The query.
  ///   - options: Further options of COPY, which begin with a comma.
  ///   - body: Takes a line.
  /// - Throws: ``PostgresError``; whatever `body` throws, after which the connection is usable.
  public func copy(
    textOutOf sql: SQL, options: SQL = "", forEach body: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    let (query, options) = (sql.numbered.text, options.numbered.text)
    try copyOut("COPY (\(query)) TO STDOUT (ENCODING 'UTF8'\(options))", body)
  }

  /// Reads a query as the bytes of a binary COPY, in constant memory; gives the number of rows.
  ///
  /// They are the same on all machines and in all versions of PostgreSQL.
  ///
  /// - Throws: ``PostgresError``; whatever `body` throws, after which the connection is usable.
  public func copy(bytesOutOf sql: SQL, forEach body: (UnsafeRawBufferPointer) throws -> Void)
    throws -> Int
  {
    var messages = 0
    try copyOut("COPY (\(sql.numbered.text)) TO STDOUT (FORMAT binary)") { bytes in
      messages += 1
      try body(bytes)
    }
    // The last is the trailer; that of no rows has the header too.
    return messages - 1
  }

  private func copyOut(
    _ statement: String, _ body: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    _ = try check(PQexec(pointer, statement), sql: statement)
    do {
      while let buffer = try nextCopyBuffer(sql: statement) {
        defer { PQfreemem(buffer.baseAddress) }
        try body(UnsafeRawBufferPointer(buffer))
      }
    } catch {
      cancel()
      while let buffer = try? nextCopyBuffer(sql: statement) { PQfreemem(buffer.baseAddress) }
      drain()
      throw error
    }
    _ = try finishCopy(sql: statement)
  }

  /// Asks the server to stop what it is doing.
  func cancel() {
    guard let handle = PQgetCancel(pointer) else { return }
    var message = [CChar](repeating: 0, count: 256)
    _ = PQcancel(handle, &message, 256)
    PQfreeCancel(handle)
  }

  private func nextCopyBuffer(sql: String) throws -> UnsafeMutableRawBufferPointer? {
    var bytes: UnsafeMutablePointer<CChar>?
    let count = PQgetCopyData(pointer, &bytes, 0)
    if count == -2 {
      let result = PQgetResult(pointer)
      defer { PQclear(result) }
      throw PostgresError(result: result, connection: pointer, sql: sql)
    }
    guard count > 0, let bytes else { return nil }
    return UnsafeMutableRawBufferPointer(start: bytes, count: Int(count))
  }
}
