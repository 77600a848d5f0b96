import Astronomy
import Files

/// Reads a table of a VOTable, whichever way its rows are written.
final class VOTableReader: TableReader {
  let columns: [Column]
  let metadata: Metadata
  let rowCount: Int?
  private let path: String
  private let stream: XMLStream
  private let document: VODocument

  /// Opens a table, by its place from 1.
  init(_ path: String, table: Int) throws {
    self.path = path
    document = VODocument(table: table - 1)
    let stream = try XMLStream(path)
    self.stream = stream
    document.line = { [weak stream] in stream?.line ?? 0 }
    var isOpen = true
    while isOpen, !document.hasHeader { isOpen = try stream.advance(telling: document) }
    let header = document.header
    columns = distinct(header.fields.map(\.column))
    metadata = header.metadata
    rowCount = header.rowCount
    if let refusal = header.refusal {
      throw FileError(
        path, "the service answered with an error: \(refusal)", advice: "Change the query")
    }
    if columns.isEmpty {
      let count = document.passed.count
      throw FileError(
        path, "the document holds \(count == 0 ? "no table" : "\(count) tables alone")",
        advice: "Give a VOTable with a TABLE and its FIELDs")
    }
    try checkDocument()
  }

  /// The tables of a document: those whose `TABLE` has `FIELD`s.
  ///
  /// A document with one `TABLE` alone, as most are, is not read for that.
  static func parts(of path: String) throws -> [TablePart]? {
    guard try countTables(in: path) > 1 else { return nil }
    let document = VODocument(table: .max)
    let stream = try XMLStream(path)
    while try stream.advance(telling: document) {}
    return document.passed
  }

  func read(chunk: Int, _ body: ([[Value]]) throws -> Void) throws {
    var rows: [[Value]] = []
    var isOpen = true
    while isOpen {
      rows += document.takeRows()
      try checkDocument()
      while rows.count >= chunk {
        try body(Array(rows[..<chunk]))
        rows.removeFirst(chunk)
      }
      isOpen = try !document.isComplete && stream.advance(telling: document)
    }
    rows += document.takeRows()
    try checkDocument()
    if !rows.isEmpty { try body(rows) }
  }

  private func checkDocument() throws {
    guard let failure = document.failure else { return }
    throw FileError(
      path, line: failure.line, row: failure.row, column: failure.column, failure.problem,
      advice: failure.advice)
  }
}

/// How many tags `<TABLE` or `<prefix:TABLE` a file has.
private func countTables(in path: String) throws -> Int {
  let source = try ByteSource(path)
  var (buffer, kept, tables) = ([UInt8](repeating: 0, count: 1 << 16), [UInt8](), 0)
  while case let count = try source.read(into: &buffer), count > 0 {
    // What may be the beginning of a tag at the end is looked at again with the next piece.
    let bytes = kept + buffer[..<count]
    let last = bytes.lastIndex(of: UInt8(ascii: "<")) ?? bytes.count
    let end = bytes.count - last < 64 ? last : bytes.count
    for part in bytes[..<end].split(separator: UInt8(ascii: "<")) where isTable(part.prefix(64)) {
      tables += 1
    }
    kept = Array(bytes[end...])
  }
  return tables + (isTable(kept.dropFirst()) ? 1 : 0)
}

/// Whether a tag, without its `<`, is of a TABLE.
private func isTable(_ tag: ArraySlice<UInt8>) -> Bool {
  guard let first = tag.first, first != UInt8(ascii: "/") else { return false }
  let name = tag.prefix { $0 > 32 && $0 != UInt8(ascii: ">") && $0 != UInt8(ascii: "/") }
  return name.split(separator: UInt8(ascii: ":")).last.map { Array($0) } == Array("TABLE".utf8)
}
