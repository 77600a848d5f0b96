/// Reads the first table of a VOTable, whichever way its rows are written.
final class VOTableReader: TableReader {
  let columns: [Column]
  let metadata: Metadata
  let rowCount: Int?
  private let path: String
  private let stream: XMLStream
  private let document = VODocument()

  init(_ path: String) throws {
    self.path = path
    let stream = try XMLStream(path)
    self.stream = stream
    document.line = { [weak stream] in stream?.line ?? 0 }
    var isOpen = true
    while isOpen, !document.hasHeader { isOpen = try stream.advance(telling: document) }
    let header = document.header
    columns = header.fields.map(\.column)
    metadata = header.metadata
    rowCount = header.rowCount
    if let refusal = header.refusal {
      throw TableError(
        path, "the service answered with an error: \(refusal)", advice: "Change the query")
    }
    if columns.isEmpty {
      throw TableError(
        path, "the document holds no table", advice: "Give a VOTable with a TABLE and its FIELDs")
    }
    try checkNames(of: columns, path: path)
    try checkDocument()
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
    throw TableError(
      path, line: failure.line, row: failure.row, column: failure.column, failure.problem,
      advice: failure.advice)
  }
}
