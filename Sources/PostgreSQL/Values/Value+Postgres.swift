public import Astronomy
import Foundation

extension PostgresType {
  /// Whether a ``Value`` can be made of the binary form.
  var isReadInBinary: Bool { Self.readInBinary.contains(self) }

  private static let readInBinary: Set<PostgresType> = [
    .boolean, .smallint, .integer, .bigint, .oid, .real, .doublePrecision, .text, .limitedText,
    .paddedText, .identifier, .unknown, .json, .jsonb, .uuid,
  ]
}

extension Value {
  /// A value from its binary form; `nil` where it is none of the type.
  ///
  /// NaN and an empty text are not brought to null: PostgreSQL keeps them apart.
  init?(wire bytes: UnsafeRawBufferPointer, of type: PostgresType) {
    let value: Value? =
      switch type {
      case .boolean: Bool(wire: bytes).map(Value.boolean)
      case .smallint, .integer, .bigint: Int(wire: bytes).map { .integer(Int64($0)) }
      case .oid: UInt32(bigEndianBytes: bytes).map { .integer(Int64($0)) }
      case .real: Float(wire: bytes).map { .real(Double($0)) }
      case .doublePrecision: Double(wire: bytes).map(Value.real)
      case .jsonb: JSON(wire: bytes).map { .text($0.text) }
      case .uuid where bytes.count == 16:
        .text(UUID(uuid: bytes.loadUnaligned(as: uuid_t.self)).uuidString.lowercased())
      default: .text(String(decoding: bytes, as: UTF8.self))
      }
    guard let value else { return nil }
    self = value
  }

  /// A value from its text form; `nil` where it is none of the type.
  init?(text bytes: UnsafeRawBufferPointer, of type: PostgresType) {
    let text = String(decoding: bytes, as: UTF8.self)
    let value: Value? =
      switch type {
      case .boolean: .boolean(text == "t")
      case .smallint, .integer, .bigint, .oid: Int64(text).map(Value.integer)
      case .real: Float(text).map { .real(Double($0)) }
      case .doublePrecision: Double(text).map(Value.real)
      default: .text(text)
      }
    guard let value else { return nil }
    self = value
  }
}

extension ResultColumn {
  /// A value of the column as psql shows it; `nil` for null.
  ///
  /// Reals have the fewest digits that tell them from their neighbours.
  public func text(of value: Value) -> String? {
    switch value {
    case .null: nil
    case .boolean(let flag): flag ? "t" : "f"
    case .integer(let number): String(number)
    case .real(let number):
      type == .real ? Float(number).postgresText : number.postgresText
    case .text(let text): text
    case .reals(let numbers): "{" + numbers.map(\.postgresText).joined(separator: ",") + "}"
    }
  }
}

extension Value {
  /// The types of columns that values are written into.
  static let writtenTypes: [PostgresType] = [
    .boolean, .smallint, .integer, .bigint, .real, .doublePrecision, .text,
    PostgresType.real.array, PostgresType.doublePrecision.array,
  ]

  /// Appends the value behind its length as one of ``writtenTypes``, or null.
  ///
  /// A column of texts takes any value, by the text that it is; one of wider numbers takes narrower
  /// ones.
  ///
  /// - Throws: ``PostgresError`` of kind `decoding` where the column cannot hold the value.
  @usableFromInline
  func append(to buffer: inout [UInt8], as type: PostgresType) throws {
    switch (self, type) {
    case (.null, _): Int32(-1).appendBigEndian(to: &buffer)
    case (.real(let number), .doublePrecision): try number.append(to: &buffer, as: type)
    case (.real(let number), .real): try Float(number).append(to: &buffer, as: type)
    case (.integer(let number), .doublePrecision): try Double(number).append(to: &buffer, as: type)
    case (.integer(let number), .real): try Float(number).append(to: &buffer, as: type)
    case (.integer(let number), .smallint), (.integer(let number), .integer),
      (.integer(let number), .bigint):
      try Int(number).append(to: &buffer, as: type)
    case (.boolean(let flag), .boolean): try flag.append(to: &buffer, as: type)
    case (.reals(let numbers), PostgresType.doublePrecision.array):
      try numbers.append(to: &buffer, as: type)
    case (.reals(let numbers), PostgresType.real.array):
      try numbers.map(Float.init).append(to: &buffer, as: type)
    case (_, .text): try storableText.append(to: &buffer, as: type)
    default:
      throw PostgresError.decoding("its column does not hold '\(storableText)'", sql: nil)
    }
  }

  /// The value as a text that PostgreSQL stores, which knows no NUL.
  private var storableText: String {
    switch self {
    case .null: ""
    case .boolean(let flag): flag ? "true" : "false"
    case .integer(let number): String(number)
    case .real(let number): number.postgresText
    case .text(let text):
      text.utf8.contains(0) ? text.replacing("\u{0}", with: "\u{FFFD}") : text
    case .reals(let numbers): "{" + numbers.map(\.postgresText).joined(separator: ",") + "}"
    }
  }
}
