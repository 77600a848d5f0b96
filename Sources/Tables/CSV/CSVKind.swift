import Astronomy

/// What the cells of a CSV column have been so far, from which its datatype is inferred.
enum CSVKind {
  case null
  /// A word that stands for no value among numbers, and for itself among texts: `--`, `N/A`.
  case absent
  case boolean
  case integer
  case real
  case list
  case text

  /// The kind of a column that holds cells of both kinds.
  func joined(with other: CSVKind) -> CSVKind {
    switch (self, other) {
    case (.null, _): other
    case (_, .null): self
    case (.absent, _): other
    case (_, .absent): self
    case (.integer, .real), (.real, .integer): .real
    default: self == other ? self : .text
    }
  }

  /// The kind of one cell.
  ///
  /// A number may have a sign and leading zeros: `+05.30` is a declination. Digits alone with a
  /// leading zero (`00123`), or too many for 64 bits, are an identifier and stay text. An exponent
  /// may be Fortran's `D`. Empty, `NaN`, `null` and PostgreSQL's `\N` are null, unless they are quoted;
  /// other words that programs write for no value are absent, but for `*` and `?`, which may be flags.
  init(_ cell: UnsafeBufferPointer<UInt8>, quoted: Bool) {
    guard let first = cell.first else {
      self = .null
      return
    }
    switch first {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."): self = Self.number(cell)
    case UInt8(ascii: "+"), UInt8(ascii: "-"):
      let isDashes = !quoted && cell.count <= 3 && cell.allSatisfy { $0 == UInt8(ascii: "-") }
      self = isDashes ? .absent : Self.number(cell)
    case UInt8(ascii: "["): self = cell.last == UInt8(ascii: "]") ? Self.vector(cell) : .text
    default: self = Self.word(cell, quoted: quoted)
    }
  }

  private static func word(_ cell: UnsafeBufferPointer<UInt8>, quoted: Bool) -> CSVKind {
    guard cell.count <= 8 else { return .text }
    switch String(decoding: cell, as: UTF8.self).lowercased() {
    case "nan", "null", "\\n": return quoted ? .text : .null
    case "true", "false": return .boolean
    case "inf", "infinity": return .real
    case "*", "?": return .text
    case let word: return !quoted && word.standsForNoValue ? .absent : .text
    }
  }

  private static func number(_ cell: UnsafeBufferPointer<UInt8>) -> CSVKind {
    let isSigned = cell[0] == UInt8(ascii: "+") || cell[0] == UInt8(ascii: "-")
    let digits = UnsafeBufferPointer(rebasing: cell[(isSigned ? 1 : 0)...])
    let whole = digits.prefix(while: isDigit).count
    if whole == digits.count, whole > 0 {
      let isPadded = !isSigned && whole > 1 && digits[0] == UInt8(ascii: "0")
      return isPadded || !fitsInt64(cell) ? .text : .integer
    }
    if isReal(digits, whole: whole) { return .real }
    guard isSigned, let first = digits.first, first == 0x69 || first == 0x49 else { return .text }
    return word(digits, quoted: false) == .real ? .real : .text
  }

  private static func fitsInt64(_ cell: UnsafeBufferPointer<UInt8>) -> Bool {
    cell.count < 19 || Int64(String(decoding: cell, as: UTF8.self)) != nil
  }

  /// Whether digits, a point, digits and an exponent follow one another, with a digit before it.
  private static func isReal(_ cell: UnsafeBufferPointer<UInt8>, whole: Int) -> Bool {
    var rest = cell[whole...]
    var count = whole
    if rest.first == UInt8(ascii: ".") {
      let decimals = rest.dropFirst().prefix(while: isDigit).count
      count += decimals
      rest = rest.dropFirst(decimals + 1)
    }
    if count > 0, let mark = rest.first,
      [UInt8(ascii: "e"), UInt8(ascii: "d")].contains(mark | 0x20)
    {
      rest = rest.dropFirst()
      if let sign = rest.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") {
        rest = rest.dropFirst()
      }
      let exponent = rest.prefix(while: isDigit).count
      if exponent == 0 { return false }
      rest = rest.dropFirst(exponent)
    }
    return count > 0 && rest.isEmpty
  }

  private static func vector(_ cell: UnsafeBufferPointer<UInt8>) -> CSVKind {
    let elements = cell.dropFirst().dropLast()
    let comma = UInt8(ascii: ",")
    let areNumbers = elements.split(separator: comma, omittingEmptySubsequences: false)
      .allSatisfy { element in
        switch CSVKind(UnsafeBufferPointer(rebasing: element), quoted: false) {
        case .integer, .real: true
        case .null: !element.isEmpty || elements.isEmpty
        default: false
        }
      }
    return areNumbers ? .list : .text
  }

  var datatype: Datatype {
    switch self {
    case .boolean: .boolean
    case .integer: .int64
    case .real, .list: .double
    case .null, .absent, .text: .string
    }
  }
}

private func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }
