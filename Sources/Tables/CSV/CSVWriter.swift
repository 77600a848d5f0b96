import Astronomy
import Files

/// Writes CSV and TSV: a plain header of names, numbers in their shortest exact form.
///
/// Units and other metadata have no place in CSV and are not written. Vectors are written as
/// `[1.0,2.0]`.
final class CSVWriter: TableWriter {
  private let sink: ByteSink
  private let columns: [Column]
  private let separator: UInt8
  private var bytes: [UInt8] = []
  private var rowCount = 0

  init(_ path: String, columns: [Column], separator: Unicode.Scalar) throws {
    self.columns = columns
    self.separator = UInt8(ascii: separator)
    sink = try ByteSink(path)
    for (index, column) in columns.enumerated() {
      if index > 0 { bytes.append(self.separator) }
      append(column.name)
    }
    bytes.append(UInt8(ascii: "\n"))
  }

  func write(_ rows: [[Value]]) throws {
    for row in rows {
      rowCount += 1
      append(try conforming(row, to: columns, path: sink.path, number: rowCount))
      if bytes.count > 1 << 18 { try flush() }
    }
  }

  var direct: DirectWriter? {
    .lines(separator: Character(Unicode.Scalar(separator))) { [self] line in
      bytes.append(contentsOf: line)
      if bytes.count > 1 << 18 { try flush() }
    }
  }

  func finish() throws {
    try flush()
    try sink.finish()
  }

  private func flush() throws {
    try sink.write(bytes)
    bytes.removeAll(keepingCapacity: true)
  }

  private func append(_ row: [Value]) {
    for (index, value) in row.enumerated() {
      if index > 0 { bytes.append(separator) }
      append(value, as: columns[index].datatype)
    }
    // A line with nothing on it would not be a row.
    if row == [.null] { bytes += [UInt8(ascii: "\""), UInt8(ascii: "\"")] }
    bytes.append(UInt8(ascii: "\n"))
  }

  private func append(_ value: Value, as datatype: Datatype) {
    switch value {
    case .null: break
    case .text(let text): append(text)
    case .reals(let elements):
      append("[" + elements.map { $0.shortest(as: datatype) }.joined(separator: ",") + "]")
    default: bytes.append(contentsOf: value.shortest(as: datatype).utf8)
    }
  }

  private func append(_ text: String) {
    guard needsQuotes(text) else {
      bytes.append(contentsOf: text.utf8)
      return
    }
    let quote = UInt8(ascii: "\"")
    bytes.append(quote)
    for byte in text.utf8 {
      if byte == quote { bytes.append(quote) }
      bytes.append(byte)
    }
    bytes.append(quote)
  }

  /// Whether a text would read as more than one field, as a comment, as null or without its blanks.
  private func needsQuotes(_ text: String) -> Bool {
    guard let first = text.utf8.first, let last = text.utf8.last else { return false }
    let blank = UInt8(ascii: " ")
    if first == blank || last == blank || first == UInt8(ascii: "#") { return true }
    let kind = Array(text.utf8).withUnsafeBufferPointer { CSVKind($0, quoted: false) }
    if kind == .null || kind == .absent { return true }
    return text.utf8.contains { byte in
      byte == separator || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\n")
        || byte == UInt8(ascii: "\r")
    }
  }
}
