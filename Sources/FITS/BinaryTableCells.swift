import Astronomy
internal import CFITSIO

/// The cells of one column in a run of rows, read by one call of CFITSIO where it can.
struct BinaryTableCells {
  let file: BinaryTableFile
  /// The column's number, counted from 1.
  let column: Int32
  let name: String
  /// The first row, counted from 1.
  let first: Int
  let count: Int

  private func check(_ call: (inout Int32) -> Void) throws {
    try file.check(row: first, column: name, call)
  }

  func integers(_ width: Int) throws -> [Int64?] {
    let total = count * width
    guard total > 0 else { return [] }
    var numbers = [Int64](repeating: 0, count: total)
    var nulls = [CChar](repeating: 0, count: total)
    var any: Int32 = 0
    try check { status in
      ffgcfjj(
        file.pointer, column, Int64(first), 1, Int64(total), &numbers, &nulls, &any, &status)
    }
    let blanks = try blanks()
    return numbers.indices.map { nulls[$0] == 0 && blanks?[$0] != true ? numbers[$0] : nil }
  }

  /// Whole numbers up to 2^64, one a row.
  func unsignedNumbers() throws -> [UInt64?] {
    var numbers = [UInt64](repeating: 0, count: count)
    var nulls = [CChar](repeating: 0, count: count)
    var any: Int32 = 0
    try check { status in
      ffgcfujj(file.pointer, column, Int64(first), 1, Int64(count), &numbers, &nulls, &any, &status)
    }
    return zip(numbers, nulls).map { $1 == 0 ? $0 : nil }
  }

  /// The digits of whole numbers, one a row; empty for none.
  func unsigned() throws -> [String] { try unsignedNumbers().map { $0.map(String.init) ?? "" } }

  func reals(_ width: Int) throws -> [Double] {
    let total = count * width
    guard total > 0 else { return [] }
    var numbers = [Double](repeating: 0, count: total)
    var any: Int32 = 0
    // Asked to look for nulls among reals, CFITSIO would make infinities NaN and small numbers 0.
    let null = try isStoredReal() ? 0 : Double.nan
    try check { status in
      ffgcvd(
        file.pointer, column, Int64(first), 1, Int64(total), null, &numbers, &any, &status)
    }
    guard let blanks = try blanks() else { return numbers }
    return zip(numbers, blanks).map { $1 ? .nan : $0 }
  }

  /// Whether the file holds reals here, not scaled whole numbers or, as a table in text, digits.
  private func isStoredReal() throws -> Bool {
    let layout = try stored()
    return !layout.isInText && (abs(layout.type) == TFLOAT || abs(layout.type) == TDOUBLE)
  }

  /// How the column stands in the file: of a table in text, its width in characters.
  private func stored() throws -> (type: Int32, width: Int, isInText: Bool) {
    var (type, table): (Int32, Int32) = (0, 0)
    var (repeats, width): (Int64, Int64) = (0, 0)
    try check { ffghdt(file.pointer, &table, &$0) }
    try check { ffgtclll(file.pointer, column, &type, &repeats, &width, &$0) }
    return (type, Int(width), table == ASCII_TBL)
  }

  /// Of a table in text, which cells hold nothing, where CFITSIO sees zeros; nil of a binary table.
  private func blanks() throws -> [Bool]? {
    let layout = try stored()
    guard layout.isInText, let start = file.file.integer("TBCOL\(column)") else { return nil }
    var cell = [UInt8](repeating: 0, count: layout.width)
    return try (first..<first + count).map { row in
      try check { status in
        ffgtbb(
          file.pointer, Int64(row), Int64(start), Int64(layout.width), &cell, &status)
      }
      return cell.allSatisfy { $0 == UInt8(ascii: " ") }
    }
  }

  func complex(_ width: Int) throws -> [Double] {
    var numbers = [Double](repeating: 0, count: 2 * count * width)
    guard !numbers.isEmpty else { return [] }
    var any: Int32 = 0
    try check { status in
      ffgcvm(
        file.pointer, column, Int64(first), 1, Int64(numbers.count / 2), 0, &numbers, &any, &status)
    }
    return numbers
  }

