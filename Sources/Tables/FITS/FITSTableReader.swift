import Astronomy
import FITS
import Files

/// Reads a FITS binary table, a block of rows column after column.
final class FITSTableReader: TableReader {
  let columns: [Column]
  let metadata: Metadata
  let rowCount: Int?
  private let table: BinaryTable

  /// Asked for alone, since DATASUM is that of all rows: whoever does not ask need not read them for it.
  var remarks: [String] { repeats(table.columns) + remarksOnSum }

  private var remarksOnSum: [String] {
    do {
      return try table.contradictsItsSum()
        ? ["its rows are not those of which DATASUM is: the file is damaged, or was changed since"]
        : []
    } catch {
      return ["DATASUM could not be held against its rows: \(error)"]
    }
  }

  init(_ address: TableAddress, suits: ([Column]) -> Bool) throws {
    let tables = try BinaryTable.all(in: address.path)
    let parts = tables.map {
      TablePart(number: $0.number, name: $0.name, columns: $0.columns, isEmpty: $0.rowCount == 0)
    }
    let number = try parts.chosen(address.part, of: address.path, suits: suits)
    table = tables.first { $0.number == number } ?? tables[0]
    try table.checkIsWhole()
    let (comments, header) = AstropyHeader.part(table.comments)
    let said = header?.columns ?? [:]
    columns = distinct(
      table.columns.map { column in
        var column = column
        column.ucd = column.ucd ?? said[column.name]?.ucd
        column.frame = column.frame ?? said[column.name]?.frame
        return column
      })
    metadata = Metadata(table, comments: comments)
    rowCount = table.rowCount
    try checkNotEmpty(columns, path: address.path)
  }

  func read(chunk: Int, _ body: ([[Value]]) throws -> Void) throws {
    // Where rows are long, fewer of them are held at a time.
    let most = table.hasLists ? 64 : (1 << 22) / max(table.elementsInRow, 1)
    let chunk = max(min(chunk, most, table.rowsAtOnce), 1)
    var first = 0
    while first < table.rowCount {
      let range = first..<min(first + chunk, table.rowCount)
      try body(try rows(range))
      first = range.upperBound
    }
  }

  private func rows(_ range: Range<Int>) throws -> [[Value]] {
    var rows = [[Value]](repeating: [], count: range.count)
    for row in rows.indices { rows[row].reserveCapacity(columns.count) }
    for (index, column) in columns.enumerated() {
      // TFORM may say that a column has no elements.
      if column.shape == .vector(0) || column.datatype == .string && column.width == 0 {
        for row in rows.indices { rows[row].append(.null) }
        continue
      }
      let block = try table.read(index, rows: range)
      let values = Self.values(block, column)
      if values.count != rows.count {
        throw FileError(
          table.path, column: column.name, "the column has an empty or broken layout",
          advice: "Check the file with 'fitsverify'")
      }
      for row in rows.indices { rows[row].append(values[row]) }
    }
    return rows
  }

  private static func values(_ block: BinaryTableBlock, _ column: Column) -> [Value] {
    switch block {
    case .texts(let texts): return texts.map { Value($0) }
    case .lists(let lists): return lists.map { Value($0) }
    case .logicals(let flags):
      return cells(flags.map { $0.map(Value.boolean) ?? .null }, column)
    case .integers(let numbers):
      return cells(numbers.map { $0.map(Value.integer) ?? .null }, column)
    case .reals(let numbers):
      guard case .vector(let count) = column.shape else { return numbers.map { Value($0) } }
      return vectors(numbers, count)
    }
  }

  /// The elements as they are, or gathered to vectors.
  private static func cells(_ elements: [Value], _ column: Column) -> [Value] {
    guard case .vector(let count) = column.shape else { return elements }
    return vectors(elements.map(\.element), count)
  }

  private static func vectors(_ elements: [Double], _ count: Int) -> [Value] {
    guard count > 0 else { return [] }
    return stride(from: 0, to: elements.count, by: count)
      .map { Value(Array(elements[$0..<$0 + count])) }
  }
}
