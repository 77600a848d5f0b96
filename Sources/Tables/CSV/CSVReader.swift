import Astronomy
import Foundation

/// Reads CSV and TSV: a first pass over the file infers the datatypes, a second gives the rows.
final class CSVReader: TableReader {
  let columns: [Column]
  let metadata: Metadata
  let rowCount: Int?
  let remarks: [String]
  private let path: String
  /// What cells of each column are, apart from the words for people.
  private let kinds: [(datatype: Datatype, isList: Bool)]
  private let layout: CSVLayout
  private var records: CSVRecords

  /// Reads the file once, for its columns' datatypes; those in `texts` are text in any case.
  ///
  /// - Throws: `FileError` for what is no table.
  init(_ path: String, texts: Set<String> = []) throws {
    let survey = try CSVSurvey(path, texts: texts)
    layout = survey.layout
    columns = survey.columns
    kinds = columns.map { ($0.datatype, $0.shape == .list) }
    rowCount = survey.rowCount
    metadata = Metadata(frames: layout.declared.frames)
    remarks = layout.remarks + survey.remarks
    self.path = path
    records = try layout.records(of: path)
  }

  func read(chunk: Int, _ body: ([[Value]]) throws -> Void) throws {
    var rows: [[Value]] = []
    rows.reserveCapacity(chunk)
    var record = CSVRecord()
    while try layout.nextRow(of: &records, into: &record) {
      rows.append(kinds.indices.map { value(of: record, $0) })
      if rows.count == chunk {
        try body(rows)
        rows.removeAll(keepingCapacity: true)
      }
    }
    if !rows.isEmpty { try body(rows) }
  }

  private func value(of record: CSVRecord, _ field: Int) -> Value {
    let (datatype, isList) = kinds[field]
    return record.withField(field) { bytes in
      let isQuoted = record.isQuoted(field)
      if bytes.isEmpty || isNull(bytes, quoted: isQuoted, datatype) { return .null }
      if isList { return Value(vector(bytes)) }
      switch datatype {
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
  if (0x30..<0x3A).contains(first) || first == UInt8(ascii: ".") || first == UInt8(ascii: "+") {
    return false
  }
  let kind = CSVKind(bytes, quoted: quoted)
  return kind == .null || kind == .absent
}

/// A number, whose exponent may be Fortran's.
private func real(_ bytes: UnsafeBufferPointer<UInt8>) -> Double {
  if let value = shortDecimal(bytes) { return value }
  var end: UnsafeMutablePointer<CChar>?
  let value = strtod(bytes.characters, &end)
  guard let mark = end?.pointee, UInt8(bitPattern: mark) | 0x20 == UInt8(ascii: "d") else {
    return value
  }
  return Double(catalogue: text(of: bytes)) ?? .nan
}

/// A number of at most 15 digits, with a point or without; nil for any other.
///
/// Its digits are a whole number that is exact, as are powers of ten up to the 22nd: their quotient is the
/// number nearest to the decimal.
private func shortDecimal(_ bytes: UnsafeBufferPointer<UInt8>) -> Double? {
  guard bytes.count <= 17 else { return nil }
  let isNegative = bytes[0] == UInt8(ascii: "-")
  var (digits, decimals, count, hasPoint) = (0, 0, 0, false)
  for byte in isNegative ? bytes[1...] : bytes[...] {
    let digit = Int(byte) - 0x30
    if digit >= 0, digit < 10 {
      digits = digits * 10 + digit
      count += 1
      if hasPoint { decimals += 1 }
    } else if byte == UInt8(ascii: "."), !hasPoint {
      hasPoint = true
    } else {
      return nil
    }
  }
  guard (1...15).contains(count) else { return nil }
  let value = Double(digits) / powersOfTen[decimals]
  return isNegative ? -value : value
}

private let powersOfTen: [Double] = [
  1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
]

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
