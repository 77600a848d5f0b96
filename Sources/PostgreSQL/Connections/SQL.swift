/// A statement whose interpolated values travel as parameters, never as text.
///
/// ```swift
/// "SELECT name FROM source WHERE flux > \(limit)"             // a parameter
/// "DROP TABLE catalogue.\(identifier: name)"                  // a quoted identifier
/// "SELECT * FROM run \(condition)"                            // another statement's text
/// ```
public struct SQL: Sendable, ExpressibleByStringInterpolation {
  /// The pieces in order.
  private(set) var pieces: [Piece]

  enum Piece: Sendable {
    case text(String)
    case value(Parameter)
  }

  public init(stringLiteral value: String) { pieces = [.text(value)] }

  public init(stringInterpolation: Interpolation) { pieces = stringInterpolation.pieces }

  init(_ pieces: [Piece]) { self.pieces = pieces }

  /// Takes text as it is: only for SQL that was written by a person, such as a query typed in.
  public init(raw text: String) { pieces = [.text(text)] }

  /// Collects the pieces of an interpolated statement.
  ///
  /// What may stand in `\(…)` are the kinds of `appendInterpolation` below.
  public struct Interpolation: StringInterpolationProtocol {
    var pieces: [Piece] = []

    public init(literalCapacity: Int, interpolationCount: Int) {}

    public mutating func appendLiteral(_ literal: String) { pieces.append(.text(literal)) }

    /// A value, sent as a parameter.
    ///
    /// Its type on the wire is the first of its ``PostgresColumn/types``.
    public mutating func appendInterpolation<Value: PostgresColumn>(_ value: Value) {
      pieces.append(.value(Parameter(value)))
    }

    /// A value or null, sent as a parameter.
    public mutating func appendInterpolation<Value: PostgresColumn>(_ value: Value?) {
      pieces.append(.value(Parameter(value)))
    }

    /// The name of a table or column, quoted.
    ///
    /// Any text is safe.
    public mutating func appendInterpolation(identifier: String) {
      pieces.append(.text(quoted(identifier: identifier)))
    }

    /// Text that is SQL itself: never from outside.
    public mutating func appendInterpolation(raw: String) { pieces.append(.text(raw)) }

    /// Another statement, with its values.
    ///
    /// Its parameters are numbered anew.
    public mutating func appendInterpolation(_ statement: SQL) { pieces += statement.pieces }
  }

  /// The statement as it is sent, with `$1`, `$2`, … in the places of values.
  public var text: String { numbered.text }

  /// The text with `$1`, `$2`, … and the values for them.
  var numbered: (text: String, values: [Parameter]) {
    var text = ""
    var values: [Parameter] = []
    for piece in pieces {
      switch piece {
      case .text(let literal): text += literal
      case .value(let value):
        values.append(value)
        text += "$\(values.count)"
      }
    }
    return (text, values)
  }
}

extension Sequence<SQL> {
  /// The statements one after another, with a separator between.
  public func joined(separator: String) -> SQL {
    var pieces: [SQL.Piece] = []
    for statement in self {
      if !pieces.isEmpty { pieces.append(.text(separator)) }
      pieces += statement.pieces
    }
    return SQL(pieces)
  }
}

/// A name as PostgreSQL quotes it.
func quoted(identifier: String) -> String {
  "\"" + identifier.replacing("\"", with: "\"\"") + "\""
}

/// A value on its way to the server, in binary.
struct Parameter: Sendable {
  var type: PostgresType
  var bytes: [UInt8]?

  var length: Int32 { Int32(bytes?.count ?? 0) }

  init<Value: PostgresColumn>(_ value: Value) {
    let type = Value.types[0]
    self.init(type) { try value.append(to: &$0, as: type) }
  }

  /// Takes what `append` appends behind its length; every value fits its own type.
  init(_ type: PostgresType, _ append: (inout [UInt8]) throws -> Void) {
    self.type = type
    var buffer: [UInt8] = []
    guard (try? append(&buffer)) != nil, buffer[0] != 0xFF else { return }
    bytes = Array(buffer.dropFirst(4))
  }
}
