extension Bool: PostgresValue {
  public static var typeOID: UInt32 { 16 }
  public func encode(into buffer: inout [UInt8]) { buffer.append(self ? 1 : 0) }
  public init?(wire bytes: UnsafeRawBufferPointer) {
    guard bytes.count == 1 else { return nil }
    self = bytes[0] != 0
  }
}

extension Int16: PostgresValue {
  public static var typeOID: UInt32 { 21 }
  public func encode(into buffer: inout [UInt8]) { appendBigEndian(to: &buffer) }
  public init?(wire bytes: UnsafeRawBufferPointer) { self.init(bigEndianBytes: bytes) }
}

extension Int32: PostgresValue {
  public static var typeOID: UInt32 { 23 }
  public func encode(into buffer: inout [UInt8]) { appendBigEndian(to: &buffer) }
  public init?(wire bytes: UnsafeRawBufferPointer) { self.init(bigEndianBytes: bytes) }
}

extension Int64: PostgresValue {
  public static var typeOID: UInt32 { 20 }
  public func encode(into buffer: inout [UInt8]) { appendBigEndian(to: &buffer) }
  public init?(wire bytes: UnsafeRawBufferPointer) { self.init(bigEndianBytes: bytes) }
}

extension Int: PostgresValue {
  public static var typeOID: UInt32 { 20 }
  public func encode(into buffer: inout [UInt8]) { appendBigEndian(to: &buffer) }
  public init?(wire bytes: UnsafeRawBufferPointer) { self.init(bigEndianBytes: bytes) }
}

extension Float: PostgresValue {
  public static var typeOID: UInt32 { 700 }
  public func encode(into buffer: inout [UInt8]) { bitPattern.appendBigEndian(to: &buffer) }
  public init?(wire bytes: UnsafeRawBufferPointer) {
    guard let bits = UInt32(bigEndianBytes: bytes) else { return nil }
    self.init(bitPattern: bits)
  }
}

extension Double: PostgresValue {
  public static var typeOID: UInt32 { 701 }
  public func encode(into buffer: inout [UInt8]) { bitPattern.appendBigEndian(to: &buffer) }
  public init?(wire bytes: UnsafeRawBufferPointer) {
    guard let bits = UInt64(bigEndianBytes: bytes) else { return nil }
    self.init(bitPattern: bits)
  }
}

extension String: PostgresValue {
  public static var typeOID: UInt32 { 25 }
  /// `varchar`, `bpchar`, `name`, `"char"` and what has no type of its own.
  public static var alsoDecodes: [UInt32] { [1043, 1042, 19, 18, 705] }
  public func encode(into buffer: inout [UInt8]) { buffer.append(contentsOf: utf8) }
  public init?(wire bytes: UnsafeRawBufferPointer) { self.init(decoding: bytes, as: UTF8.self) }
}

/// `bytea`, and arrays of the element types below.
extension Array: PostgresColumn where Element: PostgresElement {
  public typealias Wire = [Element]
}

extension Array: PostgresValue where Element: PostgresElement {
  public static var typeOID: UInt32 { Element.arrayOID }
  public func encode(into buffer: inout [UInt8]) { Element.encode(self, into: &buffer) }
  public init?(wire bytes: UnsafeRawBufferPointer) {
    guard let elements = Element.decode(bytes) else { return nil }
    self = elements
  }
}

/// A Swift type whose arrays PostgreSQL has too.
public protocol PostgresElement: Sendable {
  /// The array's type.
  static var arrayOID: UInt32 { get }

  /// Appends the array's binary form.
  static func encode(_ elements: [Self], into buffer: inout [UInt8])

  /// Reads the array's binary form; `nil` where it is not one, or holds a null.
  static func decode(_ bytes: UnsafeRawBufferPointer) -> [Self]?
}

extension UInt8: PostgresElement {
  public static var arrayOID: UInt32 { 17 }
  public static func encode(_ elements: [UInt8], into buffer: inout [UInt8]) {
    buffer.append(contentsOf: elements)
  }
  public static func decode(_ bytes: UnsafeRawBufferPointer) -> [UInt8]? { Array(bytes) }
}

extension Int16: PostgresElement { public static var arrayOID: UInt32 { 1005 } }
extension Int32: PostgresElement { public static var arrayOID: UInt32 { 1007 } }
extension Int64: PostgresElement { public static var arrayOID: UInt32 { 1016 } }
extension Int: PostgresElement { public static var arrayOID: UInt32 { 1016 } }
extension Float: PostgresElement { public static var arrayOID: UInt32 { 1021 } }
extension Double: PostgresElement { public static var arrayOID: UInt32 { 1022 } }
extension String: PostgresElement { public static var arrayOID: UInt32 { 1009 } }

/// One dimension: its number, whether there are nulls, the element type, the extent, the lower
/// bound; then each element's length and bytes.
extension PostgresElement where Self: PostgresValue {
  public static func encode(_ elements: [Self], into buffer: inout [UInt8]) {
    Int32(elements.isEmpty ? 0 : 1).appendBigEndian(to: &buffer)
    Int32(0).appendBigEndian(to: &buffer)
    typeOID.appendBigEndian(to: &buffer)
    guard !elements.isEmpty else { return }
    Int32(elements.count).appendBigEndian(to: &buffer)
    Int32(1).appendBigEndian(to: &buffer)
    for element in elements { appendWithLength(element, to: &buffer) }
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

/// Appends a value behind its length, as rows of COPY and elements of arrays stand.
func appendWithLength(_ value: some PostgresValue, to buffer: inout [UInt8]) {
  let start = buffer.count
  Int32(0).appendBigEndian(to: &buffer)
  value.encode(into: &buffer)
  let length = UInt32(buffer.count - start - 4).bigEndian
  withUnsafeBytes(of: length) { bytes in
    for offset in 0..<4 { buffer[start + offset] = bytes[offset] }
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
