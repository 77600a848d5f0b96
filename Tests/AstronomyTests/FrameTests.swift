import Astronomy
import Testing

/// The values are astropy's (5.2.1): `SkyCoord(lon, lat, frame=…).icrs`.
@Suite("Frames") struct FrameTests {
  @Test(arguments: [
    ("eq_FK4 B1950", 100.0, 20.0, (100.74010195217724, 19.94989817436498)),
    ("FK4 B1975", 150.0, -40.0, (150.26214275982355, -40.12074417849952)),
    ("FK5 J2000", 185.0, 55.0, (185.00000181796898, 55.000002036380856)),
    ("eq_FK5 J1975.0", 300.0, -70.0, (300.6497203390898, -69.92972823673925)),
    ("galactic", 120.0, 30.0, (234.04956362612722, 86.14319980004916)),
    ("ICRS", 10.0, -5.0, (10.0, -5.0)),
  ]) func positionsAgreeToAThousandthOfAnArcsecond(
    _ name: String, _ longitude: Double, _ latitude: Double, _ expected: (Double, Double)
  ) throws {
    let frame = try #require(CelestialFrame(named: name))
    let position = FrameConversion(frame).icrs(longitude, latitude)
    let away = position.separation(from: SkyPosition(ra: expected.0, dec: expected.1))
    #expect(away * 3600 < 0.001)
  }

  @Test(arguments: ["ecl_FK5", "supergalactic", "barycentric", "", "B1900x"])
  func otherFramesAreNotTakenForThese(name: String) {
    #expect(CelestialFrame(named: name) == nil)
  }
}

@Suite("UCDs") struct UCDTests {
  @Test func wordsAreComparedByMeaning() {
    let radio = UCD("phot.flux.density;em.radio.750-1500MHz")
    #expect(radio.isOf("phot.flux.density") && radio.has("em.radio") && radio.mayBeRadio)
    #expect(UCD("phot.flux.density;em.IR.3-4um").mayBeRadio == false)
    #expect(UCD("phot.flux.density").mayBeRadio)
    #expect(UCD("phys.angSize.smajAxis;em.radio;askap:meta.deconvolved").has("meta.deconvolved"))
    #expect(!UCD("stat.error;phot.flux.density").isOf("phot.flux.density"))
    #expect(!UCD("em.radiofoo").has("em.radio"))
  }
}

@Suite("Words of catalogues") struct WordTests {
  @Test(arguments: [
    ("1.25D-02", 0.0125), (" 5e3 ", 5000), ("\u{2212}2", -2), ("inf", nil), ("abc", nil),
    ("d", nil),
    ("--", nil), ("", nil),
  ]) func numbers(_ text: String, _ value: Double?) {
    #expect(Double(catalogue: text) == value)
  }

  @Test func designationsAreTruncated() {
    #expect(SkyPosition(ra: 10.5, dec: -3.25).designation == "J004200.00-031500.0")
    #expect(SkyPosition(ra: 188.73333333333332, dec: 0.0083).designation == "J123456.00+000029.8")
    #expect(SkyPosition(ra: 359.999999, dec: 89.99999).designation == "J235959.99+895959.9")
  }
}
