import Foundation

/// The fields of a form or of a query, in order; a name may come more than once.
struct Fields: Sendable {
  private(set) var pairs: [(name: String, value: String)]

  /// No fields.
  init() { pairs = [] }

  /// The field that names a class.
  init(class text: String) { pairs = [("class", text)] }

  /// Reads `application/x-www-form-urlencoded`.
  init(encoded text: some StringProtocol) {
    pairs = text.split(separator: "&").map { pair in
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      return (Self.decode(parts[0]), parts.count > 1 ? Self.decode(parts[1]) : "")
    }
  }

  /// The first value of a name; `nil` where it is absent or blank.
  subscript(name: String) -> String? {
    pairs.first { $0.name == name && !$0.value.isEmpty }?.value
  }

  /// All values of a name.
  func all(_ name: String) -> [String] { pairs.filter { $0.name == name }.map(\.value) }

  /// The first value of a name as a whole number.
  func number<Number: FixedWidthInteger>(_ name: String) -> Number? {
    self[name].flatMap { Number($0) }
  }

  /// The first value of a name as a whole number, or the nearest that the bounds allow.
  func number(_ name: String, in bounds: ClosedRange<Int>) -> Int? {
    number(name).map { min(bounds.upperBound, max(bounds.lowerBound, $0)) }
  }

  /// The first value of a name as a number; `nil` where it is not finite.
  func number(_ name: String) -> Double? {
    self[name].flatMap(Double.init).flatMap { $0.isFinite ? $0 : nil }
  }

  /// Whole numbers, from one field with commas or from many.
  func numbers(_ name: String) -> [Int] {
    all(name).flatMap { $0.split(separator: ",") }.compactMap { Int($0) }
  }

  /// The same fields with one set or, by `nil`, removed.
  func setting(_ name: String, _ value: String?) -> Fields {
    var copy = self
    copy.pairs.removeAll { $0.name == name }
    if let value { copy.pairs.append((name, value)) }
    return copy
  }

  /// The same fields, their names in lower case.
  var inLowerCase: Fields {
    var copy = self
    copy.pairs = pairs.map { ($0.name.lowercased(), $0.value) }
    return copy
  }

  /// As it stands in a URL behind the question mark.
  var encoded: String {
    pairs.filter { !$0.value.isEmpty }
      .map { percentEncoded($0.name) + "=" + percentEncoded($0.value) }.joined(separator: "&")
  }

  private static func decode(_ text: some StringProtocol) -> String {
    let spaced = text.replacingOccurrences(of: "+", with: " ")
    return spaced.removingPercentEncoding ?? spaced
  }
}

/// Text as a part of a path or a query.
func percentEncoded(_ text: some StringProtocol) -> String {
  text.addingPercentEncoding(withAllowedCharacters: unreserved) ?? ""
}

/// The unreserved characters of RFC 3986, and the comma, which stands for itself in a query.
private let unreserved = CharacterSet(
  charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~,")
