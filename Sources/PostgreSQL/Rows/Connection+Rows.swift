import CPostgreSQL

extension Connection {
  /// All rows of a result, each as a tuple of the asked types.
  ///
  /// ```swift
  /// for (id, flux) in try connection.rows("SELECT id, flux FROM source", as: Int.self, Float?.self)
  /// ```
  ///
  /// - Throws: ``PostgresError``; of kind `decoding` where a column has another type, or is null
  ///   where the type is not optional.
  public func rows<each Column: PostgresColumn>(
    _ sql: SQL, as columns: repeat (each Column).Type
  ) throws -> [(repeat each Column)] {
    let result = try run(sql)
    let text = sql.numbered.text
    try Self.checkColumns(result, sql: text, repeat each columns)
    var rows: [(repeat each Column)] = []
    rows.reserveCapacity(result.rowCount)
    for row in 0..<result.rowCount {
      rows.append(try Self.decode(result, row: row, sql: text, repeat each columns))
    }
    return rows
  }

  /// The first row, or `nil` where there is none.
  public func first<each Column: PostgresColumn>(
    _ sql: SQL, as columns: repeat (each Column).Type
  ) throws -> (repeat each Column)? {
    try rows(sql, as: repeat each columns).first
  }

  /// The only row.
  ///
  /// - Throws: ``PostgresError`` where there is none or more than one.
  public func row<each Column: PostgresColumn>(
    _ sql: SQL, as columns: repeat (each Column).Type
  ) throws -> (repeat each Column) {
    let rows = try rows(sql, as: repeat each columns)
    guard let row = rows.first, rows.count == 1 else {
      throw PostgresError.decoding(
        "one row was expected, \(rows.count) came", sql: sql.numbered.text)
    }
    return row
  }

  /// Gives the rows in turn, in memory that does not grow with their number.
  public func forEachRow<each Column: PostgresColumn>(
    _ sql: SQL, as columns: repeat (each Column).Type,
    do body: (repeat each Column) throws -> Void
  ) throws {
    let text = sql.numbered.text
    var checked = false
    try stream(sql, inText: false) { result in
      if !checked { try Self.checkColumns(result, sql: text, repeat each columns) }
      checked = true
      for row in 0..<result.rowCount {
        let values = try Self.decode(result, row: row, sql: text, repeat each columns)
        try body(repeat each values)
      }
    }
  }

  /// Runs any query and gives its columns once, then its rows in turn as text, null for null.
  public func query(
    _ sql: SQL, columns: ([ResultColumn]) throws -> Void, row: ([String?]) throws -> Void
  ) throws {
    var told = false
    try stream(sql, inText: true) { result in
      let count = result.columnCount
      if !told {
        try columns(
          (0..<count).map { ResultColumn(name: result.name(of: $0), typeOID: result.type(of: $0)) })
      }
      told = true
      for index in 0..<result.rowCount {
        try row(
          (0..<count).map { column in
            result.bytes(row: index, column: column).map { String(decoding: $0, as: UTF8.self) }
          })
      }
    }
  }

  /// A column of any result.
  public struct ResultColumn: Sendable, Equatable {
    /// The name.
    public var name: String
    /// The type's OID.
    public var typeOID: UInt32
  }

  /// Reads by a cursor, a few thousand rows at a time.
  private func stream(
    _ sql: SQL, inText: Bool, _ body: (borrowing Result) throws -> Void
  ) throws {
    let head = sql.numbered.text.drop(while: \.isWhitespace).prefix(6).lowercased()
    guard ["select", "with", "table", "values"].contains(where: head.hasPrefix) else {
      return try body(try run(sql, inText: inText))
    }
    try transaction { connection in
      try connection.execute("DECLARE reber_stream NO SCROLL CURSOR FOR \(sql)")
      while true {
        let result = try connection.run("FETCH 2000 FROM reber_stream", inText: inText)
        try body(result)
        if result.rowCount < 2000 { break }
      }
      try connection.execute("CLOSE reber_stream")
    }
  }

  private static func checkColumns<each Column: PostgresColumn>(
    _ result: borrowing Result, sql: String, _ columns: repeat (each Column).Type
  ) throws {
    let count = result.columnCount
    var types: [UInt32] = []
    var names: [String] = []
    for column in 0..<count {
      types.append(result.type(of: column))
      names.append(result.name(of: column))
    }
    var check = ColumnCheck(types: types, names: names, sql: sql)
    repeat try check.next(each columns)
  }

  private static func decode<each Column: PostgresColumn>(
    _ result: borrowing Result, row: Int, sql: String, _ columns: repeat (each Column).Type
  ) throws -> (repeat each Column) {
    let pointer = result.pointer
    var decoder = RowDecoder(
      row: row, sql: sql, name: { String(cString: PQfname(pointer, Int32($0))) },
      cell: { column in
        guard PQgetisnull(pointer, Int32(row), Int32(column)) == 0 else { return nil }
        return UnsafeRawBufferPointer(
          start: PQgetvalue(pointer, Int32(row), Int32(column)),
          count: Int(PQgetlength(pointer, Int32(row), Int32(column))))
      })
    return (repeat try decoder.next(each columns))
  }
}
