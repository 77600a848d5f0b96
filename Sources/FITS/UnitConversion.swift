internal import CWCS

/// Conversion between units as the FITS standard writes them, by WCSLIB.
public enum UnitConversion {
  /// The factor that turns a number in `unit` into one in `wanted`.
  ///
  /// Units are read leniently, as astropy does: `mJy/beam`, `MJY/BEAM`, `mJy beam-1`, `degree`.
  ///
  /// - Throws: `FITSError` where one is no unit, or they measure different things.
  public static func scale(from unit: String, to wanted: String) throws -> Double {
    var have = translated(unit)
    var want = translated(wanted)
    var scale = 0.0
    var offset = 0.0
    var power = 0.0
    guard wcsunits(&have, &want, &scale, &offset, &power) == 0, offset == 0, power == 1 else {
      throw FITSError(
        unit, "the unit cannot be turned into \(wanted)", advice: "Say which unit it is")
    }
    return scale
  }

  private static func translated(_ unit: String) -> [CChar] {
    var text = [CChar](repeating: 0, count: 80)
    for (index, character) in unit.utf8.prefix(71).enumerated() {
      text[index] = CChar(bitPattern: character)
    }
    wcsutrn(7, &text)
    return text
  }
}
