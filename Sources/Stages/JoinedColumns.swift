import Astronomy
import Tables

/// Columns of a table whose texts together are a name.
struct JoinedColumns: Sendable {
  /// Their places in the table.
  let places: [Int]

  /// The texts of a row with `_` between them; `nil` where one is missing.
  func text(in row: [Value]) -> String? {
    if places.count == 1 { return row[places[0]].plainText }
    let parts = places.compactMap { row[$0].plainText }
    return parts.count == places.count && !parts.isEmpty ? parts.joined(separator: "_") : nil
  }

  /// The names of columns in `a+b`.
  static func names(in text: some StringProtocol) -> [String] {
    text.split(separator: "+").map(\.trimmed)
  }
}

/// Opens a table of which some columns are names, which are read as they are written: in a table of text
/// `1.10` is no number.
///
/// - Parameters:
///   - path: The file.
///   - names: The places of those columns.
/// - Returns: The table, of which no row is read yet.
/// - Throws: `FileError` for what is no table, and what `names` throws.
func openTable(
  _ path: String, names: (_ columns: [String]) throws -> [Int]
) throws -> any TableReader {
  let table = try openTable(path)
  let places = try names(table.columns.map(\.name))
  let texts = places.map { table.columns[$0] }
    .filter { $0.datatype == .double || $0.datatype == .float }.map(\.name)
  return texts.isEmpty
    ? table : try openTable(path, texts: Set(texts)) { $0 == table.columns }
}
