extension ColumnMapping {
  /// The mapping as a small table for people: part, column, unit, and where the unit came from.
  var table: String {
    let rows = Part.allCases.compactMap { part in
      columns[part].map { choice in
        [
          part.rawValue,
          choice.all.map { $0.columns.joined(separator: "+") }.joined(separator: ","),
          part.unit == nil ? "" : choice.unit ?? "",
          part.unit == nil ? "" : choice.unitOrigin.words,
        ]
      }
    }
    let lines = aligned([["part", "column", "unit", "unit from"]] + rows)
    return lines.joined(separator: "\n")
  }
}

extension ColumnMapping.UnitOrigin {
  fileprivate var words: String {
    switch self {
    case .file: "the file"
    case .name: "the column's name"
    case .profile: "the profile"
    case .assumed: "nowhere: assumed"
    case .user: "--unit"
    }
  }
}

/// Rows of text as lines with aligned columns.
private func aligned(_ rows: [[String]]) -> [String] {
  let widths = (rows.first ?? []).indices.map { column in
    rows.map { $0[column].count }.max() ?? 0
  }
  return rows.map { row in
    var line = ""
    for (text, width) in zip(row, widths) {
      line += text + String(repeating: " ", count: width - text.count + 2)
    }
    while line.last == " " { line.removeLast() }
    return line
  }
}
