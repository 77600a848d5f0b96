import Astronomy
import Files

/// The first pass over a CSV file: its columns' datatypes and widths, and the number of rows.
struct CSVSurvey {
  let layout: CSVLayout
  let columns: [Column]
  let rowCount: Int
  /// What a person should know of rows that were left out.
  let remarks: [String]

  /// - Parameters:
  ///   - path: The file.
  ///   - texts: Columns that are text whatever they look like.
  /// - Throws: `FileError` with the line of a row that has too many or too few fields.
  init(_ path: String, texts: Set<String> = []) throws {
    var layout = try CSVLayout(path)
    let survey = try Self(path, texts: texts, layout)
    layout.hasNamesBehindHash = survey.rowCount == 0 && !survey.remarks.isEmpty
    self = layout.hasNamesBehindHash ? try Self(path, texts: texts, layout) : survey
  }

  private init(_ path: String, texts: Set<String>, _ layout: CSVLayout) throws {
    self.layout = layout
    let (names, declared) = (layout.names, layout.declared)
    var kinds = names.map { texts.contains($0) || declared.isText($0) ? CSVKind.text : .null }
    var widths = [Int](repeating: 0, count: names.count)
    var records = try layout.records(of: path)
    var record = CSVRecord()
    var count = 0
    while try layout.nextRow(of: &records, into: &record) {
      try checkCount(record, names.count, path: path)
      var isOther = false
      for field in names.indices {
        let isQuoted = record.isQuoted(field)
        record.withField(field) { bytes in
          widths[field] = max(widths[field], bytes.count)
          if kinds[field] == .text { return }
          let joined = kinds[field].joined(with: CSVKind(bytes, quoted: isQuoted))
          isOther = isOther || joined == .text && kinds[field] != .null
          kinds[field] = joined
        }
      }
      if isOther { try layout.checkIsNoHeader(record, path: path) }
      count += 1
    }
    rowCount = count
    remarks =
      records.commentedRows > 0
      ? ["\(records.commentedRows) rows begin with # and are left out as comments"] : []
    columns = names.indices.map { field in
      let kind = kinds[field]
      let described = declared.columns[names[field]]
      var column = Column(
        names[field], kind.datatype, shape: kind == .list ? .list : .scalar,
        unit: described?.unit, ucd: described?.ucd, description: described?.description,
        width: kind.datatype == .string ? widths[field] : nil)
      column.frame = described?.frame
      return column
    }
  }
}

private func checkCount(_ record: CSVRecord, _ expected: Int, path: String) throws {
  if record.count == expected { return }
  throw FileError(
    path, line: record.line, "the row has \(record.count) fields, the header \(expected)",
    advice: "Quote fields that hold the separator, or fill the missing ones")
}
