public import Astronomy
import Files

/// A table that is read once, from its first row to its last, in bounded memory.
public protocol TableReader: AnyObject {
  var columns: [Column] { get }
  var metadata: Metadata { get }
  /// The number of rows where the file tells it before it is read.
  var rowCount: Int? { get }
  /// What a person should know of how the file was understood, a sentence each; whole when the last
  /// row is read.
  var remarks: [String] { get }
  /// Gives the rows in turn, at most `chunk` at a time, each with one value a column.
  ///
  /// - Throws: `FileError` naming the file, row and column; whatever `body` throws.
  func read(chunk: Int, _ body: ([[Value]]) throws -> Void) throws
}

extension TableReader {
  /// All rows at once, for tables known to be small.
  ///
  /// - Throws: `FileError` naming the file, row and column.
  public func rows() throws -> [[Value]] {
    var all: [[Value]] = []
    try read(chunk: 8192) { all += $0 }
    return all
  }
}

/// A table that is written row after row under a temporary name, and gets its own name at the end.
///
/// A writer that is let go before `finish()` leaves nothing behind.
public protocol TableWriter: AnyObject {
  /// Appends rows, each with one value a column.
  ///
  /// - Throws: `FileError` naming the row and column of a value that does not fit.
  func write(_ rows: [[Value]]) throws
  /// How rows are written directly; `nil` where values are needed.
  var direct: DirectWriter? { get }
  /// What the format could not hold as it was, a sentence each; whole when the last row is written.
  var losses: [String] { get }
  /// Closes the file and gives it its name; no row may be written after.
  ///
  /// - Throws: `FileError` when the disk is full or the folder is not writable.
  func finish() throws
}

/// A writer that takes rows in the form in which a database gives them, without a look at each value.
public enum DirectWriter {
  /// Takes a row as the bytes of its cells, as `BinaryTableWriter` does.
  case cells((_ cells: [UnsafeRawBufferPointer?]) throws -> Void)
  /// Takes a row as a line with its end, whose cells a character divides.
  case lines(separator: Character, (_ line: UnsafeRawBufferPointer) throws -> Void)
}

extension TableWriter {
  /// What the format could not hold as it was: nothing, for most.
  public var losses: [String] { [] }
  /// How rows are written directly; `nil` where values are needed.
  public var direct: DirectWriter? { nil }
}

/// Opens a table, whose format is told by its first bytes: FITS, VOTable or text, gzipped or not.
///
/// Text tables are CSV, TSV and their like, VizieR's TSV, ECSV, and columns divided by blanks. One of
/// several tables is chosen by its number or name: `file.fits#2`, `file.fits[2]`, `file.vot#SOURCES`;
/// without that the only one that suits is taken.
///
/// - Parameters:
///   - path: The file.
///   - texts: Columns of a text table that are text whatever they look like, such as the names
///     `1.10` and `007`.
///   - suits: Whether a table of such columns could be meant, where a file has several.
/// - Returns: The table, of which no row is read yet.
/// - Throws: `FileError` when there is no such file, no table or no rows of a known format, or
///   nothing tells which of several tables is meant. Of a VOTable the latter is known, and thrown, when
///   its rows are read.
public func openTable(
  _ path: String, texts: Set<String> = [], suits: @escaping ([Column]) -> Bool = { _ in true }
) throws -> any TableReader {
  let address = TableAddress(path)
  return try TableFormat.sniffing(address.path).open(address, texts, suits)
}

/// Creates a table; nothing stands under `path` until the writer's `finish()`.
///
/// Without a format the path's extension tells it.
///
/// - Throws: `FileError` when the folder is not writable or the columns do not fit the format.
public func createTable(
  _ path: String, format: TableFormat? = nil, columns: [Column], metadata: Metadata = Metadata()
) throws -> any TableWriter {
  guard let format = format ?? TableFormat(path: path) else {
    throw FileError(
      path, "the extension names no table format", advice: "Use \(TableFormat.endings)")
  }
  try checkNames(of: columns, path: path)
  return try format.create(path, columns, metadata)
}

/// The most columns of a table: PostgreSQL holds 1600, of which Reber needs some.
let mostColumns = 1500

/// Refuses a table without columns, and names that are empty or stand twice.
func checkNames(of columns: [Column], path: String) throws {
  try checkNotEmpty(columns, path: path)
  var places: [String: Int] = [:]
  for (index, column) in columns.enumerated() {
    if let earlier = places.updateValue(index + 1, forKey: column.name) {
      throw FileError(
        path, column: column.name, "columns \(earlier) and \(index + 1) have the same name",
        advice: "Rename one of them")
    }
  }
}

func checkNotEmpty(_ columns: [Column], path: String) throws {
  guard columns.isEmpty else { return }
  throw FileError(path, "the table has no columns", advice: "Give at least one")
}

/// What a person should know where several columns have the same name.
func repeats(_ columns: [Column]) -> [String] {
  zip(columns, distinct(columns)).filter { $0.name != $1.name }.map { column, renamed in
    "several columns are called '\(column.name)': the later one is taken as '\(renamed.name)'"
  }
}

/// The columns that a file has, of which those whose name an earlier one has are called `flux_2`.
func distinct(_ columns: [Column]) -> [Column] {
  var taken = Set(columns.map(\.name))
  var seen: Set<String> = []
  return columns.map { column in
    if seen.insert(column.name).inserted { return column }
    var renamed = column
    var number = 2
    while taken.contains("\(column.name)_\(number)") { number += 1 }
    renamed.name = "\(column.name)_\(number)"
    taken.insert(renamed.name)
    return renamed
  }
}
