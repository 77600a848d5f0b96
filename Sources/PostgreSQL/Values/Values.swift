/// One byte, 0 or 1.
extension Bool: PostgresValue {
  public static var type: PostgresType { .boolean }
  public func encode(into buffer: inout [UInt8], as _: PostgresType) { buffer.append(self ? 1 : 0) }
  public init?(wire bytes: UnsafeRawBufferPointer) {
    guard bytes.count == 1 else { return nil }
    self = bytes[0] != 0
  }
}

/// The integers of a row are `Int` whatever the width of their columns: what does not fit is refused
/// on the way in, never cut off.
extension Int: PostgresValue {
  public static var type: PostgresType { .bigint }
  public static var types: [PostgresType] { [.bigint, .integer, .smallint] }

  public func encode(into buffer: inout [UInt8], as type: PostgresType) throws {
    switch type {
    case .smallint: try fitting(Int16.self).appendBigEndian(to: &buffer)
    case .integer: try fitting(Int32.self).appendBigEndian(to: &buffer)
    default: Int64(self).appendBigEndian(to: &buffer)
    }
  }

  private func fitting<Narrow: FixedWidthInteger>(_: Narrow.Type) throws -> Narrow {
    guard let narrow = Narrow(exactly: self) else {
      throw PostgresError.decoding("\(self) is more than its column holds", sql: nil)
    }
    return narrow
  }

  public init?(wire bytes: UnsafeRawBufferPointer) {
    switch bytes.count {
    case 8: self = Int(Int64(bigEndian: bytes.loadUnaligned(as: Int64.self)))
    case 4: self = Int(Int32(bigEndian: bytes.loadUnaligned(as: Int32.self)))
    case 2: self = Int(Int16(bigEndian: bytes.loadUnaligned(as: Int16.self)))
    default: return nil
    }
  }
}

/// The width is that of the type.
extension PostgresValue where Self: FixedWidthInteger {
  public func encode(into buffer: inout [UInt8], as _: PostgresType) {
    appendBigEndian(to: &buffer)
  }
  public init?(wire bytes: UnsafeRawBufferPointer) { self.init(bigEndianBytes: bytes) }
}

extension Int16: PostgresValue {
  public static var type: PostgresType { .smallint }
}

extension Int32: PostgresValue {
  public static var type: PostgresType { .integer }
}

extension Int64: PostgresValue {
  public static var type: PostgresType { .bigint }
}

/// IEEE 754, most significant byte first; NaN and infinities as they are.
extension Float: PostgresValue {
  public static var type: PostgresType { .real }
  public func encode(into buffer: inout [UInt8], as _: PostgresType) {
    bitPattern.appendBigEndian(to: &buffer)
  }
  public init?(wire bytes: UnsafeRawBufferPointer) {
    guard let bits = UInt32(bigEndianBytes: bytes) else { return nil }
    self.init(bitPattern: bits)
  }
}

/// IEEE 754, most significant byte first; NaN and infinities as they are.
extension Double: PostgresValue {
  public static var type: PostgresType { .doublePrecision }
  public func encode(into buffer: inout [UInt8], as _: PostgresType) {
    bitPattern.appendBigEndian(to: &buffer)
  }
  /// In one go: most cells of a catalogue are such numbers.
  @inlinable
  public func append(to buffer: inout [UInt8], as _: PostgresType) {
    let halves = (UInt32(bitPattern >> 32), UInt32(truncatingIfNeeded: bitPattern))
    let cell = (UInt32(8).bigEndian, halves.0.bigEndian, halves.1.bigEndian)
    withUnsafeBytes(of: cell) { buffer.append(contentsOf: $0) }
  }
  public init?(wire bytes: UnsafeRawBufferPointer) {
    guard let bits = UInt64(bigEndianBytes: bytes) else { return nil }
    self.init(bitPattern: bits)
  }
}

/// UTF-8 without an end mark. A text with a NUL is refused by the server.
extension String: PostgresValue {
  public static var type: PostgresType { .text }
  public static var types: [PostgresType] {
    [.text, .limitedText, .paddedText, .identifier, .character, .unknown]
  }
  public func encode(into buffer: inout [UInt8], as _: PostgresType) {
    buffer.append(contentsOf: utf8)
  }
  public init?(wire bytes: UnsafeRawBufferPointer) { self.init(decoding: bytes, as: UTF8.self) }
}

