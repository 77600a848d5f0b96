public import Astronomy
import Files

/// A binary table of a FITS file, read a column and a run of rows at a time.
///
/// A gzipped file is unpacked in memory by CFITSIO; any other is read in place.
public final class BinaryTable {
  public let path: String
  /// EXTNAME.
  public let name: String?
  public let columns: [Column]
  public let rowCount: Int
  /// The keywords that describe the table, in their order.
  public let keywords: [Keyword]
  /// The text of COMMENT cards.
  public let comments: [String]
  private let layouts: [BinaryTableLayout]
  private let file: BinaryTableFile

  /// Opens the table in an extension, by its number from the primary's 0; without one the first.
  ///
  /// - Throws: `FileError` when there is no such file or extension, or it is no table.
  public init(_ path: String, extension number: Int? = nil) throws {
    file = try BinaryTableFile(opening: path)
    guard let chosen = try number ?? file.tables().first else { throw file.noTable }
    try file.select(chosen)
    let header = try BinaryTableHeader(file)
    self.path = path
    name = header.name
    keywords = header.keywords
    comments = header.comments
    columns = header.columns
    layouts = header.layouts
    rowCount = try file.rowCount()
  }

  /// The tables of a file: their extension's number, EXTNAME and columns.
  ///
  /// - Throws: `FileError` when there is no such file, or no table in it.
  public static func all(
    in path: String
  ) throws -> [(number: Int, name: String?, columns: [Column])] {
    let file = try BinaryTableFile(opening: path)
    let tables = try file.tables()
    if tables.isEmpty { throw file.noTable }
    return try tables.map { number in
      try file.select(number)
      let header = try BinaryTableHeader(file)
      return (number, header.name, header.columns)
    }
  }

  /// The cells of a column in the rows of a range, counted from 0.
  ///
  /// - Throws: `FileError` when the file ends early or a number overflows.
  public func read(_ column: Int, rows: Range<Int>) throws -> BinaryTableBlock {
    let layout = layouts[column]
    let cells = BinaryTableCells(
      file: file, column: Int32(column + 1), name: columns[column].name, first: rows.lowerBound + 1,
      count: rows.count)
    if layout.isVariable { return try cells.lists(isText: layout.format == .text) }
    switch layout.format {
    case .text: return .texts(try cells.texts(width: layout.count))
    case .logical: return .logicals(try cells.logicals(layout.count))
    case .bit: return .logicals(try cells.bits(layout.count))
    case .byte, .int16, .int32, .int64: return .integers(try cells.integers(layout.count))
    case .float, .double: return .reals(try cells.reals(layout.count))
    case .floatComplex, .doubleComplex: return .reals(try cells.complex(layout.count))
    }
  }
}
