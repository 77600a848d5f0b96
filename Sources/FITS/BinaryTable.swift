public import Astronomy
internal import CFITSIO
import Files

/// A table of a FITS file, binary or in text, read a column and a run of rows at a time.
///
/// A packed file is unpacked into the folder for temporary files; any other is read in place.
public final class BinaryTable {
  /// The file.
  public let path: String
  /// The extension, counted from the primary's 0.
  public let number: Int
  /// EXTNAME.
  public let name: String?
  /// The columns in the order of the file.
  public let columns: [Column]
  /// The rows that the header promises.
  public let rowCount: Int
  /// Numbers, flags and letters in a row; lists count as none.
  public let elementsInRow: Int
  /// Whether rows have lists of lengths of their own.
  public let hasLists: Bool
  /// As many rows are read at a time without reading any of the file twice.
  public let rowsAtOnce: Int
  /// The keywords that describe the table, in their order.
  public let keywords: [Keyword]
  /// The text of COMMENT cards.
  public let comments: [String]
  private let layouts: [BinaryTableLayout]
  /// The file, which all its tables share.
  private let file: BinaryTableFile

  /// The tables of a file; one thread at a time may read of them.
  ///
  /// - Throws: `FileError` when there is no such file, or no table in it.
  public static func all(in path: String) throws -> [BinaryTable] {
    let file = try BinaryTableFile(opening: path)
    let tables = try file.tables()
    if tables.isEmpty { throw file.noTable }
    return try tables.map { try BinaryTable($0, of: file) }
  }

  private init(_ number: Int, of file: BinaryTableFile) throws {
    try file.select(number)
    let header = try BinaryTableHeader(file)
    (self.file, self.number) = (file, number)
    path = file.file.path
    name = header.name
    keywords = header.keywords
    comments = header.comments
    columns = header.columns
    layouts = header.layouts
    elementsInRow = header.elements
    hasLists = layouts.contains(where: \.isVariable)
    rowCount = try file.rowCount()
    rowsAtOnce = try file.rowsAtOnce()
  }

  /// The cells of a column in the rows of a range, counted from 0.
  ///
  /// - Throws: `FileError` when the file ends early or a number overflows.
  public func read(_ column: Int, rows: Range<Int>) throws -> BinaryTableBlock {
    try file.select(number)
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
    case .unsigned64: return .texts(try cells.unsigned())
    case .float, .double: return .reals(try cells.reals(layout.count))
    case .floatComplex, .doubleComplex: return .reals(try cells.complex(layout.count))
    }
  }

  /// Whether DATASUM is there and is not that of the rows.
  ///
  /// - Throws: `FileError` where they cannot be read.
  public func contradictsItsSum() throws -> Bool {
    try file.select(number)
    guard file.file.text("DATASUM") != nil else { return false }
    var (data, unit): (Int32, Int32) = (0, 0)
    try file.check { ffvcks(file.pointer, &data, &unit, &$0) }
    return data == -1
  }

  /// Makes sure that the file has all rows, before memory is asked for them.
  ///
  /// - Throws: `FileError` where it is cut off.
  public func checkIsWhole() throws {
    try file.select(number)
    try file.file.checkIsWhole(hdu: number + 1)
  }
}