/// `bytea`, and arrays of the element types below.
extension Array: PostgresReadable, PostgresColumn where Element: PostgresElement {}

/// An array of one dimension without nulls, or for bytes a `bytea`.
extension Array: PostgresValue where Element: PostgresElement {
  public static var type: PostgresType { Element.arrayType }
  public func encode(into buffer: inout [UInt8], as _: PostgresType) throws {
    try Element.encode(self, into: &buffer)
  }
  public init?(wire bytes: UnsafeRawBufferPointer) {
    guard let elements = Element.decode(bytes) else { return nil }
    self = elements
  }
}

/// A Swift type whose arrays PostgreSQL has too.
///
/// Arrays have one dimension and no nulls; an empty one has no dimension, as PostgreSQL's own.
public protocol PostgresElement: Sendable {
  /// The array's type.
  static var arrayType: PostgresType { get }

  /// Appends the array's binary form.
  static func encode(_ elements: [Self], into buffer: inout [UInt8]) throws

  /// Reads the array's binary form; `nil` where it is not one, or holds a null.
  static func decode(_ bytes: UnsafeRawBufferPointer) -> [Self]?
}

/// Arrays of bytes are `bytea`, which has no elements.
extension UInt8: PostgresElement {
  public static var arrayType: PostgresType { .bytes }
  public static func encode(_ elements: [UInt8], into buffer: inout [UInt8]) {
    buffer.append(contentsOf: elements)
  }
  public static func decode(_ bytes: UnsafeRawBufferPointer) -> [UInt8]? { Array(bytes) }
}

extension Int16: PostgresElement {}
extension Int32: PostgresElement {}
extension Int64: PostgresElement {}
extension Int: PostgresElement {}
extension Float: PostgresElement {}
extension Double: PostgresElement {}
extension String: PostgresElement {}

/// One dimension: its number, whether there are nulls, the element type, the extent, the lower
/// bound; then each element's length and bytes.
extension PostgresElement where Self: PostgresValue {
  public static var arrayType: PostgresType { type.array }

  public static func encode(_ elements: [Self], into buffer: inout [UInt8]) throws {
    Int32(elements.isEmpty ? 0 : 1).appendBigEndian(to: &buffer)
    Int32(0).appendBigEndian(to: &buffer)
    type.rawValue.appendBigEndian(to: &buffer)
    guard !elements.isEmpty else { return }
    Int32(elements.count).appendBigEndian(to: &buffer)
    Int32(1).appendBigEndian(to: &buffer)
    for element in elements { try element.append(to: &buffer, as: type) }
  }

  public static func decode(_ bytes: UnsafeRawBufferPointer) -> [Self]? {
    var reader = WireReader(bytes)
    guard let dimensions = reader.int32(), reader.int32() != nil, reader.int32() != nil else {
      return nil
    }
    guard dimensions > 0 else { return [] }
    guard dimensions == 1, let count = reader.int32(), reader.int32() != nil else { return nil }
    var elements: [Self] = []
    elements.reserveCapacity(Int(count))
    for _ in 0..<count {
      guard let length = reader.int32(), length >= 0, let field = reader.take(Int(length)),
        let element = Self(wire: field)
      else { return nil }
      elements.append(element)
    }
    return elements
  }
}

/// Walks through bytes from the server.
struct WireReader {
  private var rest: UnsafeRawBufferPointer

  init(_ bytes: UnsafeRawBufferPointer) { rest = bytes }

  mutating func int16() -> Int16? { take(2).flatMap(Int16.init(bigEndianBytes:)) }

  mutating func int32() -> Int32? { take(4).flatMap(Int32.init(bigEndianBytes:)) }

  mutating func take(_ count: Int) -> UnsafeRawBufferPointer? {
    guard count <= rest.count else { return nil }
    defer { rest = UnsafeRawBufferPointer(rebasing: rest[count...]) }
    return UnsafeRawBufferPointer(rebasing: rest[..<count])
  }
}
