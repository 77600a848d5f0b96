/// Rows of scalars in the making, as the bytes that the file has for them.
struct BinaryTableRows {
  /// The rows, one behind the other.
  var bytes: [UInt8] = []
  /// Their number.
  var count = 0

  mutating func clear() {
    bytes.removeAll(keepingCapacity: true)
    count = 0
  }

  /// Appends a cell, which is no wider than its column; false where it has not the column's width.
  mutating func append(
    _ cell: UnsafeRawBufferPointer?, as layout: BinaryTableLayout, _ null: inout BinaryTableNull?
  ) -> Bool {
    switch layout.format {
    case .text:
      let width = cell?.count ?? 0
      if let cell { bytes.append(contentsOf: cell) }
      bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: layout.count - width))
    case .logical:
      guard cell.map({ $0.count == 1 }) ?? true else { return false }
      bytes.append(cell.map { UInt8(ascii: $0[0] == 0 ? "F" : "T") } ?? 0)
    case .byte: return append(cell, UInt8.self, &null)
    case .int16: return append(cell, Int16.self, &null)
    case .int32: return append(cell, Int32.self, &null)
    case .int64: return append(cell, Int64.self, &null)
    case .float: return append(cell, orElse: Float.nan.bitPattern)
    case .double: return append(cell, orElse: Double.nan.bitPattern)
    default: return false
    }
    return true
  }

  private mutating func append<Number: FixedWidthInteger>(
    _ cell: UnsafeRawBufferPointer?, _: Number.Type, _ null: inout BinaryTableNull?
  ) -> Bool {
    let width = MemoryLayout<Number>.size
    guard cell.map({ $0.count == width }) ?? true else { return false }
    let number = cell.map { Int64(Number(bigEndian: $0.loadUnaligned(as: Number.self))) }
    let stored = Number(truncatingIfNeeded: null?.store(number) ?? number ?? 0)
    withUnsafeBytes(of: stored.bigEndian) { bytes.append(contentsOf: $0) }
    return true
  }

  private mutating func append<Bits: FixedWidthInteger>(
    _ cell: UnsafeRawBufferPointer?, orElse nan: Bits
  ) -> Bool {
    guard let cell else {
      withUnsafeBytes(of: nan.bigEndian) { bytes.append(contentsOf: $0) }
      return true
    }
    guard cell.count == MemoryLayout<Bits>.size else { return false }
    bytes.append(contentsOf: cell)
    return true
  }
}
