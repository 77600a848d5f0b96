import Astronomy
import Files

/// Writes Apache Parquet: groups of rows, compressed by Zstandard, with statistics.
///
/// Memory holds one group at a time, of at most ``mostRows`` rows or about ``mostBytes``.
final class ParquetTableWriter: TableWriter {
  /// As many rows as others take to a group: a page of doubles is a megabyte then.
  private static let mostRows = 131_072
  /// Rows with embeddings or images come in smaller groups.
  private static let mostBytes = 64 << 20

  private let sink: ByteSink
  private let columns: [Column]
  private let metadata: Metadata
  private let zstandard = Zstandard()
  private var chunks: [ParquetChunk]
  private var pendingRows = 0
  private var rowCount = 0
  /// The groups that were written, as the footer describes them.
  private var groups: (bytes: [UInt8], count: Int) = ([], 0)

  init(_ path: String, columns: [Column], metadata: Metadata) throws {
    self.columns = columns
    self.metadata = metadata
    chunks = columns.map { ParquetChunk(ParquetColumn($0)) }
    sink = try ByteSink(path)
    try sink.write(Self.magic)
  }

  func write(_ rows: [[Value]]) throws {
    for row in rows {
      let row = try conforming(
        row, to: columns, path: sink.path, number: rowCount + pendingRows + 1)
      for (index, value) in row.enumerated() where !chunks[index].append(value) {
        throw FileError(
          sink.path, row: rowCount + pendingRows + 1, column: columns[index].name,
          "\(value) is not \(columns[index].kind)", advice: "Declare a wider datatype")
      }
      try endRow()
    }
  }

  var direct: DirectWriter? {
    guard columns.allSatisfy({ $0.shape == .scalar }) else { return nil }
    return .cells { [self] in try append($0) }
  }

  func finish() throws {
    try flush()
    let footer = footer
    var end: [UInt8] = []
    end.append(little: UInt32(footer.count))
    try sink.write(footer + end + Self.magic)
    try sink.finish()
  }

  /// What stands at the beginning and the end of every file.
  static let magic = Array("PAR1".utf8)

  private func append(_ cells: [UnsafeRawBufferPointer?]) throws {
    for (index, cell) in cells.enumerated() where !chunks[index].append(cell) {
      throw FileError(
        sink.path, row: rowCount + pendingRows + 1, column: columns[index].name,
        "the cell has \(cell?.count ?? 0) bytes", advice: "Declare the column as what it holds")
    }
    try endRow()
  }

  private func endRow() throws {
    pendingRows += 1
    let isFull =
      pendingRows == Self.mostRows
      // Sizes are looked at now and then.
      || pendingRows % 256 == 0 && chunks.reduce(0) { $0 + $1.size } >= Self.mostBytes
    if isFull { try flush() }
  }

  /// Writes the rows that wait as a group.
  private func flush() throws {
    guard pendingRows > 0 else { return }
    let begin = sink.offset
    var described: [UInt8] = []
    var uncompressed = 0
    for index in chunks.indices {
      let pages = try ParquetPages(chunks[index], at: sink.offset, path: sink.path, zstandard)
      try sink.write(pages.bytes)
      described += pages.description
      uncompressed += pages.uncompressed
      chunks[index].clear()
    }
    var group = ThriftWriter()
    group.structure {
      $0.list(1, written: described, count: chunks.count)
      $0.int64(2, uncompressed)
      $0.int64(3, pendingRows)
      $0.int64(5, begin)
      $0.int64(6, sink.offset - begin)
    }
    groups.bytes += group.bytes
    groups.count += 1
    rowCount += pendingRows
    pendingRows = 0
  }

  private var footer: [UInt8] {
    let root = ParquetColumn.Element(name: "schema", children: columns.count)
    let texts = chunks.filter { $0.column.type == .bytes }
    let described = ParquetMetadata(
      columns: columns, metadata: metadata,
      texts: Dictionary(uniqueKeysWithValues: texts.map { ($0.column.column.name, $0) }))
    var thrift = ThriftWriter()
    thrift.structure {
      $0.int32(1, 2)
      $0.list(2, of: [root] + chunks.flatMap(\.column.schema)) { $1.write(to: &$0) }
      $0.int64(3, rowCount)
      $0.list(4, written: groups.bytes, count: groups.count)
      $0.list(5, of: described.entries) {
        $0.text(1, $1.key)
        $0.text(2, $1.value)
      }
      $0.text(6, "reber")
      // Statistics follow the order of the type.
      $0.list(7, of: chunks) { order, _ in order.structure(1) { _ in } }
    }
    return thrift.bytes
  }
}
