internal import CFITSIO

/// The place in a column from which cells are written.
struct BinaryTableOutput {
  let file: BinaryTableFile
  /// The column's number, counted from 1.
  let column: Int32
  let name: String
  let layout: BinaryTableLayout
  /// The first row, counted from 1.
  var first: Int

  private func check(_ call: (inout Int32) -> Void) throws {
    try file.check(row: first, column: name, call)
  }

  /// Writes a block; reals are written to columns of any numeric format.
  func write(_ block: BinaryTableBlock, nulls: inout BinaryTableNull?) throws {
    switch block {
    case .logicals(let flags): try write(flags)
    case .integers(let numbers): try write(numbers, &nulls)
    case .reals(let numbers): try write(reals: numbers, &nulls)
    case .texts(let texts): try write(texts)
    case .lists(let lists):
      for (index, list) in lists.enumerated() {
        var cell = self
        cell.first += index
        try cell.writeList(list, &nulls)
      }
    }
  }

  private func write(_ flags: [Bool?]) throws {
    var characters = flags.map { flag -> CChar in flag.map { $0 ? 1 : 0 } ?? 2 }
    guard !characters.isEmpty else { return }
    try check { status in
      ffpcnl(
        file.pointer, column, Int64(first), 1, Int64(characters.count), &characters, 2, &status)
    }
  }

  private func write(_ numbers: [Int64?], _ nulls: inout BinaryTableNull?) throws {
    var stored = numbers.map { nulls?.store($0) ?? $0 ?? 0 }
    guard !stored.isEmpty else { return }
    try check { status in
      ffpcljj(file.pointer, column, Int64(first), 1, Int64(stored.count), &stored, &status)
    }
  }

  private func write(reals: [Double], _ nulls: inout BinaryTableNull?) throws {
    var reals = reals
    guard !reals.isEmpty else { return }
    switch layout.format {
    case .logical: try write(reals.map { $0.isNaN ? nil : $0 != 0 })
    case .byte, .int16, .int32, .int64: try write(reals.map(wholeNumber), &nulls)
    case .float:
      // Converted here: CFITSIO takes an infinity for an overflow.
      var floats = reals.map { Float($0) }
      try check { status in
        ffpcle(file.pointer, column, Int64(first), 1, Int64(floats.count), &floats, &status)
      }
    default:
      try check { status in
        ffpcld(file.pointer, column, Int64(first), 1, Int64(reals.count), &reals, &status)
      }
    }
  }

  private func wholeNumber(_ real: Double) throws -> Int64? {
    if real.isNaN { return nil }
    if let number = Int64(exactly: real) { return number }
    throw file.problem(
      "column '\(name)', row \(first) or after: \(real) is no whole number",
      advice: "Declare a column of reals")
  }

  /// Writes one cell of variable length; an empty one needs no writing.
  private func writeList(_ list: [Double], _ nulls: inout BinaryTableNull?) throws {
    if list.isEmpty { return try check { ffpdes(file.pointer, column, Int64(first), 0, 0, &$0) } }
    try write(reals: list, &nulls)
  }

  private func write(_ texts: [String]) throws {
    let stride = layout.count + 1
    guard !texts.isEmpty else { return }
    let capacity = texts.count * stride
    try withUnsafeTemporaryAllocation(of: CChar.self, capacity: capacity) { buffer in
      buffer.initialize(repeating: 0)
      guard let start = buffer.baseAddress else { return }
      for (index, text) in texts.enumerated() {
        for (place, byte) in text.utf8.enumerated() {
          start[index * stride + place] = CChar(bitPattern: byte)
        }
      }
      var pointers: [UnsafeMutablePointer<CChar>?] = texts.indices.map { start + $0 * stride }
      try check { status in
        ffpcls(file.pointer, column, Int64(first), 1, Int64(texts.count), &pointers, &status)
      }
    }
  }
}
