import CPostgreSQL

/// A result of libpq, cleared when it is let go.
struct Result: ~Copyable {
  let pointer: OpaquePointer

  init(_ pointer: OpaquePointer) { self.pointer = pointer }

  deinit { PQclear(pointer) }

  var rowCount: Int { Int(PQntuples(pointer)) }

  var columnCount: Int { Int(PQnfields(pointer)) }

  /// Rows that the statement touched.
  var affected: Int { Int(String(cString: PQcmdTuples(pointer))) ?? 0 }

  func name(of column: Int) -> String { String(cString: PQfname(pointer, Int32(column))) }

  func type(of column: Int) -> PostgresType {
    PostgresType(rawValue: PQftype(pointer, Int32(column)))
  }

  /// The bytes of a cell; `nil` for null.
  func bytes(row: Int, column: Int) -> UnsafeRawBufferPointer? {
    guard PQgetisnull(pointer, Int32(row), Int32(column)) == 0 else { return nil }
    return UnsafeRawBufferPointer(
      start: PQgetvalue(pointer, Int32(row), Int32(column)),
      count: Int(PQgetlength(pointer, Int32(row), Int32(column))))
  }
}
