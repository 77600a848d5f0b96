import Astronomy
import Files

extension Column {
  /// The value as this column keeps it, or nil when it does not belong here.
  func conforming(_ value: Value) -> Value? {
    switch value {
    case .null: .null
    case .reals(let elements): conforming(elements)
    default: shape == .scalar ? conforming(scalar: value) : nil
    }
  }

  private func conforming(scalar value: Value) -> Value? {
    switch (datatype, value) {
    case (.boolean, .boolean), (.int64, .integer): value
    case (.string, .text(let text)): Value(text)
    case (.float, .real(let number)), (.double, .real(let number)): Value(number)
    case (.float, .integer(let number)), (.double, .integer(let number)): .real(Double(number))
    case (.uint8, .integer(let number)): UInt8(exactly: number) == nil ? nil : value
    case (.int16, .integer(let number)): Int16(exactly: number) == nil ? nil : value
    case (.int32, .integer(let number)): Int32(exactly: number) == nil ? nil : value
    default: nil
    }
  }

  private func conforming(_ elements: [Double]) -> Value? {
    guard datatype != .string else { return nil }
    switch shape {
    case .scalar: return nil
    case .vector(let count): return elements.count == count ? Value(elements) : nil
    case .list: return Value(elements)
    }
  }

  /// What the column holds, in words for an error's text.
  var kind: String {
    switch shape {
    case .scalar: datatype.rawValue
    case .vector(let count): "\(count) \(datatype.rawValue)s"
    case .list: "a list of \(datatype.rawValue)s"
    }
  }
}

/// Gives each value as its column keeps it.
///
/// - Throws: `FileError` naming the row and the column of a value that does not belong there.
func conforming(
  _ row: [Value], to columns: [Column], path: String, number: Int
) throws -> [Value] {
  guard row.count == columns.count else {
    throw FileError(
      path, row: number, "the row has \(row.count) values for \(columns.count) columns",
      advice: "Give one value a column, null where there is none")
  }
  return try zip(columns, row).map { column, value in
    if let kept = column.conforming(value) { return kept }
    throw FileError(
      path, row: number, column: column.name, "\(value) is not \(column.kind)",
      advice: "Convert the value or declare another datatype")
  }
}
