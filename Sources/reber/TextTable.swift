/// A table as a terminal shows it: headings, a rule, and columns as wide as they need.
struct TextTable {
  /// A column's heading and side.
  struct Column {
    var heading: String
    var isNumeric: Bool
  }

  private let columns: [Column]
  private var rows: [[String]] = []

  /// A table; headings that end in `#` head numbers, which stand to the right.
  init(_ headings: [String], rows: [[String]]) {
    self.rows = rows
    columns = headings.map {
      $0.hasSuffix("#")
        ? Column(heading: String($0.dropLast()), isNumeric: true)
        : Column(heading: $0, isNumeric: false)
    }
  }

  /// Begins a table of columns.
  init(columns: [Column]) { self.columns = columns }

  /// Adds a row.
  mutating func add(_ row: [String]) { rows.append(row) }

  /// The lines.
  var text: String {
    let widths = columns.indices.map { index in
      max(columns[index].heading.count, rows.map { $0[index].count }.max() ?? 0)
    }
    let rule = widths.map { String(repeating: "-", count: $0) }.joined(separator: "  ")
    let lines = [line(columns.map(\.heading), widths), rule] + rows.map { line($0, widths) }
    return lines.joined(separator: "\n")
  }

  private func line(_ cells: [String], _ widths: [Int]) -> String {
    var line = ""
    for (index, cell) in cells.enumerated() {
      let gap = String(repeating: " ", count: widths[index] - cell.count)
      line += (index > 0 ? "  " : "") + (columns[index].isNumeric ? gap + cell : cell + gap)
    }
    while line.last == " " { line.removeLast() }
    return line
  }
}
