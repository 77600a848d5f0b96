/// One record of a CSV file; its storage serves again for the next.
struct CSVRecord {
  /// The fields one after another, each closed by a zero byte.
  private var bytes: [UInt8] = []
  /// The place of each field's closing zero.
  private var ends: [Int] = []
  private var quoted: [Bool] = []
  /// The line on which the record began, counted from 1.
  var line = 0

  var count: Int { ends.count }

  /// Bytes, those of the field that is open too.
  var length: Int { bytes.count }

  /// Whether this is a line with nothing on it.
  var isBlank: Bool { ends.count == 1 && ends[0] == 0 && !quoted[0] }

  /// Whether this is a line that begins with `#`.
  var isComment: Bool { !quoted[0] && withField(0) { $0.first == UInt8(ascii: "#") } }

  /// Whether all fields are dashes, several of them.
  var isRuler: Bool {
    (0..<count).allSatisfy { field in
      withField(field) { $0.count > 0 && $0.allSatisfy { $0 == UInt8(ascii: "-") } }
    } && bytes.count > 2 * count
  }

  mutating func removeAll(line: Int) {
    bytes.removeAll(keepingCapacity: true)
    ends.removeAll(keepingCapacity: true)
    quoted.removeAll(keepingCapacity: true)
    self.line = line
  }

  mutating func append(_ run: ArraySlice<UInt8>) { bytes.append(contentsOf: run) }

  mutating func append(_ byte: UInt8) { bytes.append(byte) }

  /// Closes a field; blanks around it do not count unless they were quoted.
  mutating func endField(quoted isQuoted: Bool) {
    if !isQuoted { trim() }
    ends.append(bytes.count)
    quoted.append(isQuoted)
    bytes.append(0)
  }

  private mutating func trim() {
    let start = ends.last.map { $0 + 1 } ?? 0
    while bytes.count > start, let last = bytes.last, isBlankByte(last) { bytes.removeLast() }
    let leading = bytes[start...].prefix(while: isBlankByte).count
    if leading > 0 { bytes.removeSubrange(start..<start + leading) }
  }

  func isQuoted(_ field: Int) -> Bool { quoted[field] }

  /// Gives a field's bytes, after the last of which stands a zero.
  func withField<R>(_ field: Int, _ body: (UnsafeBufferPointer<UInt8>) -> R) -> R {
    let start = field == 0 ? 0 : ends[field - 1] + 1
    let end = ends[field]
    return bytes.withUnsafeBufferPointer { body(UnsafeBufferPointer(rebasing: $0[start..<end])) }
  }

  func text(_ field: Int) -> String { withField(field) { Tables.text(of: $0) } }
}

private func isBlankByte(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") }
