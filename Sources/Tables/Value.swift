/// A cell of a table.
///
/// A missing number, NaN, an empty text and a vector of none but NaN are all `null`: no exchange
/// format keeps them apart. Vectors are reals whatever their column's datatype, with NaN where an element is missing;
/// whole numbers in them are exact up to 2^53.
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
}
