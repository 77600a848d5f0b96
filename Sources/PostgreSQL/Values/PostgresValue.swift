/// What a column holds: a value, a value or null, or an `enum` whose raw value it is.
///
/// Conformances of a project's own are `enum`s; others conform to ``PostgresValue``.
public protocol PostgresColumn: PostgresReadable {
  /// The type that values are sent as, and the other types of columns that they are written into
  /// and read from.
  static var types: [PostgresType] { get }

  /// Appends the value behind its length, or the length −1 for null, as rows of COPY have it.
  ///
  /// - Throws: ``PostgresError`` of kind `decoding` where the value does not fit the type.
  func append(to buffer: inout [UInt8], as type: PostgresType) throws

  /// Reads a cell, `nil` for null; fails where it is no such value.
  init?(cell bytes: UnsafeRawBufferPointer?)
}

/// A Swift type that PostgreSQL has too, in binary.
///
/// The binary forms are those of `pg_type`'s send and receive functions; lengths are the caller's.
public protocol PostgresValue: PostgresColumn {
  /// The type that values are sent as.
  static var type: PostgresType { get }

  /// Appends the binary form of a type that the value may be written as.
  ///
  /// - Throws: ``PostgresError`` of kind `decoding` where the value does not fit.
  func encode(into buffer: inout [UInt8], as type: PostgresType) throws

  /// Reads the binary form; `nil` where it is not one.
  init?(wire bytes: UnsafeRawBufferPointer)
}

extension PostgresValue {
  public static var types: [PostgresType] { [type] }

  @inlinable
  public func append(to buffer: inout [UInt8], as type: PostgresType) throws {
    let start = buffer.count
    UInt32.max.appendBigEndian(to: &buffer)
    try encode(into: &buffer, as: type)
    let length = UInt32(buffer.count - start - 4)
    buffer.withUnsafeMutableBytes {
      $0.storeBytes(of: length.bigEndian, toByteOffset: start, as: UInt32.self)
    }
  }

  public init?(cell bytes: UnsafeRawBufferPointer?) {
    guard let bytes else { return nil }
    self.init(wire: bytes)
  }
}

extension Optional: PostgresReadable, PostgresColumn where Wrapped: PostgresColumn {
  public static var types: [PostgresType] { Wrapped.types }

  @inlinable
  public func append(to buffer: inout [UInt8], as type: PostgresType) throws {
    if let self {
      try self.append(to: &buffer, as: type)
    } else {
      Int32(-1).appendBigEndian(to: &buffer)
    }
  }

  public init?(cell bytes: UnsafeRawBufferPointer?) {
    guard let bytes else {
      self = .none
      return
    }
    guard let value = Wrapped(cell: bytes) else { return nil }
    self = value
  }
}

/// An `enum` conforms to ``PostgresColumn`` by saying so.
extension PostgresColumn where Self: RawRepresentable, RawValue: PostgresValue {
  public static var types: [PostgresType] { RawValue.types }

  public func append(to buffer: inout [UInt8], as type: PostgresType) throws {
    try rawValue.append(to: &buffer, as: type)
  }

  public init?(cell bytes: UnsafeRawBufferPointer?) {
    guard let value = RawValue(cell: bytes) else { return nil }
    self.init(rawValue: value)
  }
}

extension FixedWidthInteger {
  /// Appends the bytes, most significant first.
  @inlinable
  func appendBigEndian(to buffer: inout [UInt8]) {
    withUnsafeBytes(of: bigEndian) { buffer.append(contentsOf: $0) }
  }

  /// Reads the bytes, most significant first; `nil` where there are not just as many.
  init?(bigEndianBytes bytes: UnsafeRawBufferPointer) {
    guard bytes.count == MemoryLayout<Self>.size else { return nil }
    self.init(bigEndian: bytes.loadUnaligned(as: Self.self))
  }
}
