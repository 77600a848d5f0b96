import Foundation

/// Reads CSV and TSV: a first pass over the file infers the datatypes, a second gives the rows.
final class CSVReader: TableReader {
  let columns: [Column]
  let metadata = Metadata()
  let rowCount: Int?
  private let path: String
  private let layout: CSVLayout
  private var records: CSVRecords

  init(_ path: String) throws {
    let survey = try CSVSurvey(path)
    layout = survey.layout
    columns = survey.columns
    rowCount = survey.rowCount
    self.path = path
    records = try layout.records(of: path)
  }

  func read(chunk: Int, _ body: ([[Value]]) throws -> Void) throws {
    var rows: [[Value]] = []
    rows.reserveCapacity(chunk)
    var record = CSVRecord()
    while try records.next(into: &record) {
      rows.append(columns.indices.map { value(of: record, $0) })
      if rows.count == chunk {
        try body(rows)
        rows.removeAll(keepingCapacity: true)
      }
    }
    if !rows.isEmpty { try body(rows) }
  }

  private func value(of record: CSVRecord, _ field: Int) -> Value {
    let column = columns[field]
    return record.withField(field) { bytes in
      let isQuoted = record.isQuoted(field)
      if bytes.isEmpty || isNull(bytes, quoted: isQuoted) { return .null }
      if column.shape == .list { return Value(vector(bytes)) }
      switch column.datatype {
      case .boolean: return .boolean(bytes[0] | 0x20 == UInt8(ascii: "t"))
      case .int64: return .integer(Int64(strtoll(bytes.characters, nil, 10)))
      case .double: return Value(strtod(bytes.characters, nil))
      default: return .text(text(of: bytes))
      }
    }
  }
}

private func isNull(_ bytes: UnsafeBufferPointer<UInt8>, quoted: Bool) -> Bool {
  guard bytes.count == 3 || bytes.count == 4, bytes[0] | 0x20 == UInt8(ascii: "n") else {
    return false
  }
  return CSVKind(bytes, quoted: quoted) == .null
}

/// The elements of `[1.0,NaN,3.0]`.
private func vector(_ bytes: UnsafeBufferPointer<UInt8>) -> [Double] {
  String(decoding: bytes.dropFirst().dropLast(), as: UTF8.self)
    .split(separator: ",").map { Double($0) ?? .nan }
}

extension UnsafeBufferPointer<UInt8> {
  /// The bytes as C characters; a zero follows them.
  fileprivate var characters: UnsafePointer<CChar> {
    UnsafeRawPointer(baseAddress.unsafelyUnwrapped).assumingMemoryBound(to: CChar.self)
  }
}
