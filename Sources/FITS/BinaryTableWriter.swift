internal import CFITSIO
import Foundation

/// Writes a FITS file with one binary table, under a temporary name until it is complete.
///
/// Text columns need not know their width: when a longer text comes, CFITSIO widens the column
/// in place, which passes once over the rows written so far. Widths of blocks of rows settle
/// soon, so that this happens a few times a column at most and the file is never wider than its
/// longest text.
public final class BinaryTableWriter {
  public let path: String
  public private(set) var columns: [BinaryTableColumn]
  public private(set) var rowCount = 0
  private let temporary: String
  let file: BinaryTableFile
  /// What was written to each column of whole numbers: a null, and the number that stands for it.
  private var nulls: [BinaryTableNull?]
  private var isFinished = false

  /// Creates the file with the table's header.
  ///
  /// - Throws: ``BinaryTableError`` when the folder is not writable or a keyword does not fit FITS.
  public init(
    _ path: String, columns: [BinaryTableColumn], name: String? = nil,
    keywords: [BinaryTableKeyword] = [], comments: [String] = []
  ) throws {
    self.path = path
    self.columns = columns
    temporary = temporaryName(for: path)
    nulls = columns.map { BinaryTableNull($0.format) }
    file = try BinaryTableFile(creating: temporary)
    try writeLayout(name)
    try writeNulls()
    try writeDescriptions()
    try write(keywords)
    for comment in comments { try file.check { ffpcom(file.pointer, comment, &$0) } }
  }

  deinit { if !isFinished { unlink(temporary) } }

  /// Appends rows, given as one block a column.
  ///
  /// - Throws: ``BinaryTableError`` naming the column of a value that does not fit; when the disk is full.
  public func append(_ blocks: [BinaryTableBlock], rows: Int) throws {
    for (index, block) in blocks.enumerated() {
      if case .texts(let texts) = block { try widen(index, to: texts) }
      let cells = BinaryTableOutput(
        file: file, column: Int32(index + 1), layout: columns[index], first: rowCount + 1)
      try cells.write(block, nulls: &nulls[index])
    }
    rowCount += rows
  }

  /// Completes the file and gives it its name.
  ///
  /// - Throws: ``BinaryTableError`` when the disk is full, or when a column holds both nulls and the
  ///   number that stands for them.
  public func finish() throws {
    for (index, null) in nulls.enumerated() {
      guard let null else { continue }
      if null.isUsed, null.isClashing {
        throw file.problem(
          "column '\(columns[index].name)' holds nulls and \(null.number), which stands for null",
          advice: "Declare a wider datatype")
      }
      if !null.isUsed { try file.check { ffdkey(file.pointer, "TNULL\(index + 1)", &$0) } }
    }
    try file.check { writeChecksums(of: file.pointer, &$0) }
    try file.close()
    guard rename(temporary, path) == 0 else {
      throw file.problem("the complete file cannot get its name", advice: "Check the folder")
    }
    isFinished = true
  }

  private func writeLayout(_ name: String?) throws {
    try withCStrings(columns.map(\.name)) { names in
      try withCStrings(columns.map(\.tform)) { forms in
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

  private func writeDescriptions() throws {
    for (index, column) in columns.enumerated() {
      if let ucd = column.ucd { try write(text: ucd, "TUCD\(index + 1)", nil) }
      if let words = column.description { try write(text: words, "TCOMM\(index + 1)", nil) }
    }
  }

  private func write(text: String, _ name: String, _ comment: String?) throws {
    try file.check { ffpkls(file.pointer, name, text.asciiCard, comment, &$0) }
  }

  private func write(_ keywords: [BinaryTableKeyword]) throws {
    for keyword in keywords {
      let comment = keyword.comment?.asciiCard
      switch keyword.value {
      case .text(let text): try write(text: text, keyword.name, comment)
      case .logical(let flag):
        try file.check { ffpkyl(file.pointer, keyword.name, flag ? 1 : 0, comment, &$0) }
      case .integer(let number):
        try file.check { ffpkyj(file.pointer, keyword.name, number, comment, &$0) }
      case .real(let number):
        try file.check { ffpkyd(file.pointer, keyword.name, number, -17, comment, &$0) }
      }
    }
  }

  /// Makes a text column as wide as its longest text.
  private func widen(_ index: Int, to texts: [String]) throws {
    let width = texts.reduce(0) { max($0, $1.utf8.count) }
    guard width > columns[index].count, !columns[index].isVariable else { return }
    try file.check(column: columns[index].name) {
      ffmvec(file.pointer, Int32(index + 1), Int64(width), &$0)
    }
    columns[index].count = width
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

extension BinaryTableColumn {
  var tform: String {
    if isVariable { return "1P\(format.rawValue)" }
    return "\(format == .text ? max(count, 1) : count)\(format.rawValue)"
  }
}

extension String {
  /// The text as a card may hold it: printable ASCII.
  fileprivate var asciiCard: String {
    String(String.UnicodeScalarView(unicodeScalars.map { (" "..."~").contains($0) ? $0 : "?" }))
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
