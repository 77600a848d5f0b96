import Foundation

extension String {
  /// The text without the white space around it.
  public var trimmed: String {
    // Nearly every text begins and ends with a visible character of ASCII.
    let visible = 0x21...0x7E as ClosedRange<UInt8>
    if let first = utf8.first, let last = utf8.last, visible.contains(first), visible.contains(last)
    {
      return self
    }
    return self[...].trimmed
  }

  /// Whether the text says that there is no value; a name is asked a million times.
  public var standsForNoValue: Bool {
    let word = trimmed
    return word.utf8.count <= longestNoValue && word[...].standsForNoValue
  }
}

/// As many bytes the longest of those words has.
private let longestNoValue = 12

extension StringProtocol {
  /// The text without the white space around it.
  public var trimmed: String {
    let start = drop(while: \.isWhitespace)
    return String(start.reversed().drop(while: \.isWhitespace).reversed())
  }

  /// Whether the text says that there is no value, in a word of astropy, STILTS, VizieR, PostgreSQL,
  /// pandas, IRAF or a spreadsheet.
  public var standsForNoValue: Bool {
    let word = trimmed.lowercased()
    return noValues.contains(word)
      || word.count <= 3 && word.unicodeScalars.allSatisfy { $0 == "-" || $0.isDash }
  }
}

extension String {
  /// The text in printable ASCII, as FITS cards and the CDS's files hold it.
  ///
  /// Letters lose their marks (`Łokas` is `Lokas`), the prefix μ is `u`, and what has no such form is `?`.
  public var inASCII: String {
    let isASCII = { (letter: Unicode.Scalar) in (" "..."~").contains(letter) }
    if unicodeScalars.allSatisfy(isASCII) { return self }
    let plain = replacing("\u{B5}", with: "u").replacing("\u{3BC}", with: "u")
    let latin = plain.applyingTransform(StringTransform("Latin-ASCII"), reverse: false) ?? plain
    return String(String.UnicodeScalarView(latin.unicodeScalars.map { isASCII($0) ? $0 : "?" }))
  }
}

private let noValues: Set<String> = [
  "nan", "null", "\\n", "n/a", "na", "none", "masked", "<na>", "#n/a", "n.a.", "-nan", "+nan",
  "nil", "indef", "undef", "undefined", "missing", "blank", "*", "?", ".", "..", "...", "\u{2026}",
]

extension Unicode.Scalar {
  /// Whether it is a dash or a minus other than ASCII's, which stands for that in printed tables.
  package var isDash: Bool { self == "\u{2212}" || ("\u{2010}"..."\u{2015}").contains(self) }
}

extension Double {
  /// Reads a number as catalogues write it, with blanks around it, Fortran's exponent (`1.25D-02`,
  /// `1.25-102`), or a dash for the minus; nil where the text is none, such as `0x10`.
  public init?(catalogue text: some StringProtocol) {
    if text.utf8.allSatisfy(\.isPlainNumber), let value = Double(text) {
      self = value
      return
    }
    var number = String(
      String.UnicodeScalarView(text.trimmed.unicodeScalars.map { $0.isDash ? "-" : $0 })
    )
    .lowercased().replacing(/[dq]/, with: "e")
    // Where three digits leave no room for its letter, and in some programs always; `1.5-2` may be a range.
    number.replace(/^([+-]?\d+\.\d*)([+-](?:0\d|\d{3}))$/, with: { "\($0.1)e\($0.2)" })
    guard number.contains(where: \.isNumber), !number.contains(where: { "xp".contains($0) }),
      let value = Double(number)
    else { return nil }
    self = value
  }
}

extension UInt8 {
  /// Whether it stands in numbers as Swift writes them, and in no word.
  fileprivate var isPlainNumber: Bool {
    switch self {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"),
      UInt8(ascii: "+"), UInt8(ascii: "e"), UInt8(ascii: "E"):
      true
    default: false
    }
  }
}
