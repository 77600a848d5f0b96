public import Astronomy
internal import CFITSIO
import Files
import Foundation

/// Writes a FITS file with one binary table, under a temporary name until it is complete.
///
/// Text columns need not know their width: when a longer text comes, CFITSIO widens the column
/// in place, which passes once over the rows written so far. Widths of blocks of rows settle
/// soon, so that this happens a few times a column at most and the file is never wider than its
/// longest text.
public final class BinaryTableWriter {
  private let columns: [Column]
  private var layouts: [BinaryTableLayout]
  private var rowCount = 0
  private let partial: PartialFile
  private let file: BinaryTableFile
  /// What was written to each column of whole numbers: a null, and the number that stands for it.
  private var nulls: [BinaryTableNull?]
  /// Rows as the file has them, which are yet to be written.
  private var pending = BinaryTableRows()
  /// How many cells of each column have letters that FITS has not.
  private var foreign: [Int]

  /// Creates the file with the table's header.
  ///
  /// - Throws: `FileError` when the folder is not writable or a keyword does not fit FITS.
  public init(
    _ path: String, columns: [Column], name: String? = nil, keywords: [Keyword] = [],
    comments: [String] = [], history: [String] = []
  ) throws {
    self.columns = columns
    layouts = columns.map { BinaryTableLayout($0) }
    nulls = layouts.map { BinaryTableNull($0.format) }
    foreign = columns.map { _ in 0 }
    partial = PartialFile(path)
    file = try BinaryTableFile(creating: partial)
    try writeLayout(name)
    try writeNulls()
    try file.explaining {
      try $0.write(descriptions + keywords, comments: comments, history: history)
    }
  }

  /// What the file does not hold as it was given, a sentence a column: cells of FITS have letters of ASCII
  /// alone.
  public var losses: [String] {
    zip(columns, foreign).filter { $1 > 0 }.map { column, cells in
      "column '\(column.name)': letters beyond ASCII are written without their marks or as ? (cells: \(cells))"
    }
  }

  /// Appends rows, given as one block a column.
  ///
  /// Letters beyond printable ASCII are written as `String.inASCII` has them: see ``losses``.
  ///
  /// - Throws: `FileError` naming the column of a value that does not fit; when the disk is full.
  public func append(_ blocks: [BinaryTableBlock], rows: Int) throws {
    for (index, block) in blocks.enumerated() {
      var block = block
      if case .texts(let texts) = block {
        let texts = texts.map { plain($0, index) }
        try widen(index, to: texts)
        block = .texts(texts)
      }
      let cells = BinaryTableOutput(
        file: file, column: Int32(index + 1), name: columns[index].name, layout: layouts[index],
        first: rowCount + 1)
      try cells.write(block, nulls: &nulls[index])
    }
    rowCount += rows
  }

  /// Appends a row, given as the bytes of its cells, of columns that all hold one value each.
  ///
  /// Numbers have the most significant byte first and the width of their column, a truth value is 0 or
  /// 1, text is UTF-8; `nil` is no value.
  ///
  /// - Throws: `FileError` naming the column of a cell that has another width; when the disk is full.
  public func append(cells: [UnsafeRawBufferPointer?]) throws {
    for (index, cell) in cells.enumerated() where layouts[index].format == .text {
      guard let cell, !cell.isPlain else { continue }
      return try append(cells: cells, plain: index)
    }
    for (index, cell) in cells.enumerated() {
      let layout = layouts[index]
      if layout.format == .text, let cell, cell.count > layout.count {
        try flush()
        try widen(index, to: cell.count)
      }
    }
    for (index, cell) in cells.enumerated() {
      guard pending.append(cell, as: layouts[index], &nulls[index]) else {
        throw file.problem(
          "column '\(columns[index].name)', row \(rowCount + pending.count + 1): the cell has \(cell?.count ?? 0) bytes",
          advice: "Declare the column as what it holds")
      }
    }
    pending.count += 1
    if pending.bytes.count > 1 << 18 { try flush() }
  }

  /// Appends a row in which a cell has other letters than FITS.
  private func append(cells: [UnsafeRawBufferPointer?], plain index: Int) throws {
    var text = plain(
      String(decoding: cells[index] ?? .init(start: nil, count: 0), as: UTF8.self), index)
    try text.withUTF8 {
      var cells = cells
      cells[index] = UnsafeRawBufferPointer($0)
      try append(cells: cells)
    }
  }

