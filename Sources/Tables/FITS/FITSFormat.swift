import Astronomy
import FITS

extension TableFormat {
  /// Binary tables of FITS.
  static let fits = TableFormat(
    name: "fits", title: "FITS", extensions: ["fits", "fit", "fts"],
    begins: { $0.hasPrefix("SIMPLE  =") },
    open: { address, _, suits in try FITSTableReader(address, suits: suits) },
    create: { try FITSTableWriter($0, columns: $1, metadata: $2) })
}

extension Metadata {
  /// What a FITS table's header says of it, beside the comments that are a person's.
  init(_ table: BinaryTable, comments: [String]) {
    self.init(
      name: table.name, description: comments.joined(separator: "\n").trimmed.nonEmpty)
    frame = Self.frame(table.keywords)
    entries = table.keywords.filter { !Self.frameKeywords.contains($0.name) }
  }

  private static let frameKeywords: Set<String> = ["RADESYS", "EQUINOX", "EPOCH"]

  /// RADESYS and EQUINOX; an equinox alone is of FK4 before 1984 and of FK5 from then on, as the FITS
  /// standard has it for images.
  ///
  /// EPOCH is an equinox in files of before 1988, and in others the time of the observations: only what
  /// was in use as an equinox is taken for one.
  private static func frame(_ keywords: [Keyword]) -> String? {
    let year = { (name: String) in
      keywords.first { $0.name == name }.flatMap { keyword -> Double? in
        guard case .text(let text) = keyword.value else { return keyword.value.number }
        return Double(text.drop { $0.isLetter })
      }
    }
    let equinox = year("EQUINOX") ?? year("EPOCH").flatMap { [1950, 2000].contains($0) ? $0 : nil }
    guard case .text(let system) = keywords.first(where: { $0.name == "RADESYS" })?.value else {
      return equinox.map { "\($0 < 1984 ? "FK4" : "FK5") \($0)" }
    }
    return equinox.map { "\(system) \($0)" } ?? system
  }

  /// The keywords that hold the entries, the frame and the credits; those of no value are left out.
  var keywords: [Keyword] {
    let year = frameWords?.equinox.flatMap { Double($0.drop { $0.isLetter }) }
    let standard = [
      Keyword(
        "RADESYS", frameWords.map { .text($0.system) } ?? .null, description: "of the positions"),
      Keyword("EQUINOX", year.map { .real($0) } ?? .null, unit: "yr"),
      Keyword("JEPOCH", epoch.map { .real($0) } ?? .null, unit: "yr", description: "mean epoch"),
      // FITS has UTC without the letter that says so.
      text("DATE", date?.replacing("Z", with: ""), "UTC"),
      text("ORIGIN", origin, "what wrote it"), text("TITLE", credits.title, nil),
      text("AUTHOR", credits.authors, nil),
      text("REFERENC", credits.reference, "to be cited"),
      text("LICENSE", credits.licence, "under which it may be used"),
      text("COPYRGHT", credits.copyright, nil),
    ]
    return standard.filter { $0.value != .null } + entries
  }

  private func text(_ name: String, _ text: String?, _ description: String?) -> Keyword {
    Keyword(name, Value(text ?? ""), description: description)
  }
}
