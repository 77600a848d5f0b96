import Astronomy

/// The bytes of a base64 stream that comes in pieces; white space in it does not count.
struct Base64Stream {
  private var bits: UInt32 = 0
  private var count = 0

  mutating func append(_ text: UnsafeBufferPointer<UInt8>, to bytes: inout [UInt8]) {
    for character in text {
      let value = Self.values[Int(character)]
      guard value < 64 else { continue }
      bits = bits << 6 | UInt32(value)
      count += 6
      if count >= 8 {
        count -= 8
        bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
      }
    }
  }

  private static let values: [UInt8] = {
    var values = [UInt8](repeating: 255, count: 256)
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    for (index, byte) in alphabet.utf8.enumerated() { values[Int(byte)] = UInt8(index) }
    return values
  }()
}

/// The rows of a BINARY or BINARY2 stream, decoded as its bytes come.
struct VOBinary {
  private let fields: [VOField]
  /// Whether each row begins with a bit a field that says which are null: BINARY2.
  private let hasMask: Bool
  private var base64 = Base64Stream()
  private var bytes: [UInt8] = []
  private var place = 0
  /// The null bits of the row that is being read, once they have come.
  private var mask: [UInt8]?
  /// Its cells that have come.
  private var row: [Value] = []

  /// Why the stream cannot be read further, and the column where that shows.
  private(set) var fault: (column: String?, problem: String)?

  init(_ fields: [VOField], hasMask: Bool) {
    self.fields = fields
    self.hasMask = hasMask
  }

  /// Whether a row has begun and not ended.
  var isWithinRow: Bool { place < bytes.count || mask != nil }

  /// Takes a piece of the stream and adds the rows it completes, as far as there is no ``fault``.
  mutating func append(
    _ text: UnsafeBufferPointer<UInt8>, to rows: inout [[Value]]
  ) {
    base64.append(text, to: &bytes)
    while place < bytes.count, readRow() {
      rows.append(row)
      row.removeAll(keepingCapacity: true)
      mask = nil
    }
    if place > 1 << 16 {
      bytes.removeFirst(place)
      place = 0
    }
  }

  /// Reads on in a row; false where its last bytes are still to come, or it cannot be.
  private mutating func readRow() -> Bool {
    var cursor = BinaryCursor(bytes: bytes, place: place)
    defer { place = cursor.place }
    if mask == nil {
      guard let range = cursor.take(hasMask ? (fields.count + 7) / 8 : 0) else { return false }
      mask = Array(bytes[range])
    }
    while row.count < fields.count {
      let (field, start) = (fields[row.count], cursor.place)
      guard let value = field.value(&cursor) else {
        cursor.place = start
        fault = cursor.tooLong.map {
          (field.column.name, "a cell says that it has \($0) elements")
        }
        return false
      }
      let bit = mask.map { hasMask && $0[row.count / 8] & (0x80 >> UInt8(row.count % 8)) != 0 }
      row.append(bit == true ? .null : value)
    }
    if !hasMask || fields.isEmpty, fields.allSatisfy({ $0.count == 0 }) {
      fault = (nil, "the stream has bytes, but its rows have none")
    }
    return fault == nil
  }
}

/// A place among big-endian bytes.
struct BinaryCursor {
  let bytes: [UInt8]
  var place: Int
  /// The elements of a cell that has more than cells may have.
  var tooLong: Int?

  /// The range of the next bytes, or nil when they have not come yet.
  mutating func take(_ count: Int) -> Range<Int>? {
    guard count <= bytes.count - place else { return nil }
    place += count
    return place - count..<place
  }

  /// The next bytes as a whole number.
  mutating func integer<T: FixedWidthInteger>(_ type: T.Type) -> T? {
    guard let range = take(MemoryLayout<T>.size) else { return nil }
    return range.reduce(0) { $0 << 8 | T(truncatingIfNeeded: bytes[$1]) }
  }
}

extension VOField {
  /// The next cell of a binary stream, or nil when its bytes have not all come.
  func value(_ cursor: inout BinaryCursor) -> Value? {
    let length = count ?? cursor.integer(Int32.self).map(Int.init)
    guard let length else { return nil }
    guard Self.isPossible(length) else {
      cursor.tooLong = length
      return nil
    }
    if column.datatype == .string { return text(&cursor, length) }
    if datatype == "bit" { return bits(&cursor, length) }
    if column.shape == .scalar { return element(&cursor) }
    let parts = datatype.hasSuffix("Complex") ? 2 : 1
    guard cursor.bytes.count - cursor.place >= length * parts * column.datatype.size else {
      return nil
    }
    return Value((0..<length * parts).compactMap { _ in element(&cursor)?.element })
  }

  private func element(_ cursor: inout BinaryCursor) -> Value? {
    switch column.datatype {
    case .boolean: cursor.integer(UInt8.self).map(flag)
    case .uint8: cursor.integer(UInt8.self).map { orNull(.integer(Int64($0))) }
    case .int16: cursor.integer(Int16.self).map { orNull(.integer(Int64($0))) }
    case .int32: cursor.integer(Int32.self).map { orNull(.integer(Int64($0))) }
    case .int64: cursor.integer(Int64.self).map { orNull(.integer($0)) }
    case .float: cursor.integer(UInt32.self).map { orNull(Value(Double(Float(bitPattern: $0)))) }
    case .double: cursor.integer(UInt64.self).map { orNull(Value(Double(bitPattern: $0))) }
    case .string: nil
    }
  }

  private func flag(_ byte: UInt8) -> Value {
    switch byte {
    case UInt8(ascii: "T"), UInt8(ascii: "t"), UInt8(ascii: "1"): .boolean(true)
    case UInt8(ascii: "F"), UInt8(ascii: "f"), UInt8(ascii: "0"): .boolean(false)
    default: .null
    }
  }

  private func text(_ cursor: inout BinaryCursor, _ length: Int) -> Value? {
    let isWide = datatype == "unicodeChar"
    guard let range = cursor.take(isWide ? 2 * length : length) else { return nil }
    guard isWide else {
      return Value(Tables.text(of: cursor.bytes[range].prefix { $0 != 0 }))
    }
    let bytes = cursor.bytes
    let units = stride(from: range.lowerBound, to: range.upperBound, by: 2)
      .map { UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]) }
    return Value(String(decoding: units.prefix { $0 != 0 }, as: UTF16.self))
  }

  private func bits(_ cursor: inout BinaryCursor, _ length: Int) -> Value? {
    guard let range = cursor.take((length + 7) / 8) else { return nil }
    let bytes = cursor.bytes
    // Of one bit alone astropy sets another than the first.
    if column.shape == .scalar { return .boolean(bytes[range.lowerBound] != 0) }
    let bits = (0..<length).map { index in
      bytes[range.lowerBound + index / 8] & (0x80 >> UInt8(index % 8)) != 0
    }
    return .reals(bits.map { $0 ? 1 : 0 })
  }
}

extension Datatype {
  /// Bytes of an element of a number or truth in a binary stream.
  fileprivate var size: Int {
    switch self {
    case .boolean, .uint8, .string: 1
    case .int16: 2
    case .int32, .float: 4
    case .int64, .double: 8
    }
  }
}
