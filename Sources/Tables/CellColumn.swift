public import Astronomy

/// A column of a table of rows that are Swift values: what it is, and its cell for a row.
///
/// ```swift
/// try writeTable(
///   labels, to: "labels.csv", [CellColumn("class", \.className), CellColumn("flux", \.flux, unit: "Jy")])
/// ```
public struct CellColumn<Row> {
  /// The name, the type, which is that of the member, and what an astronomer needs to know.
  public let column: Column

  /// The cell of a row.
  public let cell: (Row) -> Value

  /// A column that holds a member.
  public init<Member: CellValue>(
    _ name: String, _ member: @escaping (Row) -> Member, unit: String? = nil, ucd: String? = nil,
    description: String? = nil
  ) {
    column = Column(name, Member.datatype, unit: unit, ucd: ucd, description: description)
    cell = { member($0).cell }
  }
}

/// Writes a whole table, whose format the path's extension tells.
///
/// - Throws: `FileError` when the folder is not writable or a value does not fit.
public func writeTable<Row>(
  _ rows: [Row], to path: String, _ columns: [CellColumn<Row>], metadata: Metadata = Metadata()
) throws {
  let table = try createTable(path, columns: columns.map(\.column), metadata: metadata)
  try table.write(rows.map { row in columns.map { $0.cell(row) } })
  try table.finish()
}

/// What a cell is made of; nothing, an empty text and NaN become null.
public protocol CellValue {
  static var datatype: Datatype { get }
  var cell: Value { get }
}

extension String: CellValue {
  public static var datatype: Datatype { .string }
  public var cell: Value { Value(self) }
}

extension Bool: CellValue {
  public static var datatype: Datatype { .boolean }
  public var cell: Value { .boolean(self) }
}

/// Counts and keys, of 32 bits.
extension Int: CellValue {
  public static var datatype: Datatype { .int32 }
  public var cell: Value { .integer(Int64(self)) }
}

extension Float: CellValue {
  public static var datatype: Datatype { .float }
  public var cell: Value { Value(Double(self)) }
}

extension Double: CellValue {
  public static var datatype: Datatype { .double }
  public var cell: Value { Value(self) }
}

extension Optional: CellValue where Wrapped: CellValue {
  public static var datatype: Datatype { Wrapped.datatype }
  public var cell: Value { self?.cell ?? .null }
}