  /// The text of a cell as FITS can have it; counts those that change.
  private func plain(_ text: String, _ column: Int) -> String {
    let plain = text.inASCII
    if plain != text { foreign[column] += 1 }
    return plain
  }

  private func flush() throws {
    guard pending.count > 0 else { return }
    try file.check(row: rowCount + 1) { status in
      ffptbb(
        file.pointer, Int64(rowCount + 1), 1, Int64(pending.bytes.count), &pending.bytes, &status)
    }
    rowCount += pending.count
    pending.clear()
  }

  /// Completes the file and gives it its name.
  ///
  /// - Throws: `FileError` when the disk is full, or when a column holds both nulls and the
  ///   number that stands for them.
  public func finish() throws {
    try flush()
    for (index, null) in nulls.enumerated() {
      guard let null else { continue }
      if null.isUsed, null.isClashing {
        throw file.problem(
          "column '\(columns[index].name)' holds nulls and \(null.number), which stands for null",
          advice: "Declare a wider datatype")
      }
      if !null.isUsed { try file.check { ffdkey(file.pointer, "TNULL\(index + 1)", &$0) } }
    }
    for loss in losses { try file.check { ffphis(file.pointer, loss.inASCII, &$0) } }
    try file.check { writeChecksums(of: file.pointer, &$0) }
    try file.explaining { try $0.close() }
    try partial.complete()
  }

  private func writeLayout(_ name: String?) throws {
    try withCStrings(columns.map(\.name)) { names in
      try withCStrings(layouts.map(\.tform)) { forms in
        try withCStrings(columns.map { $0.unit ?? "" }) { units in
          try file.check { status in
            ffcrtb(
              file.pointer, BINARY_TBL, 0, Int32(columns.count), names, forms, units, name, &status)
          }
        }
      }
    }
  }

  private func writeNulls() throws {
    for (index, null) in nulls.enumerated() {
      guard let null else { continue }
      try file.check { status in
        ffpkyj(file.pointer, "TNULL\(index + 1)", null.number, "stands for no value", &status)
      }
    }
    // CFITSIO reads the new keywords into the layout it keeps.
    try file.check { ffrdef(file.pointer, &$0) }
  }

  /// The keywords that say what the columns hold.
  private var descriptions: [Keyword] {
    columns.enumerated().flatMap { index, column in
      [
        Keyword("TUCD\(index + 1)", Value(column.ucd ?? "")),
        Keyword("TCOMM\(index + 1)", Value(column.description ?? "")),
      ]
    }
  }

  /// Makes a text column as wide as its longest text.
  private func widen(_ index: Int, to texts: [String]) throws {
    try widen(index, to: texts.reduce(0) { max($0, $1.utf8.count) })
  }

  private func widen(_ index: Int, to width: Int) throws {
    guard width > layouts[index].count, !layouts[index].isVariable else { return }
    try file.check(column: columns[index].name) {
      ffmvec(file.pointer, Int32(index + 1), Int64(width), &$0)
    }
    layouts[index].count = width
  }
}

/// The number that stands for null in a column of whole numbers, and whether it was needed.
struct BinaryTableNull {
  let number: Int64
  var isUsed = false
  var isClashing = false

  init?(_ format: BinaryTableFormat) {
    switch format {
    case .byte: number = 255
    case .int16: number = Int64(Int16.min)
    case .int32: number = Int64(Int32.min)
    case .int64: number = .min
    default: return nil
    }
  }

  /// The number to store for a value.
  mutating func store(_ value: Int64?) -> Int64 {
    if value == nil { isUsed = true }
    if value == number { isClashing = true }
    return value ?? number
  }
}

/// Gives texts as C strings that live as long as `body` runs.
private func withCStrings<R>(
  _ texts: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) throws -> R
) rethrows -> R {
  var pointers: [UnsafeMutablePointer<CChar>?] = texts.map { strdup($0) }
  defer { for pointer in pointers { free(pointer) } }
  return try pointers.withUnsafeMutableBufferPointer { buffer in
    try body(buffer.baseAddress.unsafelyUnwrapped)
  }
}

extension UnsafeRawBufferPointer {
  /// Whether the bytes are printable ASCII.
  fileprivate var isPlain: Bool { reduce(0) { $0 | ($1 &- 0x20 < 0x5F ? 0 : 1) as UInt8 } == 0 }
}
