import Astronomy
public import PostgreSQL

extension PublishedCatalogue {
  /// How a column stands in a table of ASCII whose columns have a fixed width.
  public struct TextField: Sendable {
    /// The column.
    public var column: Column
    /// How its values are written.
    public var format: Format
    /// The characters that a value takes.
    public var width: Int
    /// Whether there are rows without a value, which have blanks.
    public var hasNulls: Bool

    /// How values are written: what is not printable ASCII as `?`, truth values as 0 and 1, numbers with
    /// all digits that they have.
    public enum Format: Sendable, Equatable {
      case text
      case integer
      /// So many places behind the point.
      case decimal(Int)
      /// With a power of ten, and so many places behind the point.
      case exponent(Int)
    }
  }

  /// How the columns stand in a table of ASCII; the table is read for it.
  public func textFields(in database: Connection) throws -> [TextField] {
    // A query has at most 1664 columns.
    try stride(from: 0, to: columns.count, by: 300).flatMap { first in
      let some = Array(columns[first..<min(first + 300, columns.count)])
      var measured: [Value] = []
      try database.query(
        "SELECT \(some.map(\.measures).joined(separator: ", ")) FROM catalogue.\(identifier: name)",
        columns: { _ in }, row: { measured = $0 })
      return some.enumerated().map { index, column in
        column.field(Array(measured[5 * index..<5 * index + 5]))
      }
    }
  }

  /// Gives the rows in the order of names as lines of ASCII with their end, a blank between two columns.
  public func readText(
    _ fields: [TextField], in database: Connection,
    _ body: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    let line = fields.map(\.sql).joined(separator: " || ' ' || ")
    // Quotes and dividers that no line has: it is given as it is.
    try database.copy(
      textOutOf: "SELECT \(line) FROM catalogue.\(identifier: name) ORDER BY name",
      options: #", FORMAT csv, DELIMITER E'\x01', QUOTE E'\x02'"#, forEach: body)
  }
}

extension PublishedCatalogue.Column {
  private var isReal: Bool { ["real", "double precision"].contains(type) }

  /// The shortest text from which the value comes back, in ASCII; null where there is no value.
  fileprivate var text: SQL {
    let column: SQL = "\(identifier: name)"
    if isReal { return "nullif(nullif(nullif(\(column)::text, 'NaN'), 'Infinity'), '-Infinity')" }
    if type == "boolean" { return "\(column)::integer::text" }
    if !isText, !isArray { return "\(column)::text" }
    return "nullif(regexp_replace(\(column)::text, '[^ -~]', '?', 'g'), '')"
  }

  /// Whether a value is missing, the most characters, of them before and behind a point, and whether there
  /// are exponents.
  fileprivate var measures: SQL {
    """
    bool_or(\(text) IS NULL), coalesce(max(length(\(text))), 0),
    coalesce(max(length(split_part(\(text), '.', 1))), 0),
    coalesce(max(length(split_part(\(text), '.', 2))), 0), coalesce(bool_or(\(text) ~ 'e'), false)
    """
  }

  fileprivate func field(_ measured: [Value]) -> PublishedCatalogue.TextField {
    let numbers = measured[1...3].map { max(1, Int($0.number ?? 0)) }
    let (longest, before, behind) = (numbers[0], numbers[1], numbers[2])
    let format: PublishedCatalogue.TextField.Format
    let width: Int
    if isReal {
      let hasExponents = measured[4] == .boolean(true)
      let digits = type == "real" ? 8 : 16
      format = hasExponents ? .exponent(digits) : .decimal(behind)
      // A sign, a digit, a point, the places, and the exponent.
      width = hasExponents ? digits + (type == "real" ? 7 : 8) : before + 1 + behind
    } else {
      format = isText || isArray ? .text : .integer
      width = longest
    }
    return .init(
      column: self, format: format, width: width, hasNulls: measured[0] != .boolean(false))
  }
}

extension PublishedCatalogue.TextField {
  /// The value as it stands in a line.
  fileprivate var sql: SQL {
    let text = column.text
    let width: SQL = "\(raw: String(width))"
    switch format {
    case .text: return "rpad(coalesce(\(text), ''), \(width))"
    case .integer: return "lpad(coalesce(\(text), ''), \(width))"
    case .decimal(let places):
      return "lpad(coalesce(round((\(text))::numeric, \(raw: String(places)))::text, ''), \(width))"
    case .exponent(let places):
      let picture = "9." + String(repeating: "9", count: places) + "EEEE"
      return """
        lpad(coalesce(trim(to_char((\(text))::numeric, '\(raw: picture)')), ''), \(width))
        """
    }
  }
}
