/// What a result's columns are called, and of which types they are.
struct ResultShape {
  var names: [String] = []
  var types: [PostgresType] = []
  /// The statement, for messages.
  var sql: String

  /// A result of whose columns nothing is asked.
  init(sql: String) { self.sql = sql }

  init(_ result: borrowing Result, sql: String) {
    self.sql = sql
    for column in 0..<result.columnCount {
      names.append(result.name(of: column))
      types.append(result.type(of: column))
    }
  }

  /// Compares the columns with what is to be read from them.
  ///
  /// - Throws: ``PostgresError`` of kind `decoding`.
  func check<each Value: PostgresReadable>(_ values: repeat (each Value).Type) throws {
    var expected: [ExpectedCell] = []
    for value in repeat each values { expected += value.expected }
    try check(expected)
  }

  /// Compares the columns with what is to be read from or written into them.
  func check(_ expected: [ExpectedCell]) throws {
    guard expected.count == types.count else {
      throw PostgresError.decoding(
        "the result has \(types.count) columns, but \(expected.count) were asked for", sql: sql)
    }
    for (column, cell) in expected.enumerated() where !cell.types.contains(types[column]) {
      throw PostgresError.decoding(
        """
        column '\(names[column])' has type OID \(types[column].rawValue), but \(cell.name) needs \
        \(cell.types.map { String($0.rawValue) }.joined(separator: " or "))
        """, sql: sql)
    }
  }
}

/// Reads the cells of a row one after another.
///
/// They are valid for as long as the row is read.
public struct RowReader {
  /// The bytes of the row's cells.
  private(set) var cells: [UnsafeRawBufferPointer?] = []
  private var column = 0
  private var row = 0
  private let shape: ResultShape

  init(_ shape: ResultShape) { self.shape = shape }

  /// Takes up the next row; its cells are valid as long as `result` is.
  mutating func begin(row: Int, of result: borrowing Result) {
    cells.removeAll(keepingCapacity: true)
    for column in 0..<result.columnCount { cells.append(result.bytes(row: row, column: column)) }
    (column, self.row) = (0, row + 1)
  }

  /// Takes up the next row of a COPY, which begins with the number of cells; false where there is
  /// none in the buffer.
  mutating func begin(copied buffer: UnsafeRawBufferPointer) -> Bool {
    var wire = WireReader(buffer)
    // The server sends the 19 bytes of the header in front of the first row.
    if row == 0, buffer.starts(with: "PGCOPY\n".utf8) { _ = wire.take(19) }
    guard let count = wire.int16(), count >= 0 else { return false }
    cells.removeAll(keepingCapacity: true)
    for _ in 0..<count {
      guard let length = wire.int32() else { break }
      cells.append(length < 0 ? nil : wire.take(Int(length)))
    }
    column = 0
    row += 1
    return true
  }

  /// The value of the next cell.
  @usableFromInline
  mutating func next<Value: PostgresColumn>(_: Value.Type) throws -> Value {
    defer { column += 1 }
    let bytes = column < cells.count ? cells[column] : nil
    guard let value = Value(cell: bytes) else { throw unreadable(bytes, as: Value.self) }
    return value
  }

  private func unreadable(_ bytes: UnsafeRawBufferPointer?, as type: Any.Type) -> PostgresError {
    let name = shape.names[column]
    return .decoding(
      bytes == nil
        ? "column '\(name)' is null in row \(row), where \(type) was asked for"
        : "column '\(name)' of row \(row) is no \(type)", sql: shape.sql)
  }

  /// Passes over the next cells where all of them are null; says whether they were.
  @usableFromInline
  mutating func skipNulls(_ count: Int) -> Bool {
    guard cells[column..<column + count].allSatisfy({ $0 == nil }) else { return false }
    column += count
    return true
  }
}
