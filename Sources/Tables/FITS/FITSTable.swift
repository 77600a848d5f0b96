import FITS

extension Column {
  /// A FITS column in the words of this module.
  init(_ column: BinaryTableColumn) {
    let parts = column.format == .floatComplex || column.format == .doubleComplex ? 2 : 1
    self.init(
      column.name, Datatype(column.format), unit: column.unit, ucd: column.ucd,
      description: column.description)
    if column.format == .text {
      width = column.isVariable ? nil : column.count
    } else if column.isVariable {
      shape = .list
    } else if column.count * parts != 1 {
      shape = .vector(column.count * parts)
    }
  }
}

extension BinaryTableColumn {
  /// The FITS column that holds a column's values.
  init(_ column: Column) {
    self.init(
      column.name, BinaryTableFormat(column.datatype), unit: column.unit, ucd: column.ucd,
      description: column.description)
    if column.datatype == .string { count = max(column.width ?? 1, 1) }
    switch column.shape {
    case .scalar: break
    case .vector(let length): count = length
    case .list: isVariable = true
    }
  }
}

extension Datatype {
  fileprivate init(_ format: BinaryTableFormat) {
    switch format {
    case .logical, .bit: self = .boolean
    case .byte: self = .uint8
    case .int16: self = .int16
    case .int32: self = .int32
    case .int64: self = .int64
    case .float, .floatComplex: self = .float
    case .double, .doubleComplex: self = .double
    case .text: self = .string
    }
  }
}

extension BinaryTableFormat {
  fileprivate init(_ datatype: Datatype) {
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
