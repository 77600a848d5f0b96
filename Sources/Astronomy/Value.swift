/// A cell of a table, or the value of a keyword.
///
/// A missing number, NaN, an empty text and a vector of none but NaN are all `null`: no exchange
/// format keeps them apart. Vectors are reals whatever their column's datatype, with NaN where an
/// element is missing; whole numbers in them are exact up to 2^53.
public enum Value: Hashable, Sendable {
  case null
  case boolean(Bool)
  case integer(Int64)
  case real(Double)
  case text(String)
  case reals([Double])

  /// A real, or null for NaN.
  public init(_ real: Double) { self = real.isNaN ? .null : .real(real) }

  /// A text, or null when it is empty.
  public init(_ text: String) { self = text.isEmpty ? .null : .text(text) }

  /// A vector, or null when no element of it is a number.
  public init(_ elements: [Double]) {
    self = elements.allSatisfy(\.isNaN) ? .null : .reals(elements)
  }

  /// The value as a finite number, or nil where it is none.
  public var number: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .real(let value): value.isFinite ? value : nil
    default: nil
    }
  }

  /// The value as an element of a vector: NaN for null, 1 and 0 for true and false.
  public var element: Double {
    switch self {
    case .boolean(let flag): flag ? 1 : 0
    case .integer(let number): Double(number)
    case .real(let number): number
    default: .nan
    }
  }
}

/// Stands in JSON as the plain number, text, logical, list or null that it is.
extension Value: Codable {
  /// Reads a plain value; a number without a fraction becomes an integer.
  public init(from decoder: any Decoder) throws {
    let plain = try decoder.singleValueContainer()
    if plain.decodeNil() {
      self = .null
    } else if let flag = try? plain.decode(Bool.self) {
      self = .boolean(flag)
    } else if let number = try? plain.decode(Int64.self) {
      self = .integer(number)
    } else if let number = try? plain.decode(Double.self) {
      self = .real(number)
    } else if let text = try? plain.decode(String.self) {
      self = .text(text)
    } else {
      self = .reals(try plain.decode([Double].self))
    }
  }

  /// Writes a plain value.
  public func encode(to encoder: any Encoder) throws {
    var plain = encoder.singleValueContainer()
    switch self {
    case .null: try plain.encodeNil()
    case .boolean(let flag): try plain.encode(flag)
    case .integer(let number): try plain.encode(number)
    case .real(let number): try plain.encode(number)
    case .text(let text): try plain.encode(text)
    case .reals(let elements): try plain.encode(elements)
    }
  }
}
