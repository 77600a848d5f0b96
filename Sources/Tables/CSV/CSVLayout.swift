import Astronomy
import Files

/// Where a CSV file's header and rows are, and what parts its fields.
struct CSVLayout {
  var separator = UInt8(ascii: ",")
  var names: [String] = []
  /// Whether the names stand in the last comment line, as PyBDSF writes them.
  var isHeaderCommented = false

  /// What the comments above the header say.
  var declared: CSVDeclarations
  /// The records between the header and the first row: VizieR's units and dashes.
  private var skipped = 0

  /// Reads the header of a file.
  ///
  /// - Throws: `FileError` when there is none, or a name is missing or stands twice.
  init(_ path: String) throws {
    var records = try CSVRecords(path)
    var comments: [String] = []
    while let next = try records.nextComment() { comments.append(next) }
    declared = try CSVDeclarations(comments, path: path)
    let line = records.peekLine()
    try checkKind(line, path: path)
    separator = declared.separator ?? guessSeparator(line)
    records.separator = separator
    var first = CSVRecord()
    let hasRecord = try records.next(into: &first)
    if let names = commentedNames(comments.last, above: hasRecord ? first : nil) {
      self.names = names
      isHeaderCommented = true
    } else {
      guard hasRecord else {
        throw FileError(
          path, "there is no header row", advice: "Begin with a line of column names")
      }
      names = (0..<first.count).map { first.text($0) }
      try checkHeader(first, path: path)
      try readUnits(&records)
    }
    try checkNames(path)
  }

  /// VizieR writes a line of units and one of dashes under the names.
  private mutating func readUnits(_ records: inout CSVRecords) throws {
    var lines = [CSVRecord(), CSVRecord()]
    for index in lines.indices {
      guard try records.next(into: &lines[index]), lines[index].count == names.count else { return }
      if lines[index].isRuler {
        skipped = index + 1
        break
      }
    }
    guard skipped == 2 else { return }
    for (index, name) in names.enumerated() where !lines[0].text(index).isEmpty {
      declared.columns[name, default: Column(name, .double)].unit = lines[0].text(index)
    }
  }

  /// The records of the file, standing before the first row.
  func records(of path: String) throws -> CSVRecords {
    var records = try CSVRecords(path)
    while try records.nextComment() != nil {}
    records.separator = separator
    var record = CSVRecord()
    for _ in 0..<(isHeaderCommented ? 0 : 1 + skipped) { _ = try records.next(into: &record) }
    return records
  }

  /// Reads the next row; comments among the rows are passed over.
  func nextRow(of records: inout CSVRecords, into record: inout CSVRecord) throws -> Bool {
    repeat {
      guard try records.next(into: &record) else { return false }
    } while names.count > 1 && record.isComment
    return true
  }

  /// The names in a comment above a record that is not a header itself.
  private func commentedNames(_ comment: String?, above first: CSVRecord?) -> [String]? {
    guard let comment, let first, !first.numbers.isEmpty, first.count > 1 else { return nil }
    let mark = Character(Unicode.Scalar(separator))
    var names = comment.split(separator: mark, omittingEmptySubsequences: mark == " ")
      .map(\.trimmed)
    if mark == " ", names.count + 4 == first.count { divideAngles(&names) }
    return names.count == first.count && !names.contains("") ? names : nil
  }

  private func checkHeader(_ header: CSVRecord, path: String) throws {
    if let number = header.numbers.first {
      throw FileError(
        path, line: header.line, "there is no header row: the first line holds \(number)",
        advice: "Put a line of column names first")
    }
  }

  private mutating func checkNames(_ path: String) throws {
    if names.allSatisfy(\.isEmpty) {
      throw FileError(path, "the header row is empty", advice: "Name every column")
    }
    // An index that pandas wrote has no name.
    for index in names.indices where names[index].isEmpty { names[index] = "column\(index + 1)" }
    names = distinct(names.map { Column($0, .string) }).map(\.name)
  }
}

/// Names hours, degrees, minutes and seconds as the CDS does, where blanks divide positions under the
/// names RA and Dec, as in FIRST's text.
private func divideAngles(_ names: inout [String]) {
  guard let ra = names.firstIndex(where: { $0.lowercased().hasPrefix("ra") }),
    ra + 1 < names.count, names[ra + 1].lowercased().hasPrefix("dec")
  else { return }
  names.replaceSubrange(ra...ra + 1, with: ["RAh", "RAm", "RAs", "DEd", "DEm", "DEs"])
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

/// Refuses tables whose columns are told apart by their place in the line.
private func checkKind(_ line: ArraySlice<UInt8>, path: String) throws {
  guard let first = line.first, [UInt8(ascii: "|"), UInt8(ascii: "\\")].contains(first) else {
    return
  }
  throw FileError(
    path, "this is a table of fixed width, as IPAC's",
    advice: "Convert it with 'stilts tcopy ifmt=ipac' or astropy to FITS, VOTable or ECSV")
}

/// The separator that stands most often in a line, outside quotes; blanks where none does but them.
private func guessSeparator(_ line: ArraySlice<UInt8>) -> UInt8 {
  var counts: [UInt8: Int] = [:]
  var isQuoted = false
  for byte in line {
    if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
    if !isQuoted { counts[byte, default: 0] += 1 }
  }
  let candidates = [",", "\t", ";", "|"].map { UInt8(ascii: $0) }
  let best = candidates.max { counts[$0, default: 0] < counts[$1, default: 0] }
  if let best, counts[best] != nil { return best }
  let words = line.split(separator: UInt8(ascii: " "))
  return words.count > 1 ? UInt8(ascii: " ") : UInt8(ascii: ",")
}
