import Astronomy

/// The cells of a column in a group of rows, as Parquet has them before they are compressed.
struct ParquetChunk {
  let column: ParquetColumn
  /// The values that are there, in Parquet's encoding PLAIN; truth values take a byte each until they are
  /// written.
  private(set) var values: [UInt8] = []
  /// How many values there are.
  private(set) var count = 0
  /// How much of the path to each place of a value is there: all of it where there is a value.
  private(set) var definitions: [UInt8] = []
  /// For lists, 0 where a place begins a row and 1 where it goes on.
  private(set) var repetitions: [UInt8] = []
  /// The most bytes of a text, and whether texts are ASCII: what astropy and VOTable want to know.
  private(set) var longestText = 0
  private(set) var isASCII = true

  init(_ column: ParquetColumn) { self.column = column }

  /// The memory that the cells take, in bytes.
  var size: Int { values.count + definitions.count + repetitions.count }

  /// Places without a value.
  var nulls: Int { definitions.count - count }

  /// Forgets the cells, and keeps their room.
  mutating func clear() {
    values.removeAll(keepingCapacity: true)
    definitions.removeAll(keepingCapacity: true)
    repetitions.removeAll(keepingCapacity: true)
    count = 0
  }

  /// Appends a cell that conforms to the column.
  ///
  /// - Returns: Whether the column can hold it: a vector of whole numbers may have an element that is none.
  mutating func append(_ value: Value) -> Bool {
    guard column.isList else {
      append(scalar: value)
      return true
    }
    guard case .reals(let elements) = value, !elements.isEmpty else {
      place(value == .null ? 0 : 1, continues: false)
      return true
    }
    for (index, element) in elements.enumerated() {
      place(element.isNaN ? 2 : 3, continues: index > 0)
      if !element.isNaN, !append(element: element) { return false }
    }
    return true
  }

  /// Appends a cell as a database gives it, as `DirectWriter` says.
  ///
  /// - Returns: Whether the cell has the width of the column.
  mutating func append(_ cell: UnsafeRawBufferPointer?) -> Bool {
    guard let cell, !isNull(cell) else {
      place(0, continues: false)
      return true
    }
    place(1, continues: false)
    switch (column.column.datatype, cell.count) {
    case (.string, _): append(text: cell)
    case (.boolean, 1): append(byte: cell[0])
    case (.uint8, 1): append(Int32(cell[0]))
    case (.int16, 2): append(Int32(Int16(bigEndian: cell.loadUnaligned(as: Int16.self))))
    case (.int32, 4), (.float, 4): append(Int32(bigEndian: cell.loadUnaligned(as: Int32.self)))
    case (.int64, 8), (.double, 8): append(Int64(bigEndian: cell.loadUnaligned(as: Int64.self)))
    default: return false
    }
    return true
  }

  /// Whether a cell is one that no exchange format keeps apart from null: NaN, or a text without letters.
  private func isNull(_ cell: UnsafeRawBufferPointer) -> Bool {
    switch (column.column.datatype, cell.count) {
    case (.string, 0): true
    case (.float, 4):
      Float(bitPattern: UInt32(bigEndian: cell.loadUnaligned(as: UInt32.self))).isNaN
    case (.double, 8):
      Double(bitPattern: UInt64(bigEndian: cell.loadUnaligned(as: UInt64.self))).isNaN
    default: false
    }
  }

  private mutating func place(_ definition: UInt8, continues: Bool) {
    definitions.append(definition)
    if column.isList { repetitions.append(continues ? 1 : 0) }
  }

  private mutating func append(scalar value: Value) {
    place(value == .null ? 0 : 1, continues: false)
    switch value {
    case .boolean(let flag): append(byte: flag ? 1 : 0)
    case .integer(let number):
      if column.type == .int64 { append(number) } else { append(Int32(number)) }
    case .real(let number): append(real: number)
    case .text(let text):
      var text = text
      text.withUTF8 { append(text: UnsafeRawBufferPointer($0)) }
    case .null, .reals: break
    }
  }

  private mutating func append(element: Double) -> Bool {
    switch column.column.datatype {
    case .boolean: append(byte: element == 0 ? 0 : 1)
    case .float, .double: append(real: element)
    case .int64: return append(whole: Int64(exactly: element))
    case .int32: return append(whole: Int32(exactly: element))
    case .int16: return append(whole: Int16(exactly: element).map { Int32($0) })
    case .uint8: return append(whole: UInt8(exactly: element).map { Int32($0) })
    case .string: return false
    }
    return true
  }

  private mutating func append(whole number: (some FixedWidthInteger)?) -> Bool {
    guard let number else { return false }
    append(number)
    return true
  }

  private mutating func append(real number: Double) {
    if column.type == .float { append(Float(number).bitPattern) } else { append(number.bitPattern) }
  }

  private mutating func append(byte: UInt8) {
    values.append(byte)
    count += 1
  }

  private mutating func append(_ number: some FixedWidthInteger) {
    values.append(little: number)
    count += 1
  }

  private mutating func append(text: UnsafeRawBufferPointer) {
    append(UInt32(text.count))
    values.append(contentsOf: text)
    longestText = max(longestText, text.count)
    if isASCII { isASCII = text.allSatisfy { $0 < 0x80 } }
  }
}

extension ParquetChunk {
  /// The values' texts, each as its place in `values`.
  var texts: [Range<Int>] {
    var ranges: [Range<Int>] = []
    ranges.reserveCapacity(count)
    values.withUnsafeBytes { bytes in
      var place = 0
      while place < bytes.count {
        let length = Int(
          UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self)))
        ranges.append(place + 4..<place + 4 + length)
        place += 4 + length
      }
    }
    return ranges
  }
}
