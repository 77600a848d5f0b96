/// A Swift type that PostgreSQL has too, in binary.
public protocol PostgresValue: PostgresColumn where Wire == Self {
  /// The type that values are sent as.
  static var type: PostgresType { get }

  /// Other types of columns that such values are written into and read from.
  static var alsoTakes: [PostgresType] { get }

  /// Appends the binary form of ``type``.
  func encode(into buffer: inout [UInt8])

  /// Appends the binary form of a type that the value may be written as.
  ///
  /// - Throws: ``PostgresError`` of kind `decoding` where the value does not fit.
  func encode(into buffer: inout [UInt8], as type: PostgresType) throws

  /// Reads the binary form; `nil` where it is not one.
  init?(wire bytes: UnsafeRawBufferPointer)
}

extension PostgresValue {
  public static var alsoTakes: [PostgresType] { [] }

  public func encode(into buffer: inout [UInt8], as type: PostgresType) throws {
    encode(into: &buffer)
  }

  public var wire: Self? { self }

  public static func column(_ wire: Self?) -> Self? { wire }
}

/// What a column holds: a value, or a value or null, or an `enum` whose raw value it is.
public protocol PostgresColumn: PostgresReadable {
  /// The value's type.
  associatedtype Wire: PostgresValue

  /// The value, or `nil` for null.
  var wire: Wire? { get }

  /// What a value or null is as this type; `nil` where it cannot be.
  static func column(_ wire: Wire?) -> Self?
}

extension Optional: PostgresReadable, PostgresColumn where Wrapped: PostgresColumn {
  public var wire: Wrapped.Wire? { flatMap(\.wire) }

  public static func column(_ wire: Wrapped.Wire?) -> Wrapped?? {
    guard let wire else { return .some(nil) }
    return Wrapped.column(wire).map { .some($0) }
  }
}

/// An `enum` conforms to ``PostgresColumn`` by saying so.
extension PostgresColumn where Self: RawRepresentable, RawValue: PostgresValue {
  public var wire: RawValue? { rawValue }

  public static func column(_ wire: RawValue?) -> Self? { wire.flatMap(Self.init(rawValue:)) }
}

extension PostgresColumn {
  /// Appends the value behind its length, or the length −1 for null, as rows of COPY have it.
  func append(to buffer: inout [UInt8], as type: PostgresType) throws {
    guard let wire else { return Int32(-1).appendBigEndian(to: &buffer) }
    try appendWithLength(to: &buffer) { try wire.encode(into: &$0, as: type) }
  }
}

/// Appends what `write` does behind its length.
func appendWithLength(to buffer: inout [UInt8], _ write: (inout [UInt8]) throws -> Void) rethrows {
  let start = buffer.count
  Int32(0).appendBigEndian(to: &buffer)
  try write(&buffer)
  withUnsafeBytes(of: UInt32(buffer.count - start - 4).bigEndian) { length in
    for offset in 0..<4 { buffer[start + offset] = length[offset] }
  }
}

extension FixedWidthInteger {
  /// Appends the bytes, most significant first.
  func appendBigEndian(to buffer: inout [UInt8]) {
    withUnsafeBytes(of: bigEndian) { buffer.append(contentsOf: $0) }
  }

  /// Reads the bytes, most significant first; `nil` where there are not just as many.
  init?(bigEndianBytes bytes: UnsafeRawBufferPointer) {
    guard bytes.count == MemoryLayout<Self>.size else { return nil }
    self.init(bigEndian: bytes.loadUnaligned(as: Self.self))
  }
}
