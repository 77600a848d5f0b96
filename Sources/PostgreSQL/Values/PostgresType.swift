/// A type of PostgreSQL by its OID, which is the same on every server for the built-in ones.
public struct PostgresType: RawRepresentable, Hashable, Sendable {
  /// The OID in `pg_type`.
  public let rawValue: UInt32

  /// Wraps an OID.
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// One byte: `Bool`.
  public static let boolean = PostgresType(rawValue: 16)
  /// `bytea`: `[UInt8]`.
  public static let bytes = PostgresType(rawValue: 17)
  /// `"char"`, one byte.
  public static let character = PostgresType(rawValue: 18)
  /// `name`, an identifier.
  public static let identifier = PostgresType(rawValue: 19)
  /// Eight bytes: `Int` and `Int64`.
  public static let bigint = PostgresType(rawValue: 20)
  /// Two bytes: `Int16`, or an `Int` that fits.
  public static let smallint = PostgresType(rawValue: 21)
  /// Four bytes: `Int32`, or an `Int` that fits.
  public static let integer = PostgresType(rawValue: 23)
  /// `String`, in UTF-8.
  public static let text = PostgresType(rawValue: 25)
  /// Four bytes without a sign: the key of a system catalogue.
  public static let oid = PostgresType(rawValue: 26)
  /// JSON as the text that was written.
  public static let json = PostgresType(rawValue: 114)
  /// Four bytes: `Float`.
  public static let real = PostgresType(rawValue: 700)
  /// Eight bytes: `Double`.
  public static let doublePrecision = PostgresType(rawValue: 701)
  /// What has no type of its own, such as a literal.
  public static let unknown = PostgresType(rawValue: 705)
  /// `char(n)`.
  public static let paddedText = PostgresType(rawValue: 1042)
  /// `varchar(n)`.
  public static let limitedText = PostgresType(rawValue: 1043)
  /// Decimal digits; read as text.
  public static let numeric = PostgresType(rawValue: 1700)
  /// Sixteen bytes; read as text.
  public static let uuid = PostgresType(rawValue: 2950)
  /// JSON in pieces, which is what ``JSON`` is stored as.
  public static let jsonb = PostgresType(rawValue: 3802)

  /// The type of arrays of the type; ``unknown`` where no such array is read or written.
  var array: PostgresType {
    let arrays: [PostgresType: UInt32] = [
      .smallint: 1005, .integer: 1007, .text: 1009, .bigint: 1016, .real: 1021,
      .doublePrecision: 1022,
    ]
    return arrays[self].map(PostgresType.init) ?? .unknown
  }

  /// Whether values are numbers, which stand on the right in a table.
  public var isNumeric: Bool {
    [.smallint, .integer, .bigint, .real, .doublePrecision, .numeric, .oid].contains(self)
  }
}
