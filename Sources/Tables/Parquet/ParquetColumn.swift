import Astronomy

/// A column as Parquet has it: what its values are stored as, and how deep they stand.
struct ParquetColumn {
  let column: Column
  /// How values are stored.
  let type: ParquetType
  var isList: Bool { column.shape != .scalar }

  /// How many parts of a path to a value may be missing: the cell; of a list, its elements and each
  /// element too.
  var deepest: UInt8 { isList ? 3 : 1 }

  /// The names that lead to the values, with those that Parquet wants for lists.
  var path: [String] { isList ? [column.name, "list", "element"] : [column.name] }

  init(_ column: Column) {
    self.column = column
    type = ParquetType(column.datatype)
  }
}

/// How values are stored, by the codes of Parquet's specification.
enum ParquetType: Int {
  case boolean = 0
  case int32 = 1
  case int64 = 2
  case float = 4
  case double = 5
  case bytes = 6

  init(_ datatype: Datatype) {
    switch datatype {
    case .boolean: self = .boolean
    case .uint8, .int16, .int32: self = .int32
    case .int64: self = .int64
    case .float: self = .float
    case .double: self = .double
    case .string: self = .bytes
    }
  }
}

extension ParquetColumn {
  /// The elements of the schema that describe the column: one, or three for a list.
  ///
  /// Their meaning is said in the old way (`ConvertedType`) and in the new one, and where pyarrow says
  /// none neither is: readers that merge files hold schemas against each other.
  var schema: [Element] {
    let value = Element(
      name: path[path.count - 1], repetition: .optional, type: type, meaning: meaning)
    guard isList else { return [value] }
    return [
      Element(name: path[0], repetition: .optional, children: 1, meaning: .list),
      Element(name: path[1], repetition: .repeated, children: 1), value,
    ]
  }

  private var meaning: Meaning? {
    switch column.datatype {
    case .string: .text
    case .uint8: .integer(bits: 8, signed: false)
    case .int16: .integer(bits: 16, signed: true)
    default: nil
    }
  }

  /// An element of the schema.
  struct Element {
    var name: String
    var repetition: Repetition?
    var type: ParquetType?
    var children: Int?
    var meaning: Meaning?

    func write(to thrift: inout ThriftWriter) {
      if let type { thrift.int32(1, type.rawValue) }
      if let repetition { thrift.int32(3, repetition.rawValue) }
      thrift.text(4, name)
      if let children { thrift.int32(5, children) }
      guard let meaning else { return }
      thrift.int32(6, meaning.convertedType)
      thrift.structure(10, meaning.writeLogicalType)
    }
  }

  enum Repetition: Int {
    case optional = 1
    case repeated = 2
  }

  /// What stored values mean.
  enum Meaning {
    case text
    case list
    case integer(bits: Int8, signed: Bool)

    var convertedType: Int {
      switch self {
      case .text: 0
      case .list: 3
      case .integer(bits: 8, signed: false): 11
      case .integer: 16
      }
    }

    func writeLogicalType(to thrift: inout ThriftWriter) {
      switch self {
      case .text: thrift.structure(1) { _ in }
      case .list: thrift.structure(3) { _ in }
      case .integer(let bits, let signed):
        thrift.structure(10) {
          $0.byte(1, bits)
          $0.flag(2, signed)
        }
      }
    }
  }
}
