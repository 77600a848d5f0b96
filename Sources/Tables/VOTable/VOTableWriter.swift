import Astronomy
import Files

/// Writes VOTable 1.4 with TABLEDATA.
///
/// A column of text is declared `char` as long as it is ASCII; the header is patched to
/// `unicodeChar` at the end where it was not.
final class VOTableWriter: TableWriter {
  private let sink: ByteSink
  private let columns: [Column]
  private let nulls: [Int64?]
  /// Where in the file a text column's datatype stands.
  private var places: [Int: Int] = [:]
  private var isASCII: [Bool]
  private var bytes: [UInt8] = []
  private var rowCount = 0

  init(_ path: String, columns: [Column], metadata: Metadata) throws {
    self.columns = columns
    sink = try ByteSink(path)
    nulls = columns.map(VOMarkup.null)
    isASCII = columns.map { _ in true }
    bytes += VOMarkup.opening(metadata).utf8
    for (index, column) in columns.enumerated() {
      bytes += VOMarkup.field(column, frame: metadata.frame).utf8
      if column.datatype == .string { places[index] = bytes.count }
      bytes += VOMarkup.datatype(column, null: nulls[index]).utf8
    }
    bytes += VOMarkup.beforeRows.utf8
    try flush()
  }

  func write(_ rows: [[Value]]) throws {
    for row in rows {
      rowCount += 1
      try append(try conforming(row, to: columns, path: sink.path, number: rowCount))
      if bytes.count > 1 << 18 { try flush() }
    }
  }

  func finish() throws {
    bytes += VOMarkup.closing.utf8
    try flush()
    for (index, place) in places where !isASCII[index] {
      try sink.patch(Array(VOMarkup.unicode.utf8), at: place)
    }
    try sink.finish()
  }

  private func flush() throws {
    try sink.write(bytes)
    bytes.removeAll(keepingCapacity: true)
  }

  private func append(_ row: [Value]) throws {
    bytes += "<TR>".utf8
    for (index, value) in row.enumerated() {
      bytes += "<TD>".utf8
      try append(value, index)
      bytes += "</TD>".utf8
    }
    bytes += "</TR>\n".utf8
  }

  private func append(_ value: Value, _ index: Int) throws {
    let datatype = columns[index].datatype
    switch value {
    case .null: try appendNull(index)
    case .boolean(let flag): bytes.append(UInt8(ascii: flag ? "T" : "F"))
    case .real(let number): bytes += VOMarkup.number(number, datatype).utf8
    case .text(let text): append(text, index)
    case .reals(let elements): try append(elements, index)
    case .integer(let number): bytes += String(number).utf8
    }
  }

  /// An empty cell, except where the standard wants elements.
  private func appendNull(_ index: Int) throws {
    let column = columns[index]
    if case .vector(let count) = column.shape, column.datatype != .uint8 {
      try append(Array(repeating: .nan, count: count), index)
    } else if column.datatype == .boolean, column.shape == .scalar {
      bytes.append(UInt8(ascii: "?"))
    }
  }

  private func append(_ text: String, _ index: Int) {
    if isASCII[index], !text.utf8.allSatisfy({ $0 < 128 }) { isASCII[index] = false }
    bytes += VOMarkup.escaped(text).utf8
  }

  private func append(_ elements: [Double], _ index: Int) throws {
    let column = columns[index]
    for (place, element) in elements.enumerated() {
      if place > 0 { bytes.append(UInt8(ascii: " ")) }
      if column.datatype == .boolean {
        bytes.append(element.isNaN ? UInt8(ascii: "?") : UInt8(ascii: element == 0 ? "F" : "T"))
      } else if column.datatype.isInteger {
        bytes += String(try wholeNumber(element, index)).utf8
      } else {
        bytes += VOMarkup.number(element, column.datatype).utf8
      }
    }
  }

  /// A vector's element, where one number stands for null and so cannot be a value.
  private func wholeNumber(_ element: Double, _ index: Int) throws -> Int64 {
    let null = nulls[index]
    if element.isNaN, let null { return null }
    if let number = Int64(exactly: element), number != null { return number }
    throw FileError(
      sink.path, row: rowCount, column: columns[index].name,
      "a vector of \(columns[index].datatype.rawValue)s cannot hold \(element)",
      advice: "Declare a wider datatype")
  }
}
