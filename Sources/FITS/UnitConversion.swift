import Astronomy
internal import CWCS

/// Conversion between units as the FITS standard writes them, by WCSLIB.
public enum UnitConversion {
  /// The factor that turns a number in `unit` into one in `wanted`.
  ///
  /// Units are read as WCSLIB and astropy do, and more leniently in the names that radio
  /// catalogues use: `mJy/beam`, `Jy beam-1`, `JY/BEAM`, `Jansky`, `µJy`, `DEGREES`, `arcseconds`.
  /// An hour is a time, not an angle.
  ///
  /// - Returns: nil where one is no unit or could be two (`MJY` may be mJy or MJy, and `[mJy]` is a
  ///   logarithm as the CDS writes it), or where they measure different things.
  public static func scale(from unit: String, to wanted: String) -> Double? {
    if isAmbiguous(unit) || isAmbiguous(wanted) { return nil }
    // `0.1mJy`, which is no power of ten as `10-3Jy` is.
    if let match = unit.trimmed.firstMatch(of: /^([0-9.]+(?:[eE][+-]?[0-9]+)?) *([^0-9 .*^+-].*)$/),
      let count = Double(match.1), count > 0
    {
      return scale(from: String(match.2), to: wanted).map { count * $0 }
    }
    var have = translated(unit)
    var want = translated(wanted)
    var scale = 0.0
    var offset = 0.0
    var power = 0.0
    let status = wcsunits(&have, &want, &scale, &offset, &power)
    return status == 0 && offset == 0 && power == 1 ? scale : nil
  }

  /// Whether a text is the name of a unit, known or not: `mJy`, `Jy/PSF`, `h`.
  public static func isUnit(_ text: String) -> Bool {
    scale(from: text, to: text) != nil || text.lowercased().contains("jy")
  }

  private static func isAmbiguous(_ unit: String) -> Bool {
    let unit = unit.trimmed
    // Nobody writes the logarithm of a position: `[deg]` is degrees in brackets.
    let isLogarithm = unit.hasPrefix("[") && !unit.lowercased().hasPrefix("[deg")
    return isLogarithm || unit.split { !$0.isLetter }.contains("MJY")
  }

  private static func translated(_ unit: String) -> [CChar] {
    var text = [CChar](repeating: 0, count: 80)
    for (index, character) in spelled(unit).utf8.prefix(71).enumerated() {
      text[index] = CChar(bitPattern: character)
    }
    wcsutrn(7, &text)
    return text
  }

  /// A unit with its names in the standard's spelling.
  private static func spelled(_ unit: String) -> String {
    var text = ""
    var word = ""
    for character in unit.replacing(" per ", with: "/") + " " {
      if character.isLetter {
        word.append(character)
        continue
      }
      // A letter that elsewhere is a barn.
      text += word == "b" && text.contains("Jy") ? "beam" : standardName(word)
      word = ""
      switch character {
      case "{", "}": break
      case "\"", "″": text += "arcsec"
      case "'", "′": text += "arcmin"
      case "°": text += "deg"
      default: text.append(character)
      }
    }
    return String(text.dropLast())
  }

  /// The standard's name of a unit, or the word itself where it needs none.
  private static func standardName(_ word: String) -> String {
    switch word.lowercased() {
    case "jy", "jansky", "janskys", "janskies": "Jy"
    case "mjy" where word.first == "m", "millijy", "millijansky": "mJy"
    case "millijanskys", "millijanskies", "mjansky", "mjanskys": "mJy"
    case "ujy", "µjy", "μjy", "microjy", "microjansky", "microjanskys", "microjanskies": "uJy"
    case "njy": "nJy"
    case "beam", "beams", "bm": "beam"
    case "pixels": "pixel"
    case "deg", "degs", "degree", "degrees": "deg"
    case "arcmin", "arcmins", "arcminute", "arcminutes", "amin": "arcmin"
    case "arcsec", "arcsecs", "arcsecond", "arcseconds", "asec", "arcs": "arcsec"
    case "mas": "mas"
    case "hour", "hours", "hr", "hrs": "h"
    case "hz": "Hz"
    case "khz": "kHz"
    case "mhz" where word != "mHz": "MHz"
    case "ghz": "GHz"
    default: word
    }
  }
}
