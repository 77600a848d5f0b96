public import Astronomy
import CPostgreSQL

/// A column of a result that is not known before the query is.
///
/// Names need not be unique, and are `?column?` for what has none.
public struct ResultColumn: Sendable, Equatable {
  /// The name.
  public var name: String

  /// The type.
  public var type: PostgresType
}

extension Connection {
  /// Runs any statement and gives its columns once, then its rows in turn, in constant memory.
  ///
  /// Rows come in binary. Where a column's type has no ``Value`` of its own, or is written as the
  /// session's settings say (times, intervals), the server is asked for the result as text.
  public func query(
    _ sql: SQL, columns: ([ResultColumn]) throws -> Void, row: ([Value]) throws -> Void
  ) throws {
    let text = sql.numbered.text
    let shape = try describe(sql)
    let inText = !shape.types.allSatisfy(\.isReadInBinary)
    var isTold = false
    try stream(sql, inText: inText, text) { result in
      if !isTold { try columns(zip(shape.names, shape.types).map(ResultColumn.init)) }
      isTold = true
      for index in 0..<result.rowCount {
        try row(try values(of: result, row: index, shape, inText: inText))
      }
    }
  }

  /// What a statement will give, learned without running it; it stays prepared.
  private func describe(_ sql: SQL) throws -> ResultShape {
    let (text, values) = sql.numbered
    let types = values.map(\.type.rawValue)
    _ = try check(PQprepare(pointer, "", text, Int32(types.count), types), sql: text)
    return ResultShape(try check(PQdescribePrepared(pointer, ""), sql: text), sql: text)
  }

  /// Runs the prepared statement and gives its result a row at a time.
  private func stream(
    _ sql: SQL, inText: Bool, _ text: String, _ body: (borrowing Result) throws -> Void
  ) throws {
    let values = sql.numbered.values
    let (lengths, formats) = (values.map(\.length), values.map { _ in Int32(1) })
    let sent = withPointers(to: values.map(\.bytes)) { pointers in
      PQsendQueryPrepared(
        pointer, "", Int32(values.count), pointers, lengths, formats, inText ? 0 : 1)
    }
    guard sent == 1 else { throw PostgresError(result: nil, connection: pointer, sql: text) }
    PQsetSingleRowMode(pointer)
    do {
      while let result = PQgetResult(pointer) { try body(try check(result, sql: text)) }
    } catch {
      cancel()
      drain()
      throw error
    }
  }

  private func values(
    of result: borrowing Result, row: Int, _ shape: ResultShape, inText: Bool
  ) throws -> [Value] {
    var values: [Value] = []
    values.reserveCapacity(shape.types.count)
    for (column, type) in shape.types.enumerated() {
      guard let bytes = result.bytes(row: row, column: column) else {
        values.append(.null)
        continue
      }
      guard let value = inText ? Value(text: bytes, of: type) : Value(wire: bytes, of: type) else {
        throw PostgresError.decoding(
          "column '\(shape.names[column])' is not of its type \(type.rawValue)", sql: shape.sql)
      }
      values.append(value)
    }
    return values
  }
}
