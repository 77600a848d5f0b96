import Astronomy

/// What cannot be read in a VOTable, and where it stands.
struct VOFailure {
  let line: Int
  let row: Int
  let column: String?
  let problem: String
  let advice: String
}

/// Follows a VOTable through its elements, and reads the rows of one of its tables.
final class VODocument: XMLEvents {
  /// The bytes that a cell or a text may have.
  private static let mostBytes = 1 << 26
  /// The elements that may be open at a time; a table's data are eight deep.
  private static let mostOpen = 256

  /// How a table's rows are written.
  private enum Rows {
    case none
    /// They are of a table that is not wanted.
    case skipped
    case tableData
    case binary(VOBinary)
  }

  private(set) var header = VOHeader()
  /// What stood before the rows of the chosen table.
  private(set) var chosenHeader: VOHeader?
  /// The rows that are complete and not taken yet.
  var rows: [[Value]] = []
  /// What cannot be read, and the row in which it stands.
  private(set) var failure: VOFailure?
  /// Tells the line that is being read.
  var line: () -> Int = { 0 }
  private(set) var rowsRead = 0
  /// The tables that were met so far: those whose `TABLE` has `FIELD`s.
  private(set) var parts: [TablePart] = []
  /// The number of the table whose rows are read, once it was met.
  private(set) var chosen: Int?
  /// Whether that table ended.
  private(set) var isComplete = false
  private var serialization = Rows.none
  /// Whether the table that is open stands among the parts.
  private var isListed = false
  private let isWanted: (TablePart) -> Bool
  private var row: [Value] = []
  private var cell: [UInt8] = []
  private var isInCell = false

  /// Reads the first table that is wanted.
  init(_ isWanted: @escaping (TablePart) -> Bool) { self.isWanted = isWanted }

  private var isSkipping: Bool {
    if case .skipped = serialization { return true }
    return false
  }

  func start(_ element: XMLName, _ attributes: XMLAttributes) {
    if element.isCell(UInt8(ascii: "D")) {
      cell.removeAll(keepingCapacity: true)
      isInCell = !isSkipping
    } else if !element.isCell(UInt8(ascii: "R")) {
      startHeader(element.string, attributes)
    }
  }

  func text(_ bytes: UnsafeBufferPointer<UInt8>) {
    switch serialization {
    case .tableData where !isInCell: break
    case .binary(var binary):
      // Taken out while it changes, so that its bytes are not copied.
      serialization = .tableData
      if failure == nil { binary.append(bytes, to: &rows) }
      if let fault = binary.fault {
        fail(fault.problem, column: fault.column, advice: "Get the file again: it is damaged")
      }
      serialization = .binary(binary)
    case .skipped: break
    default:
      guard failure == nil else { return }
      cell.append(contentsOf: bytes)
      if cell.count > Self.mostBytes {
        fail(
          "a cell or text is longer than \(Self.mostBytes >> 20) MiB", advice: "Get the file again")
      }
    }
  }

  func end(_ element: XMLName) {
    if element.isCell(UInt8(ascii: "D")) {
      if !isSkipping { endCell() }
    } else if element.isCell(UInt8(ascii: "R")) {
      if !isSkipping { endRow() }
    } else {
      endHeader(element.string)
    }
  }

  /// The rows that are complete, which are then no longer kept.
  func takeRows() -> [[Value]] {
    defer { rows.removeAll(keepingCapacity: true) }
    rowsRead += rows.count
    return rows
  }

  private func startHeader(_ name: String, _ attributes: XMLAttributes) {
    cell.removeAll(keepingCapacity: true)
    header.start(name, attributes)
    if header.depth > Self.mostOpen {
      return fail("\(header.depth) elements stand within each other", advice: "Get a VOTable")
    }
    if let fault = header.fault { return fail(fault, advice: "Correct the FIELD, or take fewer") }
    switch name {
    case "DATA":
      list()
      if isComplete || chosen != parts.count { serialization = .skipped }
    case _ where isSkipping: break
    case "TABLEDATA": serialization = .tableData
    case "BINARY": serialization = .binary(VOBinary(header.fields, hasMask: false))
    case "BINARY2": serialization = .binary(VOBinary(header.fields, hasMask: true))
    case "FITS":
      fail("the rows are a FITS stream", advice: "Convert it with 'stilts tcopy ofmt=votable'")
    case "STREAM": checkStream(attributes)
    default: break
    }
  }

  private func checkStream(_ attributes: XMLAttributes) {
    if let place = attributes["href"] {
      fail("the rows stand elsewhere, at \(place)", advice: "Get a VOTable with inline data")
    } else if let encoding = attributes["encoding"], encoding != "base64" {
      fail("the stream's encoding is '\(encoding)'", advice: "Only base64 is read")
    }
  }

  private func endHeader(_ name: String) {
    header.end(name, text: Tables.text(of: cell))
    cell.removeAll(keepingCapacity: true)
    if case .binary(let binary) = serialization, name == "STREAM", binary.isWithinRow {
      fail("the stream ends within a row", advice: "Get the file again")
    }
    if name == "TABLE", !header.fields.isEmpty { endTable() }
  }

  /// Takes the table that is open among the parts, and chooses it where it is the first that is wanted.
  private func list(isEmpty: Bool = false) {
    guard !isListed, !header.fields.isEmpty else { return }
    isListed = true
    let part = TablePart(
      number: parts.count + 1, name: header.metadata.name, columns: header.fields.map(\.column),
      isEmpty: isEmpty)
    parts.append(part)
    if chosen == nil, isWanted(part) { (chosen, chosenHeader) = (part.number, header) }
  }

  private func endTable() {
    // A table without DATA was not met before.
    list(isEmpty: true)
    if chosen == parts.count { isComplete = true }
    header.endTable()
    serialization = .none
    isListed = false
  }

  private func endCell() {
    isInCell = false
    guard failure == nil else { return }
    guard row.count < header.fields.count else {
      return fail(
        "the row has more cells than there are fields (\(header.fields.count))",
        advice: "Give each FIELD one TD")
    }
    let field = header.fields[row.count]
    let value = cell.isEmpty ? .null : field.value(cell)
    guard let value else {
      let kind = field.column.kind
      return fail(
        "'\(Tables.text(of: cell.prefix(40)))' is not \(kind)", column: field.column.name,
        advice: "Correct the cell or the FIELD's datatype")
    }
    row.append(value)
  }

  private func endRow() {
    guard failure == nil else { return }
    guard row.count == header.fields.count else {
      return fail(
        "the row has \(row.count) cells for \(header.fields.count) fields",
        advice: "Give each FIELD one TD")
    }
    rows.append(row)
    row.removeAll(keepingCapacity: true)
  }

  private func fail(_ problem: String, column: String? = nil, advice: String) {
    failure =
      failure
      ?? VOFailure(
        line: line(), row: rowsRead + rows.count + 1, column: column, problem: problem,
        advice: advice)
  }
}
