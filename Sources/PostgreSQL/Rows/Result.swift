import CPostgreSQL

/// A result of libpq, cleared when it is let go.
struct Result: ~Copyable {
  let pointer: OpaquePointer

  init(_ pointer: OpaquePointer) { self.pointer = pointer }

  deinit { PQclear(pointer) }

  var status: ExecStatusType { PQresultStatus(pointer) }

  var rowCount: Int { Int(PQntuples(pointer)) }

  var columnCount: Int { Int(PQnfields(pointer)) }

  /// Rows that the statement touched.
  var affected: Int { Int(String(cString: PQcmdTuples(pointer))) ?? 0 }

  func name(of column: Int) -> String { String(cString: PQfname(pointer, Int32(column))) }

  func type(of column: Int) -> UInt32 { PQftype(pointer, Int32(column)) }

  /// The bytes of a cell; `nil` for null.
  func bytes(row: Int, column: Int) -> UnsafeRawBufferPointer? {
    guard PQgetisnull(pointer, Int32(row), Int32(column)) == 0 else { return nil }
    return UnsafeRawBufferPointer(
      start: PQgetvalue(pointer, Int32(row), Int32(column)),
      count: Int(PQgetlength(pointer, Int32(row), Int32(column))))
  }
}

/// Decodes the cells of a row one after another, as the types say.
struct RowDecoder {
  private var column = 0
  private let row: Int
  private let sql: String
  private let cell: (Int) -> UnsafeRawBufferPointer?
  private let name: (Int) -> String

  init(
    row: Int, sql: String, name: @escaping (Int) -> String,
    cell: @escaping (Int) -> UnsafeRawBufferPointer?
  ) {
    self.row = row
    self.sql = sql
    self.name = name
    self.cell = cell
  }

  mutating func next<Column: PostgresColumn>(_: Column.Type) throws -> Column {
    defer { column += 1 }
    guard let bytes = cell(column) else {
      guard let null = Column.column(nil) else {
        throw PostgresError.decoding(
          "column '\(name(column))' is null in row \(row + 1), where \(Column.self) was asked for",
          sql: sql)
      }
      return null
    }
    guard let wire = Column.Wire(wire: bytes), let value = Column.column(wire) else {
      throw PostgresError.decoding(
        "column '\(name(column))' of row \(row + 1) is no \(Column.self)", sql: sql)
    }
    return value
  }
}

/// Compares the types of columns with those that are asked for, once a result.
struct ColumnCheck {
  private var column = 0
  let types: [UInt32]
  let names: [String]
  let sql: String

  init(types: [UInt32], names: [String], sql: String) {
    self.types = types
    self.names = names
    self.sql = sql
  }

  mutating func next<Column: PostgresColumn>(_: Column.Type) throws {
    defer { column += 1 }
    guard column < types.count else {
      throw PostgresError.decoding(
        "the result has \(types.count) columns, but more were asked for", sql: sql)
    }
    let type = types[column]
    guard type == Column.Wire.typeOID || Column.Wire.alsoDecodes.contains(type) else {
      throw PostgresError.decoding(
        """
        column '\(names[column])' has type OID \(type), but \(Column.self) needs \
        \(Column.Wire.typeOID)
        """, sql: sql)
    }
  }
}
