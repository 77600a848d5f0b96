extension VOMarkup {
  /// Text as it stands between elements.
  public static func escaped(_ text: String) -> String {
    guard text.utf8.contains(where: { $0 < 0x20 || $0 == 0x26 || $0 == 0x3C || $0 == 0x3E }) else {
      return text
    }
    return String(text.unicodeScalars.map(escaped).joined())
  }

  /// Text as it stands in an attribute, where white space must be spelled too.
  public static func attribute(_ text: String) -> String {
    escaped(text).replacing("\"", with: "&quot;").replacing("\n", with: "&#10;")
      .replacing("\t", with: "&#9;")
  }

  private static func escaped(_ scalar: Unicode.Scalar) -> String {
    switch scalar {
    case "&": "&amp;"
    case "<": "&lt;"
    case ">": "&gt;"
    case "\r": "&#13;"
    case "\n", "\t": String(scalar)
    // XML has no way to write other control characters.
    case "\u{0}"..<" ": "\u{FFFD}"
    default: String(scalar)
    }
  }

  /// A unit in the syntax of VOUnits 1.0.
  ///
  /// `mJy beam-1`, as FITS and PyBDSF spell it, becomes `mJy.beam**-1`; what is not a plain
  /// product of powers is left as it is.
  public static func voUnit(_ unit: String) -> String {
    let factors = unit.split(whereSeparator: \.isWhitespace).map(voFactor)
    return factors.contains(nil) ? unit : factors.compactMap(\.self).joined(separator: ".")
  }

  private static func voFactor(_ factor: Substring) -> String? {
    let letters = factor.prefix { $0.isLetter || $0 == "%" }
    var power = factor.dropFirst(letters.count)
    guard !letters.isEmpty else { return nil }
    if power.isEmpty { return String(letters) }
    power = power.trimmingPrefix("**")
    power = power.trimmingPrefix("^")
    guard let number = Int(power) else { return nil }
    return "\(letters)**\(number)"
  }
}
