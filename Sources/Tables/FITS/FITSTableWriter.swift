import Astronomy
import FITS

/// Writes a FITS binary table in blocks of rows.
final class FITSTableWriter: TableWriter {
  private static let block = 8192
  private let writer: BinaryTableWriter
  private let columns: [Column]
  private let path: String
  private var rows: [[Value]] = []
  private var rowCount = 0

  init(_ path: String, columns: [Column], metadata: Metadata) throws {
    self.columns = columns
    self.path = path
    let lines = metadata.description?.split(separator: "\n").map(String.init) ?? []
    writer = try BinaryTableWriter(
      path, columns: columns, name: metadata.name, keywords: metadata.keywords, comments: lines,
      history: metadata.history)
  }

  func write(_ rows: [[Value]]) throws {
    for row in rows {
      rowCount += 1
      self.rows.append(try conforming(row, to: columns, path: path, number: rowCount))
      if self.rows.count == Self.block { try flush() }
    }
  }

  var direct: DirectWriter? {
    guard columns.allSatisfy({ $0.shape == .scalar }) else { return nil }
    return .cells(writer.append(cells:))
  }

  var losses: [String] { writer.losses }

  func finish() throws {
    try flush()
    try writer.finish()
  }

  private func flush() throws {
    guard !rows.isEmpty else { return }
    let blocks = columns.indices.map { block(of: $0) }
    try writer.append(blocks, rows: rows.count)
    rows.removeAll(keepingCapacity: true)
  }

  private func block(of index: Int) -> BinaryTableBlock {
    switch (columns[index].shape, columns[index].datatype) {
    case (_, .string): .texts(rows.map { $0[index].characters })
    case (.list, _): .lists(rows.map { $0[index].elements ?? [] })
    case (.vector(let count), _):
      .reals(rows.flatMap { $0[index].elements ?? Array(repeating: .nan, count: count) })
    case (.scalar, .boolean): .logicals(rows.map { $0[index].flag })
    case (.scalar, .float), (.scalar, .double): .reals(rows.map { $0[index].element })
    case (.scalar, _): .integers(rows.map { $0[index].number })
    }
  }
}

extension Value {
  fileprivate var elements: [Double]? {
    if case .reals(let elements) = self { elements } else { nil }
  }

  fileprivate var characters: String {
    if case .text(let text) = self { text } else { "" }
  }

  fileprivate var flag: Bool? {
    if case .boolean(let flag) = self { flag } else { nil }
  }

  fileprivate var number: Int64? {
    if case .integer(let number) = self { number } else { nil }
  }
}
