import Astronomy
import Testing

/// The values are astropy's (5.2.1): `Angle(text, unit)`.
@Suite("Angles in text") struct AngleTests {
  @Test(arguments: [
    ("10d41m04.0s", 10.684444444444445, AngleUnit.degrees),
    ("187d42m21s", 187.70583333333335, .degrees), ("12h34.5m", 188.625, .hours),
    ("12h", 180, .hours), ("00h42m44.3s", 10.684583333333333, .hours),
    ("10°41′04″", 10.684444444444445, .degrees), ("-10° 20' 30\"", -10.341666666666667, .degrees),
    ("12H 34M 56S", 188.73333333333332, .hours), ("10d41m04", 10.684444444444445, .degrees),
    ("12 h 34 m 56 s", 188.73333333333332, .hours),
  ]) func lettersSayWhatIsMeant(_ text: String, _ degrees: Double, _ unit: AngleUnit) throws {
    for usual in [AngleUnit.degrees, .hours] {
      let angle = try #require(Angle(text, number: usual, sexagesimal: usual))
      #expect(abs(angle.degrees - degrees) < 1e-11)
      #expect(angle.unit == unit)
    }
  }

  @Test(arguments: [
    ("12:34:60.00", 12.583333333333334), ("+10:60:00", 11), ("12 34.5", 12.575),
    ("-00 20 30", -0.3416666666666667), ("- 0 20 30", -0.3416666666666667),
    ("\u{2212}10:20:30", -10.341666666666667), ("  +10  20  30.0 ", 10.341666666666667),
    ("-10 20.5", -10.341666666666667), ("10:41", 10.683333333333334),
    ("12: 34: 56", 12.582222222222223),
  ]) func withoutLettersTheColumnSays(_ text: String, _ degrees: Double) throws {
    let angle = try #require(Angle(text))
    #expect(abs(angle.degrees - degrees) < 1e-11)
    #expect(angle.unit == nil && angle.isSexagesimal)
    let hours = try #require(Angle(text, sexagesimal: .hours))
    #expect(abs(hours.degrees - 15 * degrees) < 1e-10)
  }

  @Test(arguments: [
    ("187.5", 187.5), ("1.875D+02", 187.5), ("1.875e2", 187.5), (".5", 0.5), ("-12.", -12),
    ("\u{2212}0.25", -0.25), ("+05.30", 5.3),
  ]) func aSingleNumberIsPlain(_ text: String, _ degrees: Double) throws {
    let angle = try #require(Angle(text, sexagesimal: .hours))
    #expect(abs(angle.degrees - degrees) < 1e-12 && !angle.isSexagesimal)
    #expect(try abs(#require(Angle(text, number: .hours)).degrees - 15 * degrees) < 1e-11)
  }

  @Test(arguments: [
    "", "-", "abc", "12:61:00", "12:34:61", "12.5:30", "12h34.5m10s", "12m30s", "10:20:30:40",
    "12h34d", "nan", "12:34:", ":12", "12,5", "--10", "12 34 56 N", "1e", "10d 20 30 x",
  ]) func anythingElseIsNone(_ text: String) {
    #expect(Angle(text) == nil)
  }
}
