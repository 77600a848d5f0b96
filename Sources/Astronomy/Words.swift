extension StringProtocol {
  /// The text without the white space around it.
  public var trimmed: String {
    let start = drop(while: \.isWhitespace)
    return String(start.reversed().drop(while: \.isWhitespace).reversed())
  }

  /// Whether the text says that there is no value, in a word of astropy, STILTS, VizieR, PostgreSQL or
  /// pandas.
  public var standsForNoValue: Bool {
    let word = trimmed.lowercased()
    return noValues.contains(word) || word.count <= 3 && word.allSatisfy { $0 == "-" }
  }
}

private let noValues: Set<String> = ["nan", "null", "\\n", "n/a", "na", "none", "masked", "<na>"]

extension Double {
  /// Reads a number as catalogues write it, with blanks around it, Fortran's exponent `D` or U+2212 for
  /// the minus; nil where the text is none.
  public init?(catalogue text: some StringProtocol) {
    let number = text.trimmed.lowercased().replacing("d", with: "e")
      .replacing("\u{2212}", with: "-")
    guard number.contains(where: \.isNumber), let value = Double(number) else { return nil }
    self = value
  }
}
