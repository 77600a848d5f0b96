import CPostgreSQL

extension Connection {
  /// All rows of a result, each a row type, a value, or a tuple of such.
  ///
  /// ```swift
  /// let runs = try connection.rows("SELECT \(Run.columns) FROM reber.run", as: Run.self)
  /// for (id, flux) in try connection.rows("SELECT id, flux FROM source", as: Int.self, Float?.self)
  /// ```
  ///
  /// - Throws: ``PostgresError``; of kind `decoding` where a column has another type, or is null
  ///   where the type is not optional.
  public func rows<each Value: PostgresReadable>(
    _ sql: SQL, as values: repeat (each Value).Type
  ) throws -> [(repeat each Value)] {
    let result = try run(sql)
    let shape = ResultShape(result, sql: sql.numbered.text)
    try shape.check(repeat each values)
    var cells = RowReader(shape)
    var rows: [(repeat each Value)] = []
    rows.reserveCapacity(result.rowCount)
    for row in 0..<result.rowCount {
      cells.begin(row: row, of: result)
      rows.append((repeat try (each values).read(from: &cells)))
    }
    return rows
  }

  /// All rows of a result of two columns, by the first, of which the last row counts.
  ///
  /// - Throws: ``PostgresError``, as `rows` does.
  public func table<Key: PostgresReadable & Hashable, Value: PostgresReadable>(
    _ sql: SQL, by key: Key.Type, _ value: Value.Type
  ) throws -> [Key: Value] {
    Dictionary(try rows(sql, as: key, value).map { ($0, $1) }, uniquingKeysWith: { $1 })
  }

  /// The first row, or `nil` where there is none.
  ///
  /// - Throws: ``PostgresError``, as `rows` does.
  public func first<each Value: PostgresReadable>(
    _ sql: SQL, as values: repeat (each Value).Type
  ) throws -> (repeat each Value)? {
    try rows(sql, as: repeat each values).first
  }

  /// The only row.
  ///
  /// - Throws: ``PostgresError`` where there is none or more than one.
  public func row<each Value: PostgresReadable>(
    _ sql: SQL, as values: repeat (each Value).Type
  ) throws -> (repeat each Value) {
    let rows = try rows(sql, as: repeat each values)
    guard let row = rows.first, rows.count == 1 else {
      throw PostgresError.decoding(
        "one row was expected, \(rows.count) came", sql: sql.numbered.text)
    }
    return row
  }
}
