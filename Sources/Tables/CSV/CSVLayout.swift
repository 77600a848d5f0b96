import Astronomy
import FITS
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
  /// Whether rows may begin with `#`, since no row begins otherwise: sources are called so.
  var hasNamesBehindHash = false
  /// What a person should know of the header.
  private(set) var remarks: [String] = []

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
    // SoFiA numbers its columns under their names and units.
    if comments.last.map(isOfNumbers) == true { comments.removeLast() }
    if var names = commentedNames(comments.last, above: hasRecord ? first : nil) {
      let units = withoutBrackets(names)
      if areUnits(units), let above = commentedNames(comments.dropLast().last, above: first) {
        declareUnits(units, of: above)
        names = above
      }
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

  /// VizieR writes a line of units and one of dashes under the names, spreadsheets one of units alone,
  /// under which numbers stand.
  private mutating func readUnits(_ records: inout CSVRecords) throws {
    var lines = [CSVRecord(), CSVRecord()]
    for index in lines.indices {
      guard try records.next(into: &lines[index]), lines[index].count == names.count else { break }
      if lines[index].isRuler {
        skipped = index + 1
        break
      }
    }
    guard lines[0].count == names.count else { return }
    let units = names.indices.map { lines[0].text($0) }
    if skipped == 0, lines[0].numbers.isEmpty, !lines[1].numbers.isEmpty, areUnits(units) {
      skipped = 1
    } else {
      guard skipped == 2 else { return }
    }
    declareUnits(units, of: names)
  }

  /// Notes the units of columns for which none are said.
  private mutating func declareUnits(_ units: [String], of names: [String]) {
    for (name, unit) in zip(names, units) {
      guard !unit.isEmpty, declared.columns[name]?.unit == nil else { continue }
      declared.columns[name, default: Column(name, .double)].unit = unit
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
      guard names.count > 1, record.isComment else { return true }
      guard record.count == names.count else { continue }
      if hasNamesBehindHash { return true }
      records.commentedRows += 1
    } while true
  }

  /// Refuses a row in which names of columns stand in another order, or beside others: several tables follow each
  /// other.
  func checkIsNoHeader(_ record: CSVRecord, path: String) throws {
    let texts = (0..<record.count).map { record.text($0) }
    let known = texts.count { !$0.isEmpty && names.contains($0) }
    guard known > 1, texts != names else { return }
    throw FileError(
      path, line: record.line, "this is the header of another table",
      advice: "Write each of the tables to a file of its own")
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
    let columns = names.map { Column($0, .string) }
    remarks = repeats(columns)
    names = distinct(columns).map(\.name)
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

/// Whether texts under or above a table's names are their units: most of those that say anything are of
/// what radio catalogues measure. (`S1` and `A` would be units too: of conductance and current.)
private func areUnits(_ texts: [String]) -> Bool {
  let said = texts.filter { !$0.standsForNoValue && !$0.isEmpty }
  let units = said.filter { text in
    ["Jy", "Jy/beam", "deg", "Hz"].contains { UnitConversion.scale(from: text, to: $0) != nil }
      || ["hms", "dms", "h:m:s", "d:m:s"].contains(text.lowercased())
  }
  return !units.isEmpty && units.count * 2 >= said.count
}

/// Units without the brackets that Selavy writes around all of them; around some they are those of a logarithm.
private func withoutBrackets(_ units: [String]) -> [String] {
  let areBracketed = units.allSatisfy {
    $0.standsForNoValue || $0.isEmpty || $0.hasPrefix("[") && $0.hasSuffix("]")
  }
  return areBracketed ? units.map { $0.filter { $0 != "[" && $0 != "]" } } : units
}

/// Whether a line counts columns: 1 2 3.
private func isOfNumbers(_ line: String) -> Bool {
  let words = line.split(whereSeparator: \.isWhitespace).map { Int($0) }
  return words.count > 1 && words == Array(1...words.count)
}

/// Refuses tables whose columns are told apart by their place in the line.
private func checkKind(_ line: ArraySlice<UInt8>, path: String) throws {
  if line.starts(with: "Title:".utf8) || line.starts(with: "Byte-by-byte".utf8) {
    throw FileError(
      path, "this is a table of fixed width, as the CDS and the AAS journals have them",
      advice: "Convert it with astropy (format='ascii.mrt' or 'ascii.cds') to FITS, VOTable or ECSV"
    )
  }
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
