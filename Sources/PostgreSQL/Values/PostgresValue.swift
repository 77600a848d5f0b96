/// A Swift type that PostgreSQL has too, in binary.
public protocol PostgresValue: PostgresColumn, Sendable where Wire == Self {
  /// The type that values are sent as.
  static var typeOID: UInt32 { get }

  /// Other types that decode to this one.
  static var alsoDecodes: [UInt32] { get }

  /// Appends the binary form.
  func encode(into buffer: inout [UInt8])

  /// Reads the binary form; `nil` where it is not one.
  init?(wire bytes: UnsafeRawBufferPointer)
}

extension PostgresValue {
  public static var alsoDecodes: [UInt32] { [] }

  public var wire: Self? { self }

  public static func column(_ wire: Self?) -> Self? { wire }
}

/// What a column holds: a value, or a value or null.
public protocol PostgresColumn: Sendable {
  /// The value's type.
  associatedtype Wire: PostgresValue

  /// The value, or `nil` for null.
  var wire: Wire? { get }

  /// What a value or null is as this type; `nil` where null is not allowed.
  static func column(_ wire: Wire?) -> Self?
}

extension Optional: PostgresColumn where Wrapped: PostgresValue {
  public var wire: Wrapped? { self }

  public static func column(_ wire: Wrapped?) -> Wrapped?? { .some(wire) }
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
