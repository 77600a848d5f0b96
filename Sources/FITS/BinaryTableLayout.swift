import Astronomy

/// How the elements of a binary table's column are stored, by the letter of TFORM.
enum BinaryTableFormat: Character {
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
  /// Whole numbers beyond 2^63, which are kept as their digits: `K` with TZERO = 2^63.
  case unsigned64 = "U"

  /// The type of the elements; a complex number is two of them.
  var datatype: Datatype {
    switch self {
    case .logical, .bit: .boolean
    case .byte: .uint8
    case .int16: .int16
    case .int32: .int32
    case .int64: .int64
    case .float, .floatComplex: .float
    case .double, .doubleComplex: .double
    case .text, .unsigned64: .string
    }
  }

  /// The format that holds values of a datatype.
  init(_ datatype: Datatype) {
    switch datatype {
    case .boolean: self = .logical
    case .uint8: self = .byte
    case .int16: self = .int16
    case .int32: self = .int32
    case .int64: self = .int64
    case .float: self = .float
    case .double: self = .double
    case .string: self = .text
    }
  }
}

/// How the cells of a binary table's column are laid out.
struct BinaryTableLayout {
  /// The format of the values after TSCAL and TZERO, which also carry the unsigned integers.
  var format: BinaryTableFormat
  /// The elements in a cell; of text, its width in bytes.
  var count = 1
  /// Whether each row has a length of its own (TFORM `P` or `Q`).
  var isVariable = false

  /// The most elements that a cell may have: headers of damaged files ask for any number.
  static let mostElements = 1 << 22

  /// TFORM.
  var tform: String { isVariable ? "1P\(format.rawValue)" : "\(count)\(format.rawValue)" }
}

extension BinaryTableLayout {
  /// The layout that holds a column's values.
  init(_ column: Column) {
    format = BinaryTableFormat(column.datatype)
    switch column.shape {
    case .scalar: if format == .text { count = max(column.width ?? 1, 1) }
    case .vector(let length): count = length
    case .list: isVariable = true
    }
  }

  /// How many numbers a cell holds.
  var shape: Shape {
    if format == .text || format == .unsigned64 { return .scalar }
    if isVariable { return .list }
    let numbers = format == .floatComplex || format == .doubleComplex ? 2 * count : count
    return numbers == 1 ? .scalar : .vector(numbers)
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
