import Astronomy
import FITS
import Testing

/// Factors against astropy.units (tools/oracles/units.py).
@Suite struct UnitConversionTests {
  @Test(arguments: [
    ("mJy/beam", "Jy/beam", 0.001),
    ("Jy beam-1", "mJy/beam", 1000.0),
    ("Jy / beam", "Jy/beam", 1.0),
    ("mJy beam-1", "Jy beam-1", 0.001),
    ("Jy beam^-1", "Jy/beam", 1.0),
    ("uJy/beam", "mJy/beam", 0.001),
    ("uJy", "Jy", 1e-06),
    ("µJy", "mJy", 0.001),
    ("MJy", "Jy", 1000000.0),
    ("Jansky", "mJy", 1000.0),
    ("10**-3 Jy", "Jy", 0.001),
    ("W m-2 Hz-1", "Jy", 9.999999999999999e+25),
    ("mJy.km/s", "Jy km s-1", 0.001),
    ("deg", "arcsec", 3600.0),
    ("degree", "deg", 1.0),
    ("arcmin", "deg", 0.016666666666666666),
    ("arcsec", "deg", 0.0002777777777777778),
    ("mas", "arcsec", 0.001),
    ("rad", "deg", 57.29577951308232),
    ("arcsecond", "arcmin", 0.016666666666666666),
    ("hour", "s", 3600.0),
    ("h", "min", 60.0),
    ("hr", "d", 0.041666666666666664),
    ("yr", "d", 365.25),
    ("Hz", "GHz", 1e-09),
    ("kHz", "MHz", 0.001),
    ("GHz", "Hz", 1000000000.0),
    ("THz", "MHz", 1000000.0),
    ("mHz", "Hz", 0.001),
    ("km/s", "m/s", 1000.0),
    ("erg s-1 cm-2", "W/m2", 0.001),
    ("mK", "K", 0.001),
    ("Jy", "Jy", 1.0),
  ])
  func agreesWithAstropy(unit: String, wanted: String, factor: Double) throws {
    let scale = try #require(UnitConversion.scale(from: unit, to: wanted))
    #expect(abs(scale / factor - 1) < 1e-12)
  }

  /// Spellings of catalogues and old headers that astropy refuses.
  @Test(arguments: [
    ("JY/BEAM", "Jy beam-1"), ("jy/beam", "Jy/beam"), ("Jy/Beam", "Jy/beam"), ("JY", "Jy"),
    ("Jy/b", "Jy/beam"), ("mJy/b", "mJy/beam"), ("Jy/bm", "Jy/beam"), ("JY/BM", "Jy/beam"),
    ("Jy.beam-1", "Jy/beam"), ("Jy.beam**-1", "Jy/beam"), ("Jy beam^-1", "Jy/beam"),
    ("Jy*beam^-1", "Jy/beam"), ("beam-1 Jy", "Jy/beam"), ("uJy beam-1", "uJy/beam"),
    ("Jy b-1", "Jy/beam"), ("JY BEAM-1", "Jy/beam"), ("mJy/beam ", "mJy/beam"),
    ("mjy/bm", "mJy/beam"), ("mJY/BEAM", "mJy/beam"), ("mJy beam^{-1}", "mJy/beam"),
    ("microJy", "uJy"), ("degrees", "deg"), ("DEGREES", "deg"), ("Deg", "deg"),
    ("arcminutes", "arcmin"), ("ARCSEC", "arcsec"), ("arcseconds", "arcsec"), ("\"", "arcsec"),
    ("'", "arcmin"), ("hours", "h"), ("HOUR", "h"), ("MHZ", "MHz"), ("mhz", "MHz"), ("HZ", "Hz"),
    ("days", "d"), ("sec", "s"), ("arcsec/pixels", "arcsec/pixel"), ("0.001Jy", "mJy"),
    ("1e-3 Jy", "mJy"), ("10-3Jy", "mJy"), ("mJansky", "mJy"), ("mJy per beam", "mJy/beam"),
    ("asec", "arcsec"), ("°", "deg"), ("[deg]", "deg"),
  ])
  func isLenient(unit: String, meant: String) throws {
    #expect(UnitConversion.scale(from: unit, to: meant) == 1)
  }

  @Test(arguments: [
    ("Jy", "Jy/beam"), ("mJy", "deg"), ("hour", "deg"), ("furlong", "m"), ("Jy", ""), ("", "Jy"),
    ("b", "beam"), ("MJY/b", "Jy/beam"), ("MJY/BEAM", "Jy/beam"), ("Jy/beam", "MJY/BEAM"),
    ("Jy2", "Jy"), ("(((", "Jy"), ("[mJy]", "Jy"), ("log(mJy)", "Jy"), ("-3Jy", "Jy"),
    (String(repeating: "Jy", count: 100), "Jy"),
  ])
  func refuses(unit: String, wanted: String) {
    #expect(UnitConversion.scale(from: unit, to: wanted) == nil)
  }
}
