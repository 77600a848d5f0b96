import Astronomy
import Foundation

/// Reads CSV and TSV: a first pass over the file infers the datatypes, a second gives the rows.
final class CSVReader: TableReader {
  let columns: [Column]
  let metadata: Metadata
  let rowCount: Int?
  private let path: String
  private let layout: CSVLayout
  private var records: CSVRecords

  /// Reads the file once, for its columns' datatypes; those in `texts` are text in any case.
  ///
  /// - Throws: `FileError` for what is no table.
  init(_ path: String, texts: Set<String> = []) throws {
    let survey = try CSVSurvey(path, texts: texts)
    layout = survey.layout
    columns = survey.columns
    rowCount = survey.rowCount
    metadata = Metadata(frame: layout.declared.frame)
    self.path = path
    records = try layout.records(of: path)
  }

  func read(chunk: Int, _ body: ([[Value]]) throws -> Void) throws {
    var rows: [[Value]] = []
    rows.reserveCapacity(chunk)
    var record = CSVRecord()
    while try layout.nextRow(of: &records, into: &record) {
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
      if bytes.isEmpty || isNull(bytes, quoted: isQuoted, column.datatype) { return .null }
      if column.shape == .list { return Value(vector(bytes)) }
      switch column.datatype {
      case .boolean: return .boolean(bytes[0] | 0x20 == UInt8(ascii: "t"))
      case .int64: return .integer(Int64(strtoll(bytes.characters, nil, 10)))
      case .double: return Value(real(bytes))
      default: return .text(text(of: bytes))
      }
    }
  }
}

/// Whether a cell that is not empty holds no value: among numbers, anything but a number.
private func isNull(
  _ bytes: UnsafeBufferPointer<UInt8>, quoted: Bool, _ datatype: Datatype
) -> Bool {
  let first = bytes[0] | 0x20
  guard datatype != .string else {
    guard first == UInt8(ascii: "n") || bytes[0] == UInt8(ascii: "\\") else { return false }
    return bytes.count <= 4 && CSVKind(bytes, quoted: quoted) == .null
  }
  // Digits, the point and the plus sign begin numbers.
  if first < 0x3A, first != UInt8(ascii: "-") { return false }
  let kind = CSVKind(bytes, quoted: quoted)
  return kind == .null || kind == .absent
}

/// A number, whose exponent may be Fortran's.
private func real(_ bytes: UnsafeBufferPointer<UInt8>) -> Double {
  var end: UnsafeMutablePointer<CChar>?
  let value = strtod(bytes.characters, &end)
  guard let mark = end?.pointee, UInt8(bitPattern: mark) | 0x20 == UInt8(ascii: "d") else {
    return value
  }
  return Double(catalogue: text(of: bytes)) ?? .nan
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
