public import Astronomy

/// What can be read from the cells of a row: the value of one column, or a row type of several.
///
/// ``Connection/rows(_:as:)`` takes any number of them, side by side.
public protocol PostgresReadable: Sendable {
  /// What the cells that it is read from must be, in their order.
  static var expected: [ExpectedCell] { get }

  /// Reads the next cells.
  ///
  /// - Throws: ``PostgresError`` of kind `decoding`.
  static func read(from cells: inout RowReader) throws -> Self
}

/// What a cell must be to be read.
///
/// It is held against the result's columns once, before the first row.
public struct ExpectedCell: Sendable {
  /// The Swift type, for messages.
  var name: String
  /// The types that its column may have.
  var types: [PostgresType]
}

extension PostgresColumn {
  public static var expected: [ExpectedCell] {
    [ExpectedCell(name: "\(Self.self)", types: types)]
  }

  public static func read(from cells: inout RowReader) throws -> Self { try cells.next(Self.self) }
}

/// A type whose values are rows of a query; it says once which columns they come from.
///
/// ```swift
/// extension CurvePoint: TableRow {
///   static let table = "reber.training_curve"
///   static let columns = Columns<Self>(
///     .column("series", \.series), .column("step", \.step), .column("value", \.value),
///     make: CurvePoint.init)
/// }
/// try database.rows("SELECT \(CurvePoint.columns) FROM reber.training_curve", as: CurvePoint.self)
/// ```
public protocol QueryRow: PostgresReadable {
  /// The columns, each with its name and its member.
  static var columns: Columns<Self> { get }
}

/// A row type whose values are written into a table too.
///
/// ``Connection/copy(_:with:)`` writes them.
public protocol TableRow: QueryRow {
  /// The table, with its schema.
  static var table: String { get }
}

extension QueryRow {
  public static var expected: [ExpectedCell] { columns.fields.map(\.expected) }

  public static func read(from cells: inout RowReader) throws -> Self { try columns.read(&cells) }
}

/// The columns of a row type: lists of them, reading and writing follow from it.
///
/// In a statement `\(Row.columns)` is their list, and `\(values: row)` what a row holds, as parameters.
public struct Columns<Row>: Sendable {
  @usableFromInline let fields: [Field<Row>]
  /// Columns behind these whose names are known only at run time.
  let cells: CellColumns<Row>?
  @usableFromInline let read: @Sendable (inout RowReader) throws -> Row

  /// Gathers columns in the order of the arguments of `make`, which is the row's initialiser.
  public init<each Value>(
    _ columns: repeat RowColumn<Row, each Value>,
    make: @escaping @Sendable (repeat each Value) throws -> Row
  ) {
    fields = Self.fields(repeat each columns)
    cells = nil
    let reads = (repeat (each columns).read)
    read = { cells in try make(repeat try (each reads)(&cells)) }
  }

  /// Gathers columns of rows that are written only.
  ///
  /// Reading such a row throws.
  public init<each Value>(writing columns: repeat RowColumn<Row, each Value>) {
    self.init(writing: Self.fields(repeat each columns), cells: nil)
  }

  private init(writing fields: [Field<Row>], cells: CellColumns<Row>?) {
    (self.fields, self.cells) = (fields, cells)
    read = { _ in throw PostgresError.decoding("\(Row.self) cannot be read back", sql: nil) }
  }

  /// Columns whose names are known only at run time, of rows that are written only: a key, and cells.
  ///
  /// - Parameters:
  ///   - key: The name of the column of the key.
  ///   - id: The key of a row.
  ///   - names: What the columns of the cells are called.
  ///   - cells: The cells of a row, in the order of the names.
  public init(
    writing key: String, _ id: @escaping @Sendable (Row) -> Int, _ names: [String],
    _ cells: @escaping @Sendable (Row) -> [Value]
  ) {
    self.init(
      writing: RowColumn.column(key, id).fields, cells: CellColumns(names: names, values: cells))
  }

  private static func fields<each Value>(
    _ columns: repeat RowColumn<Row, each Value>
  ) -> [Field<Row>] {
    var fields: [Field<Row>] = []
    for column in repeat each columns { fields += column.fields }
    return fields
  }
}

/// Columns whose names are known only at run time, and the cells of a row in them.
@usableFromInline
struct CellColumns<Row>: Sendable {
  @usableFromInline var names: [String]
  @usableFromInline var values: @Sendable (Row) -> [Value]
}

