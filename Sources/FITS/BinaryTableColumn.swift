/// How the elements of a binary table's column are stored.
public enum BinaryTableFormat: Character, Hashable, Sendable {
  case logical = "L"
  case bit = "X"
  case byte = "B"
  case int16 = "I"
  case int32 = "J"
  case int64 = "K"
  case float = "E"
  case double = "D"
  case text = "A"
  case floatComplex = "C"
  case doubleComplex = "M"
}

/// A column of a binary table.
public struct BinaryTableColumn: Hashable, Sendable {
  public var name: String
  /// The format of the values after TSCAL and TZERO, which also carry the unsigned integers.
  public var format: BinaryTableFormat
  /// The elements in a cell; of text, its width in bytes.
  public var count: Int
  /// Whether each row has a length of its own (TFORM `P` or `Q`).
  public var isVariable: Bool
  /// TUNIT, as the file spells it.
  public var unit: String?
  /// TUCD, the IVOA unified content descriptor.
  public var ucd: String?
  /// TCOMM, what the column holds in words.
  public var description: String?

  public init(
    _ name: String, _ format: BinaryTableFormat, count: Int = 1, isVariable: Bool = false,
    unit: String? = nil, ucd: String? = nil, description: String? = nil
  ) {
    self.name = name
    self.format = format
    self.count = count
    self.isVariable = isVariable
    self.unit = unit
    self.ucd = ucd
    self.description = description
  }
}

/// The cells of a column in a run of rows, element after element and row after row.
public enum BinaryTableBlock: Hashable, Sendable {
  case logicals([Bool?])
  case integers([Int64?])
  /// NaN where there is no value.
  case reals([Double])
  case texts([String])
  /// One list a row, of a column of variable length; NaN where there is no value.
  case lists([[Double]])
}

/// A keyword of a table's header that describes the table, not its layout.
public struct BinaryTableKeyword: Hashable, Sendable {
  public enum Value: Hashable, Sendable {
    case logical(Bool)
    case integer(Int64)
    case real(Double)
    case text(String)
  }

  public var name: String
  public var value: Value
  public var comment: String?

  public init(_ name: String, _ value: Value, comment: String? = nil) {
    self.name = name
    self.value = value
    self.comment = comment
  }
}
