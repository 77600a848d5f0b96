import Astronomy

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