/// A column of a row type, or several that make one member.
///
/// Its value is read from as many cells as it has columns.
public struct RowColumn<Row, Value>: Sendable {
  let fields: [Field<Row>]
  let read: @Sendable (inout RowReader) throws -> Value

  @usableFromInline
  init(fields: [Field<Row>], read: @escaping @Sendable (inout RowReader) throws -> Value) {
    (self.fields, self.read) = (fields, read)
  }
}

/// One column: what SQL calls it, and how a row is written into it.
@usableFromInline
struct Field<Row>: Sendable {
  /// Appends a row's value behind its length, as a type that its column may have.
  @usableFromInline typealias Append = @Sendable (Row, PostgresType, inout [UInt8]) throws -> Void

  /// A name, or an expression.
  var sql: String
  /// What an expression is called.
  var alias: String?
  var expected: ExpectedCell
  @usableFromInline var append: Append

  @usableFromInline
  init(sql: String, alias: String?, expected: ExpectedCell, append: @escaping Append) {
    (self.sql, self.alias, self.expected, self.append) = (sql, alias, expected, append)
  }

  /// The same column of a row that holds this one's.
  @usableFromInline
  func of<Outer>(_ append: @escaping Field<Outer>.Append) -> Field<Outer> {
    Field<Outer>(sql: sql, alias: alias, expected: expected, append: append)
  }
}

/// What appends values is compiled where they are known: a COPY calls it for each cell.
extension RowColumn where Value: PostgresColumn {
  /// A column and the member that it holds.
  ///
  /// The name may have a table's or an alias's before it, for reading.
  @inlinable
  public static func column(
    _ name: String, _ member: @escaping @Sendable (Row) -> Value
  ) -> RowColumn {
    .expression(name, as: nil, member)
  }

  /// What SQL makes of other columns, and the member that it becomes.
  ///
  /// The expression is text of the program's own: values cannot be put into it.
  @inlinable
  public static func expression(
    _ sql: String, as alias: String?, _ member: @escaping @Sendable (Row) -> Value
  ) -> RowColumn {
    let field = Field<Row>(
      sql: sql, alias: alias, expected: Value.expected[0],
      append: { row, type, buffer in try member(row).append(to: &buffer, as: type) })
    return RowColumn(fields: [field], read: { try $0.next(Value.self) })
  }

  /// A column, or what SQL makes of others, that is only read, on the way to a member.
  public static func reading(_ sql: String, as alias: String? = nil) -> RowColumn {
    .expression(sql, as: alias) { _ in
      preconditionFailure("'\(sql)' of \(Row.self) is only read")
    }
  }
}

extension RowColumn {
  /// Columns that make one member.
  ///
  /// The member's type says which, in ``Columns`` of its own.
  @inlinable
  public static func group(
    _ member: @escaping @Sendable (Row) -> Value, _ columns: Columns<Value>
  ) -> RowColumn {
    RowColumn(
      fields: columns.fields.map { inner in
        inner.of { row, type, buffer in try inner.append(member(row), type, &buffer) }
      }, read: columns.read)
  }

  /// Columns that make one member, which is `nil` where all of them are null.
  @inlinable
  public static func group<Whole>(
    _ member: @escaping @Sendable (Row) -> Value, optional columns: Columns<Whole>
  ) -> RowColumn where Value == Whole? {
    RowColumn(
      fields: columns.fields.map { inner in
        inner.of { row, type, buffer in
          guard let whole = member(row) else { return Int32(-1).appendBigEndian(to: &buffer) }
          try inner.append(whole, type, &buffer)
        }
      }, read: { try $0.skipNulls(columns.fields.count) ? nil : columns.read(&$0) })
  }
}

extension Columns {
  /// The two ends of a range.
  ///
  /// - Throws: On reading, ``PostgresError`` where the lower is above the upper.
  public static func bounds<Bound: Comparable & PostgresColumn>(
    _ lower: String, _ upper: String
  ) -> Columns where Row == ClosedRange<Bound> {
    Columns(.column(lower, \.lowerBound), .column(upper, \.upperBound)) { lower, upper in
      guard lower <= upper else {
        throw PostgresError.decoding("the range from \(lower) to \(upper) is none", sql: nil)
      }
      return lower...upper
    }
  }
}
