import Astronomy
import Foundation

extension VOField {
  /// The value of a cell's bytes, or nil when they are not of the field's datatype.
  ///
  /// Plain numbers go straight to a C conversion, everything else by way of a string.
  func value(_ cell: [UInt8]) -> Value? {
    if column.datatype == .string { return Value(Tables.text(of: cell)) }
    guard column.shape == .scalar, column.datatype != .boolean, null == nil,
      let number = number(cell)
    else { return value(Tables.text(of: cell)) }
    return number
  }

  private func number(_ cell: [UInt8]) -> Value? {
    let isInteger = column.datatype.isInteger
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: cell.count + 1) { characters in
      for (index, byte) in cell.enumerated() { characters[index] = CChar(bitPattern: byte) }
      characters[cell.count] = 0
      guard let start = characters.baseAddress else { return nil }
      var end: UnsafeMutablePointer<CChar>?
      if isInteger {
        guard cell.count < 19 else { return nil }
        let number = strtoll(start, &end, 10)
        return end == start + cell.count ? .integer(Int64(number)) : nil
      }
      let isFloat = column.datatype == .float
      let number = isFloat ? Double(strtof(start, &end)) : strtod(start, &end)
      return end == start + cell.count ? Value(number) : nil
    }
  }
}
