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
  private let isMeant: Meant

  /// Which table a user means: that of a number or a name, else the only one that suits.
  private struct Meant {
    let part: String?
    let suits: ([Column]) -> Bool

    func holds(_ table: TablePart) -> Bool {
      part.map { table.isCalled($0) } ?? (!table.isEmpty && suits(table.columns))
    }
  }

  /// Opens a table.
  ///
  /// That no other one can be meant is known when the document is read to its end.
  convenience init(_ address: TableAddress, suits: @escaping ([Column]) -> Bool) throws {
    let meant = Meant(part: address.part, suits: suits)
    let stream = try XMLStream(address.path)
    let document = VODocument(meant.holds)
    try Self.openHeader(of: document, stream, address.path)
    if document.chosen == nil, !document.parts.isEmpty {
      // A document's only table is meant whatever its columns are.
      let number = try document.parts.chosen(address.part, of: address.path, suits: suits)
      let again = VODocument { $0.number == number }
      let stream = try XMLStream(address.path)
      try Self.openHeader(of: again, stream, address.path)
      try self.init(address.path, stream, again, meant)
    } else {
      try self.init(address.path, stream, document, meant)
    }
  }

  private init(
    _ path: String, _ stream: XMLStream, _ document: VODocument, _ meant: Meant
  ) throws {
    (self.path, self.stream, self.document, isMeant) = (path, stream, document, meant)
    let header = document.chosenHeader ?? document.header
    columns = distinct(document.chosenHeader?.fields.map(\.column) ?? [])
    metadata = header.metadata
    // Of rows that come, none are promised by some.
    rowCount = header.rowCount == 0 ? nil : header.rowCount
    try Self.checkAnswer(header, path)
    if columns.isEmpty {
      throw FileError(
        path, "the document holds no table", advice: "Give a VOTable with a TABLE and its FIELDs")
    }
  }

  var remarks: [String] {
    repeats(document.chosenHeader?.fields.map(\.column) ?? [])
      + (document.header.isCutOff
        ? ["the service left rows out since they were too many (OVERFLOW): ask it for more"] : [])
  }

  /// Refuses what a service sent in place of a table, or broke off.
  private static func checkAnswer(_ header: VOHeader, _ path: String) throws {
    guard let refusal = header.refusal else { return }
    throw FileError(
      path, "the service answered with an error: \(refusal)", advice: "Change the query")
  }

  /// Reads as far as the rows of the chosen table, or to the end of a document without one.
  private static func openHeader(
    of document: VODocument, _ stream: XMLStream, _ path: String
  ) throws {
    document.line = { [weak stream] in stream?.line ?? 0 }
    while document.chosen == nil, document.failure == nil, try stream.advance(telling: document) {}
    try check(document, path)
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
      isOpen = try stream.advance(telling: document)
    }
    rows += document.takeRows()
    try checkDocument()
    try Self.checkAnswer(document.header, path)
    if let rowCount, document.rowsRead < rowCount {
      throw FileError(
        path, "the table says that it has \(rowCount) rows, and has \(document.rowsRead)",
        advice: "Get the file again, or correct 'nrows'")
    }
    _ = try document.parts.chosen(isMeant.part, of: path, suits: isMeant.suits)
    if !rows.isEmpty { try body(rows) }
  }

  private func checkDocument() throws { try Self.check(document, path) }

  private static func check(_ document: VODocument, _ path: String) throws {
    guard let failure = document.failure else { return }
    throw FileError(
      path, line: failure.line, row: failure.row, column: failure.column, failure.problem,
      advice: failure.advice)
  }
}
