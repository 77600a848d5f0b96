import CPostgreSQL
public import Failures

/// What PostgreSQL, or the way to it, refused.
public struct PostgresError: Failure, Sendable {
  /// What kind of thing went wrong.
  public enum Kind: Sendable, Equatable {
    /// The server could not be reached, or went away.
    case connection
    /// The server refused a statement; the SQLSTATE, such as `23505`.
    case server(state: String)
    /// A value is not of the type that was asked for.
    case decoding
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
  public var state: String? {
    if case .server(let state) = kind { state } else { nil }
  }

  /// Whether the server could not be reached.
  public var isConnectionFailure: Bool { kind == .connection }

  public var exitStatus: ExitStatus { isConnectionFailure ? .unavailable : .databaseError }

  public var description: String {
    var text = message
    if let state { text += " [SQLSTATE \(state)]" }
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
      kind = .server(state: state)
      message = field(reber_diag_primary) ?? "the statement failed"
    } else {
      kind = PQstatus(connection) == CONNECTION_OK ? .server(state: "XX000") : .connection
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