  func logicals(_ width: Int) throws -> [Bool?] {
    let total = count * width
    guard total > 0 else { return [] }
    var flags = [CChar](repeating: 0, count: total)
    var nulls = [CChar](repeating: 0, count: total)
    var any: Int32 = 0
    try check { status in
      ffgcfl(file.pointer, column, Int64(first), 1, Int64(total), &flags, &nulls, &any, &status)
    }
    return zip(flags, nulls).map { $1 == 0 ? $0 != 0 : nil }
  }

  func bits(_ width: Int) throws -> [Bool?] {
    var all: [Bool?] = []
    var flags = [CChar](repeating: 0, count: width)
    for row in first..<first + count where width > 0 {
      try check { ffgcx(file.pointer, column, Int64(row), 1, Int64(width), &flags, &$0) }
      all += flags.map { $0 != 0 }
    }
    return all
  }

  /// One text a row; an array of texts is joined by blanks.
  func texts(width: Int) throws -> [String] {
    guard width > 0, count > 0 else { return Array(repeating: "", count: count) }
    let each = try textsInCell(width)
    let texts = try texts(from: first, total: count * each, width: width)
    guard each > 1 else { return texts }
    return (0..<count).map { row in
      texts[row * each..<(row + 1) * each].filter { !$0.isEmpty }.joined(separator: " ")
    }
  }

  /// The texts in a cell of TFORM `rAw`.
  private func textsInCell(_ width: Int) throws -> Int {
    var type: Int32 = 0
    var repeats: Int64 = 0
    var each: Int64 = 0
    try check { ffgtclll(file.pointer, column, &type, &repeats, &each, &$0) }
    return each > 0 ? max(1, Int(repeats / each)) : 1
  }

  private func texts(from row: Int, total: Int, width: Int) throws -> [String] {
    let stride = width + 1
    var any: Int32 = 0
    return try withUnsafeTemporaryAllocation(of: CChar.self, capacity: total * stride) { buffer in
      buffer.initialize(repeating: 0)
      guard let start = buffer.baseAddress else { return [] }
      var pointers: [UnsafeMutablePointer<CChar>?] = (0..<total).map { start + $0 * stride }
      try check { status in
        ffgcvs(
          file.pointer, column, Int64(row), 1, Int64(total), nil, &pointers, &any, &status)
      }
      return (0..<total).map { text(of: start + $0 * stride) }
    }
  }

  /// The cells of a column of variable length.
  func lists(isText: Bool) throws -> BinaryTableBlock {
    var lists: [[Double]] = []
    var texts: [String] = []
    // An element of a list takes a bit at least.
    let heap = 8 * Int64(file.file.integer("PCOUNT") ?? 0)
    // Lists may lie upon each other, so that together they are longer than the file.
    var left = Int64(4 * BinaryTableLayout.mostElements)
    for row in first..<first + count {
      var length: Int64 = 0
      var place: Int64 = 0
      try check { ffgdesll(file.pointer, column, Int64(row), &length, &place, &$0) }
      left -= length
      guard (0...min(heap, Int64(BinaryTableLayout.mostElements))).contains(length), left >= 0
      else {
        throw file.tooManyElements(length, row: row, column: name)
      }
      if isText {
        texts += length == 0 ? [""] : try self.texts(from: row, total: 1, width: Int(length))
      } else {
        let cell = BinaryTableCells(
          file: file, column: column, name: name, first: row, count: 1)
        lists.append(length == 0 ? [] : try cell.reals(Int(length)))
      }
    }
    return isText ? .texts(texts) : .lists(lists)
  }
}

/// The text at a C string without its trailing blanks; Latin-1 where it is not UTF-8.
private func text(of start: UnsafeMutablePointer<CChar>) -> String {
  var end = 0
  var length = 0
  while start[length] != 0 {
    length += 1
    if start[length - 1] != 0x20 { end = length }
  }
  return start.withMemoryRebound(to: UInt8.self, capacity: max(end, 1)) { bytes in
    String(ofFile: UnsafeBufferPointer(start: bytes, count: end))
  }
}
