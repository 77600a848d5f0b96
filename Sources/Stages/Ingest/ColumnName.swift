import Astronomy
import FITS

/// What a column's name says: what the column is, and often its unit, in brackets or behind a
/// separator (`Flux (mJy)`, `S_int[Jy/beam]`, `Maj_arcsec`, `Flux/mJy`).
struct ColumnName {
  /// The name in lower case, without separators and without its unit.
  let plain: String

  /// The unit, as ``UnitConversion`` and ``AngleColumns`` know it; nil where the name says none.
  let unit: String?

  init(_ name: String) {
    let name = name.trimmed
    let (rest, unit) = Self.bracketed(name) ?? Self.suffixed(name) ?? (name[...], nil)
    self.unit = unit
    plain = rest.lowercased().filter { $0.isLetter || $0.isNumber }
  }

  /// The name before brackets in which a unit stands.
  private static func bracketed(_ name: String) -> (Substring, String?)? {
    guard let last = name.last, ")]}".contains(last),
      let open = name.lastIndex(where: { "([{".contains($0) }), open > name.startIndex
    else { return nil }
    let text = name[name.index(after: open)...].dropLast().trimmed
    let isFrame = text.contains(/[12][0-9]{3}/)
    let isUnit = text.contains(where: \.isLetter) && !isFrame && UnitConversion.isUnit(text)
    return (word(text, in: name) ?? (isUnit ? text : nil)).map { (name[..<open], $0) }
  }

  /// The name before a separator and a unit.
  private static func suffixed(_ name: String) -> (Substring, String?)? {
    let separators = "_ ,/."
    if let place = name.lastIndex(where: separators.contains), place > name.startIndex,
      let unit = word(String(name[name.index(after: place)...]), in: name)
    {
      return (name[..<place], unit)
    }
    guard ["beam", "bm"].contains(where: name.lowercased().hasSuffix),
      let match = name.lowercased().wholeMatch(
        of: /(.+)[_ ,\/.]+([munµμ]?jy)[_ \/.]*(?:per[_ ]?)?(?:beam|bm)/),
      let unit = words[String(match.2)]
    else { return nil }
    return (name.prefix(match.1.count), unit + "/beam")
  }

  /// The unit that a word at the end of a name is; `MJy` is what it says, where the rest is not in capitals too.
  private static func word(_ text: String, in name: String) -> String? {
    text.hasPrefix("MJ") && name != name.uppercased() ? text : words[text.lowercased()]
  }

  /// The units that names are known to end with, by what is written.
  private static let words = [
    "deg": "deg", "degree": "deg", "degrees": "deg", "rad": "rad", "radian": "rad",
    "radians": "rad", "arcmin": "arcmin", "arcsec": "arcsec", "h": "h", "hr": "h", "hrs": "h",
    "hour": "h", "hours": "h", "hms": "hms", "dms": "dms", "jy": "Jy", "mjy": "mJy", "ujy": "uJy",
    "µjy": "uJy", "μjy": "uJy",
  ]
}
