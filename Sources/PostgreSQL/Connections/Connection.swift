import CPostgreSQL

/// A connection to a PostgreSQL server, for one thread at a time.
///
/// Every call waits for the server. ``Database`` gives a connection a thread of its own for use
/// from asynchronous code.
public final class Connection {
  let pointer: OpaquePointer
  private let address: String
  private var depth = 0

  /// Receives what the server says by the way (`NOTICE`, `WARNING`).
  public var onNotice: ((String) -> Void)?

  /// Connects.
  ///
  /// - Parameter address: A URI (`postgresql://…`) or `key=value` string as libpq takes it; empty
  ///   for what `PG*` in the environment say.
  /// - Throws: ``PostgresError`` of kind `connection`.
  public init(_ address: String) throws {
    guard let pointer = PQconnectdb(address) else {
      throw PostgresError(kind: .connection, message: "libpq is out of memory")
    }
    self.pointer = pointer
    self.address = address
    guard PQstatus(pointer) == CONNECTION_OK else {
      let message = PostgresError.oneLine(PQerrorMessage(pointer))
      throw PostgresError(
        kind: .connection, message: "cannot reach the database: \(message)",
        hint: "check --database, DATABASE_URL or PG*, and that the server runs")
    }
    PQsetNoticeProcessor(pointer, deliverNotice, Unmanaged.passUnretained(self).toOpaque())
    // Where this process is killed, the server drops what it was doing, and its locks, within a second,
    // however long the statement would take; a server that cannot tell says no.
    PQclear(PQexec(pointer, "SET client_connection_check_interval = '1s'"))
  }

  deinit { PQfinish(pointer) }

  /// Connects once more, in the role that this session is in.
  ///
  /// - Throws: ``PostgresError``.
  func another() throws -> Connection {
    let role = try row("SELECT current_setting('role')", as: String.self)
    let other = try Connection(address)
    if role != "none" { try other.script("SET ROLE \(quoted(identifier: role))") }
    return other
  }

  /// Whether the server has not taken leave, as far as is known without asking it: for a connection that has
  /// been idle.
  public var isOpen: Bool { PQconsumeInput(pointer) == 1 && PQstatus(pointer) == CONNECTION_OK }

  /// Runs one statement; gives the number of rows it touched.
  ///
  /// - Throws: ``PostgresError``.
  @discardableResult
  public func execute(_ sql: SQL) throws -> Int { try run(sql).affected }

  /// Runs statements separated by semicolons, without parameters.
  ///
  /// They are one transaction, where they begin and end none themselves.
  ///
  /// - Throws: ``PostgresError`` of the first that fails.
  public func script(_ text: String) throws {
    _ = try check(PQexec(pointer, text), sql: text)
  }

  /// Runs `body` in a transaction: committed when it returns, rolled back when it throws.
  ///
  /// A transaction within a transaction is a savepoint.
  public func transaction<Value>(_ body: (Connection) throws -> Value) throws -> Value {
    let savepoint = depth == 0 ? nil : "reber_\(depth)"
    try script(savepoint.map { "SAVEPOINT \($0)" } ?? "BEGIN")
    depth += 1
    defer { depth -= 1 }
    do {
      let value = try body(self)
      try script(savepoint.map { "RELEASE SAVEPOINT \($0)" } ?? "COMMIT")
      return value
    } catch {
      // The first error is the one to tell; the roll-back fails only where the connection is gone.
      try? script(savepoint.map { "ROLLBACK TO SAVEPOINT \($0)" } ?? "ROLLBACK")
      throw error
    }
  }

  /// Runs a statement with its values in binary, and asks for a binary result.
  func run(_ sql: SQL) throws -> Result {
    let (text, values) = sql.numbered
    let types = values.map(\.type.rawValue)
    let lengths = values.map(\.length)
    let formats = [Int32](repeating: 1, count: values.count)
    let result = withPointers(to: values.map(\.bytes)) { pointers in
      PQexecParams(
        pointer, text, Int32(values.count), types, pointers, lengths, formats, 1)
    }
    return try check(result, sql: text)
  }

  func check(_ result: OpaquePointer?, sql: String) throws -> Result {
    guard let result else {
      throw PostgresError(
        kind: .connection, message: PostgresError.oneLine(PQerrorMessage(pointer)), sql: sql)
    }
    switch PQresultStatus(result) {
    case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_SINGLE_TUPLE, PGRES_COPY_IN, PGRES_COPY_OUT,
      PGRES_EMPTY_QUERY:
      return Result(result)
    default:
      defer { PQclear(result) }
      throw PostgresError(result: result, connection: pointer, sql: sql)
    }
  }
}

/// Gives libpq pointers to parameters, null for a null.
func withPointers<Value>(
  to parameters: [[UInt8]?], _ body: ([UnsafePointer<CChar>?]) -> Value
) -> Value {
  var all: [UInt8] = []
  all.reserveCapacity(parameters.reduce(1) { $0 + ($1?.count ?? 0) })
  for case let bytes? in parameters { all += bytes }
  all.append(0)
  return all.withUnsafeBufferPointer { buffer in
    buffer.withMemoryRebound(to: CChar.self) { characters in
      var offset = 0
      let pointers = parameters.map { bytes -> UnsafePointer<CChar>? in
        guard let bytes, let base = characters.baseAddress else { return nil }
        defer { offset += bytes.count }
        return base + offset
      }
      return body(pointers)
    }
  }
}

private let deliverNotice: PQnoticeProcessor = { context, message in
  guard let context, let message else { return }
  let connection = Unmanaged<Connection>.fromOpaque(context).takeUnretainedValue()
  connection.onNotice?(String(cString: message))
}
