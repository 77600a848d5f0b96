/// Where a CSV file's header and rows are, and what parts its fields.
struct CSVLayout {
  var separator = UInt8(ascii: ",")
  var names: [String] = []
  /// Whether the names stand in the last comment line, as PyBDSF writes them.
  var isHeaderCommented = false

  /// Reads the header of a file.
  ///
  /// - Throws: ``TableError`` when there is none, or a name is missing or stands twice.
  init(_ path: String) throws {
    var records = try CSVRecords(path)
    var comment: String?
    while let next = try records.nextComment() { comment = next }
    separator = guessSeparator(records.peekLine())
    records.separator = separator
    var first = CSVRecord()
    let hasRecord = try records.next(into: &first)
    if let names = commentedNames(comment, above: hasRecord ? first : nil) {
      self.names = names
      isHeaderCommented = true
    } else {
      guard hasRecord else {
        throw TableError(
          path, "there is no header row", advice: "Begin with a line of column names")
      }
      names = (0..<first.count).map { first.text($0) }
      try checkHeader(first, path: path)
    }
    try checkNames(path)
  }

  /// The records of the file, standing before the first row.
  func records(of path: String) throws -> CSVRecords {
    var records = try CSVRecords(path)
    while try records.nextComment() != nil {}
    records.separator = separator
    if !isHeaderCommented {
      var header = CSVRecord()
      _ = try records.next(into: &header)
    }
    return records
  }

  /// The names in a comment above a record that is not a header itself.
  private func commentedNames(_ comment: String?, above first: CSVRecord?) -> [String]? {
    guard let comment, let first, !first.numbers.isEmpty, first.count > 1 else { return nil }
    let mark = Character(Unicode.Scalar(separator))
    let names = comment.split(separator: mark, omittingEmptySubsequences: false)
      .map(\.trimmed)
    return names.count == first.count && !names.contains("") ? names : nil
  }

  private func checkHeader(_ header: CSVRecord, path: String) throws {
    if let number = header.numbers.first {
      throw TableError(
        path, line: header.line, "there is no header row: the first line holds \(number)",
        advice: "Put a line of column names first")
    }
  }

  private mutating func checkNames(_ path: String) throws {
    if names.allSatisfy(\.isEmpty) {
      throw TableError(path, "the header row is empty", advice: "Name every column")
    }
    // An index that pandas wrote has no name.
    for index in names.indices where names[index].isEmpty { names[index] = "column\(index + 1)" }
    try Tables.checkNames(of: names.map { Column($0, .string) }, path: path)
  }
}

extension CSVRecord {
  /// The fields that are numbers, which no name is.
  fileprivate var numbers: [String] {
    (0..<count).filter { field in
      let kind = withField(field) { CSVKind($0, quoted: isQuoted(field)) }
      return kind == .integer || kind == .real && !text(field).hasPrefix("i")
    }
    .map { text($0) }
  }
}

/// The separator that stands most often in a line, outside quotes.
private func guessSeparator(_ line: ArraySlice<UInt8>) -> UInt8 {
  var counts: [UInt8: Int] = [:]
  var isQuoted = false
  for byte in line {
    if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
    if !isQuoted { counts[byte, default: 0] += 1 }
  }
  let candidates = [",", "\t", ";", "|"].map { UInt8(ascii: $0) }
  let best = candidates.max { counts[$0, default: 0] < counts[$1, default: 0] }
  return best.flatMap { counts[$0] == nil ? nil : $0 } ?? UInt8(ascii: ",")
}
