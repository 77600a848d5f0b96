import Astronomy
internal import CFITSIO

/// What a binary table's header says of its columns and of itself.
struct BinaryTableHeader {
  private(set) var name: String?
  private(set) var columns: [Column] = []
  private(set) var layouts: [BinaryTableLayout] = []
  private(set) var keywords: [Keyword] = []
  private(set) var comments: [String] = []
  /// The elements in a row, the lists' aside.
  private(set) var elements = 0
  private let file: BinaryTableFile

  init(_ file: BinaryTableFile) throws {
    self.file = file
    name = text("EXTNAME")
    var count: Int32 = 0
    try file.check { ffgncl(file.pointer, &count, &$0) }
    for number in 1..<count + 1 { try readColumn(number) }
    try readKeywords()
  }

  private mutating func readColumn(_ number: Int32) throws {
    let name = text("TTYPE\(number)") ?? "column\(number)"
    var type: Int32 = 0
    var count: Int64 = 0
    var width: Int64 = 0
    try file.check(column: name) { ffeqtyll(file.pointer, number, &type, &count, &width, &$0) }
    guard let format = BinaryTableFormat(type: abs(type)) else {
      throw file.problem(
        "column '\(name)' has a type that is not read (code \(type))",
        advice: "Convert it with 'stilts tpipe'")
    }
    guard type < 0 || (0...Int64(BinaryTableLayout.mostElements)).contains(max(count, width)) else {
      throw file.tooManyElements(max(count, width), column: name)
    }
    elements += type < 0 ? 0 : Int(count)
    var layout = BinaryTableLayout(
      format: format, count: format == .text ? Int(width) : Int(count), isVariable: type < 0)
    if type == TULONGLONG, count == 1, try holdsBeyondInt64(number, name) {
      layout.format = .unsigned64
    }
    layouts.append(layout)
    columns.append(
      Column(
        name, layout.format.datatype, shape: layout.shape, unit: text("TUNIT\(number)"),
        ucd: ucd(number),
        description: text("TCOMM\(number)") ?? text("TDESC\(number)"),
        width: format == .text && !layout.isVariable ? layout.count : nil))
  }

  /// Whether a column of unsigned numbers has one that is no `Int64`.
  private func holdsBeyondInt64(_ number: Int32, _ name: String) throws -> Bool {
    let rows = try file.rowCount()
    try file.file.checkIsWhole(hdu: file.hdu)
    return try stride(from: 0, to: rows, by: 65_536).contains { first in
      let cells = BinaryTableCells(
        file: file, column: number, name: name, first: first + 1, count: min(65_536, rows - first))
      return try cells.unsignedNumbers().contains { $0 ?? 0 > UInt64(Int64.max) }
    }
  }

  /// The UCD of a column, under any of the names that are about.
  private func ucd(_ number: Int32) -> String? {
    text("TUCD\(number)") ?? text("TUCD1+\(number)") ?? text("TBUCD\(number)")
  }

  private func text(_ keyword: String) -> String? { file.file.text(keyword) }

  private mutating func readKeywords() throws {
    var count: Int32 = 0
    try file.check { ffghsp(file.pointer, &count, nil, &$0) }
    guard count > 0 else { return }
    for number in 1...count {
      var card = [CChar](repeating: 0, count: 81)
      var status: Int32 = 0
      if ffgrec(file.pointer, number, &card, &status) == 0 { readCard(&card) }
    }
  }

  private mutating func readCard(_ card: inout [CChar]) {
    let kind = ffgkcl(&card)
    var status: Int32 = 0
    var length: Int32 = 0
    var name = [CChar](repeating: 0, count: 81)
    ffgknm(&card, &name, &length, &status)
    let keyword = FITSFile.text(name)
    if keyword == "COMMENT" {
      comments.append(String(FITSFile.text(card).dropFirst(8)))
    } else if kind == TYP_USER_KEY || kind == TYP_REFSYS_KEY, !keyword.describesColumn,
      let value = value(&card, keyword)
    {
      keywords.append(Keyword(keyword, value.0, description: value.comment))
    }
  }

  private func value(
    _ card: inout [CChar], _ keyword: String
  ) -> (Value, comment: String?)? {
    var status: Int32 = 0
    var text = [CChar](repeating: 0, count: 81)
    var comment = [CChar](repeating: 0, count: 81)
    var type: CChar = 0
    ffpsvc(&card, &text, &comment, &status)
    ffdtyp(&text, &type, &status)
    guard status == 0 else { return nil }
    let words = FITSFile.text(comment)
    return parse(FITSFile.text(text), UInt8(bitPattern: type), keyword)
      .map { ($0, words.isEmpty ? nil : words) }
  }

  private func parse(_ word: String, _ type: UInt8, _ keyword: String) -> Value? {
    switch type {
    case UInt8(ascii: "L"): .boolean(word == "T")
    case UInt8(ascii: "I"): Int64(word).map { .integer($0) }
    case UInt8(ascii: "F"): Double(word.replacing("D", with: "E")).map { .real($0) }
    case UInt8(ascii: "C"): text(keyword).map { .text($0) }
    default: nil
    }
  }
}

extension String {
  /// Whether a keyword is one of a column that CFITSIO does not know: TUCD3, TCOMM12.
  fileprivate var describesColumn: Bool {
    ["TUCD", "TBUCD", "TCOMM", "TDESC", "LONGSTRN"].contains { hasPrefix($0) }
  }
}

extension BinaryTableFormat {
  /// The format that holds the values of a CFITSIO type code.
  init?(type: Int32) {
    switch type {
    case TLOGICAL: self = .logical
    case TBIT: self = .bit
    case TBYTE: self = .byte
    case TSBYTE, TSHORT: self = .int16
    case TUSHORT, TLONG, TINT: self = .int32
    case TULONG, TUINT, TLONGLONG, TULONGLONG: self = .int64
    case TFLOAT: self = .float
    case TDOUBLE: self = .double
    case TSTRING: self = .text
    case TCOMPLEX: self = .floatComplex
    case TDBLCOMPLEX: self = .doubleComplex
    default: return nil
    }
  }
}
