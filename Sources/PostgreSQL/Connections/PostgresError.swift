import CPostgreSQL
public import Failures

/// Why a server refused a statement, as the SQL standard and PostgreSQL number it (appendix A of
/// PostgreSQL's manual).
public struct SQLState: RawRepresentable, Hashable, Sendable {
  /// Five characters.
  public let rawValue: String

  /// Wraps five characters.
  public init(rawValue: String) { self.rawValue = rawValue }

  /// A row of the same key is there.
  public static let uniqueViolation = SQLState(rawValue: "23505")
  /// What a row refers to is not there.
  public static let foreignKeyViolation = SQLState(rawValue: "23503")
  /// The user may not do that.
  public static let insufficientPrivilege = SQLState(rawValue: "42501")
  /// A row, an index's key or a number of columns is beyond what the server holds.
  public static let programLimitExceeded = SQLState(rawValue: "54000")
  /// Others kept what was to be locked for longer than `lock_timeout`.
  public static let lockNotAvailable = SQLState(rawValue: "55P03")
  /// Two waited for each other, and this one was chosen to give way.
  public static let deadlockDetected = SQLState(rawValue: "40P01")
  /// The server's disk is full.
  public static let diskFull = SQLState(rawValue: "53100")
  /// The server is a standby, or the transaction may only read.
  public static let readOnlyTransaction = SQLState(rawValue: "25006")

  /// Whether a value is to blame: it is none of its type (a text with a zero byte, a number out of
  /// bounds), or none that its column takes.
  public var blamesValue: Bool { rawValue.hasPrefix("22") || rawValue == "23514" }

  /// Whether the server takes leave with it: it is being stopped, one of its processes was killed, or it had not heard
  /// of this one for too long.
  var endsConnection: Bool {
    rawValue.hasPrefix("08") || ["25P03", "57P01", "57P02", "57P03", "57P05"].contains(rawValue)
  }
}

/// What PostgreSQL, or the way to it, refused.
///
/// The description is one line: what to do where the server is gone, its disk is full or others are at
/// the same rows; for all else the message, the SQLSTATE, what the server adds, the statement.
public struct PostgresError: Failure, Sendable {
  /// What kind of thing went wrong.
  public enum Kind: Sendable, Equatable {
    /// The server could not be reached, or went away.
    case connection
    /// The server refused a statement.
    case server(SQLState)
    /// libpq refused a statement, or did not understand the answer.
    case client
    /// A value is not of the type that was asked for.
    case decoding
    /// The server is a standby, which can only be read.
    case standby
  }

  /// What kind of thing went wrong.
  public var kind: Kind

  /// The message in one line.
  public var message: String

  /// More of it.
  public var detail: String?

  /// What to do.
  public var hint: String?

  /// Where in a function or COPY it happened.
  public var context: String?

  /// The statement.
  public var sql: String?

  /// The SQLSTATE, where the server gave one.
  public var state: SQLState? {
    if case .server(let state) = kind { state } else { nil }
  }

  /// Whether the server could not be reached.
  public var isConnectionFailure: Bool { kind == .connection }

  /// Whether a connection that was made, and worked, was lost.
  public var isLostConnection: Bool { kind == .connection && hint == nil }

  /// Whether another try may do better: the server is away, or not the primary yet.
  var mayPass: Bool { kind == .connection || kind == .standby }

  /// What is said where something is to be written to a standby.
  public static let standby = PostgresError(
    kind: .standby,
    message: """
      the server of the database is a standby, which can only be read: name the primary, or several hosts \
      and target_session_attrs=read-write, in --database or DATABASE_URL
      """)

  public var exitStatus: ExitStatus {
    switch (kind, state) {
    case (.connection, _), (.standby, _): .unavailable
    case (_, .diskFull): .cannotCreate
    case (_, .deadlockDetected), (_, .lockNotAvailable): .busy
    default: .databaseError
    }
  }

  public var description: String {
    switch (kind, state) {
    case (.connection, _) where hint == nil:
      """
      the connection to the database was lost (\(message)): see that the server runs and has room on its \
      disk, then call the same again
      """
    case (_, .diskFull):
      """
      there is no room on the disk of the database (\(message)): make some, then call the same again
      """
    case (_, .deadlockDetected), (_, .lockNotAvailable):
      "somebody else is at the same rows of the database (\(message)): call the same again"
    case (.standby, _): message
    default: whole
    }
  }

  /// All that the server said, and the statement.
  private var whole: String {
    var text = message
    if let state { text += " [SQLSTATE \(state.rawValue)]" }
    if let detail { text += "; \(detail)" }
    if let hint { text += "; \(hint)" }
    if let context { text += "; in \(context.split(separator: "\n")[0])" }
    if let sql {
      text +=
        "; statement: \(sql.split(whereSeparator: \.isWhitespace).joined(separator: " ").prefix(400))"
    }
    return text
  }
}

extension PostgresError {
  init(result: OpaquePointer?, connection: OpaquePointer, sql: String?) {
    func field(_ code: Int32) -> String? {
      PQresultErrorField(result, code).map { String(cString: $0) }
    }
    if let state = field(reber_diag_sqlstate) {
      let state = SQLState(rawValue: state)
      kind = state.endsConnection ? .connection : .server(state)
      message = field(reber_diag_primary) ?? "the statement failed"
    } else {
      kind = PQstatus(connection) == CONNECTION_OK ? .client : .connection
      message = Self.oneLine(PQerrorMessage(connection))
    }
    detail = field(reber_diag_detail)
    hint = field(reber_diag_hint)
    context = field(reber_diag_context)
    self.sql = sql
  }

  static func oneLine(_ text: UnsafePointer<CChar>?) -> String {
    guard let text else { return "the connection failed" }
    return String(cString: text).split(separator: "\n").joined(separator: " ")
  }

  static func decoding(_ message: String, sql: String?) -> PostgresError {
    PostgresError(kind: .decoding, message: message, sql: sql)
  }
}
