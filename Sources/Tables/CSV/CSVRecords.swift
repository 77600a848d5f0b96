import Files
import Foundation

/// The records of a CSV file by RFC 4180: quotes may hold separators, newlines and doubled quotes.
///
/// Lines end in LF, CRLF or CR. Blank lines are skipped.
struct CSVRecords {
  private let source: ByteSource
  private var buffer = [UInt8](repeating: 0, count: 1 << 18)
  private var position = 0
  private var limit = 0
  private var line = 1
  var separator = UInt8(ascii: ",")
  /// The comments that look like rows.
  var commentedRows = 0

  /// The bytes that a row may have.
  private static let mostBytes = 1 << 24

  init(_ path: String) throws {
    source = try ByteSource(path)
    _ = try refill()
    if buffer[..<limit].starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
  }

  /// Reads the next record, or returns false at the end of the file.
  mutating func next(into record: inout CSVRecord) throws -> Bool {
    repeat {
      guard try hasMore() else { return false }
      record.removeAll(line: line)
      while try nextField(into: &record) {
        guard record.count <= mostColumns else {
          throw failure(
            "the row has more than \(mostColumns) fields", advice: "Take fewer columns of it")
        }
      }
    } while record.isBlank
    return true
  }

  /// Takes a line that begins with `#`, without that mark, or returns nil where none stands.
  mutating func nextComment() throws -> String? {
    while try hasMore(), isNewline(buffer[position]) { try endLine() }
    guard try hasMore(), buffer[position] == UInt8(ascii: "#") else { return nil }
    var bytes: [UInt8] = []
    while try hasMore(), !isNewline(buffer[position]) {
      try checkLength(bytes.count)
      bytes.append(buffer[position])
      position += 1
    }
    try endLine()
    return text(of: bytes.dropFirst())
  }

  /// The line that comes next, as far as it was read from the disk.
  func peekLine() -> ArraySlice<UInt8> {
    buffer[position..<limit].prefix { !isNewline($0) }
  }

  /// Reads a field and returns whether another one follows in the record.
  private mutating func nextField(into record: inout CSVRecord) throws -> Bool {
    try skipBlanks()
    let isQuoted = try hasMore() && buffer[position] == UInt8(ascii: "\"")
    if isQuoted { try quotedPart(into: &record) }
    try plainPart(into: &record, afterQuote: isQuoted)
    record.endField(quoted: isQuoted)
    if separator == UInt8(ascii: " ") { return try endsBlankField() }
    guard try hasMore() else { return false }
    if buffer[position] == separator {
      position += 1
      return true
    }
    try endLine()
    return false
  }

  private mutating func skipBlanks() throws {
    while try hasMore(), buffer[position] == UInt8(ascii: " ") { position += 1 }
  }

  /// Goes to the next field of a line that blanks divide, or to the next line.
  private mutating func endsBlankField() throws -> Bool {
    try skipBlanks()
    guard try hasMore() else { return false }
    guard isNewline(buffer[position]) else { return true }
    try endLine()
    return false
  }

  /// Copies up to the next separator or newline; after a closing quote only blanks may stand there.
  private mutating func plainPart(into record: inout CSVRecord, afterQuote: Bool) throws {
    while try hasMore() {
      let start = position
      while position < limit, buffer[position] != separator, !isNewline(buffer[position]) {
        position += 1
      }
      let run = buffer[start..<position]
      try check(run, of: record)
      if !afterQuote {
        record.append(run)
      } else if run.contains(where: { $0 != UInt8(ascii: " ") }) {
        throw failure("text follows a closing quote", advice: "Double the quotes within a field")
      }
      if position < limit { return }
    }
  }

  /// Refuses a row without end, and the byte 0, which no text has.
  private func check(_ run: ArraySlice<UInt8>, of record: CSVRecord) throws {
    try checkLength(record.length + run.count)
    let hasZero = run.withUnsafeBytes { bytes in
      bytes.baseAddress.map { memchr($0, 0, bytes.count) != nil } ?? false
    }
    if hasZero {
      throw failure("the row holds a byte 0, which no text has", advice: "Get the file again")
    }
  }

  private func checkLength(_ count: Int) throws {
    guard count > Self.mostBytes else { return }
    throw failure(
      "the row is longer than \(Self.mostBytes >> 20) MiB",
      advice: "Look for a quote without its partner, or for the ends of lines")
  }

  private mutating func quotedPart(into record: inout CSVRecord) throws {
    let quote = UInt8(ascii: "\"")
    position += 1
    while try hasMore() {
      let start = position
      while position < limit, buffer[position] != quote {
        if buffer[position] == UInt8(ascii: "\n") { line += 1 }
        position += 1
      }
      try check(buffer[start..<position], of: record)
      record.append(buffer[start..<position])
      guard position < limit else { continue }
      position += 1
      guard try hasMore(), buffer[position] == quote else { return }
      record.append(quote)
      position += 1
    }
    throw FileError(
      source.path, line: record.line, "a quoted field is not closed before the end of the file",
      advice: "Look for a quote without its partner on that line")
  }

  private mutating func endLine() throws {
    guard try hasMore() else { return }
    let isReturn = buffer[position] == UInt8(ascii: "\r")
    position += 1
    line += 1
    if isReturn, try hasMore(), buffer[position] == UInt8(ascii: "\n") { position += 1 }
  }

  private mutating func hasMore() throws -> Bool { try position < limit || refill() }

  private mutating func refill() throws -> Bool {
    position = 0
    limit = try source.read(into: &buffer)
    return limit > 0
  }

  private func failure(_ problem: String, advice: String) -> FileError {
    FileError(source.path, line: line, problem, advice: advice)
  }
}

private func isNewline(_ byte: UInt8) -> Bool {
  byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
}
