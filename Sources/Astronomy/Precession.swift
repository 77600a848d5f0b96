import Foundation

extension Rotation {
  /// ICRS to the mean equator and equinox of J2000.0 (USNO Circular 179).
  static let icrsToFK5 =
    x(19.9 / 3_600_000) * y(9.1 / 3_600_000) * z(-22.9 / 3_600_000)

  /// FK5 of J2000.0 to galactic coordinates: those of 1958, defined in B1950, carried to J2000.
  static let fk5ToGalactic =
    z(180 - 122.9319185680026) * y(90 - 27.12825118085622) * z(192.8594812065348)

  /// FK4 of B1950.0 without E-terms to FK5 of J2000.0, for a source without proper motion that
  /// was observed in a Julian year (Murray 1989, A&A 218, 325, equations 28 and 29).
  static func fk4ToFK5(epoch: Double) -> Rotation {
    let base = Rotation(
      [0.9999256794956877, -0.0111814832204662, -0.0048590038153592],
      [0.0111814832391717, 0.9999374848933135, -0.0000271625947142],
      [0.0048590037723143, -0.0000271702937440, 0.9999881946023742])
    let rate = Rotation(
      [-0.0026455262e-6, -1.1539918689e-6, 2.1111346190e-6],
      [1.1540628161e-6, -0.0129042997e-6, 0.0236021478e-6],
      [-2.1112979048e-6, -0.0056024448e-6, 0.0102587734e-6])
    return base + ((epoch - 1950) / 100) * rate
  }

  /// Newcomb's precession between Besselian years.
  static func precession(from old: Double, besselian new: Double) -> Rotation {
    let t = (old - 1850) / 1000
    let dt = (new - old) / 1000
    let common = (0.060 * t + 139.720) * t + 23035.545
    let zeta = ((17.995 * dt + 30.240 - 0.27 * t) * dt + common) * dt / 3600
    let z = ((18.325 * dt + 109.480 + 0.39 * t) * dt + common) * dt / 3600
    let first = (-0.37 * t - 85.29) * t + 20051.12
    let theta = ((-41.8 * dt - 0.37 * t - 42.65) * dt + first) * dt / 3600
    return .z(-z) * .y(theta) * .z(-zeta)
  }

  /// Precession from J2000.0 to a Julian year, without the frame bias.
  ///
  /// IAU 2006 by the Fukushima–Williams angles (Hilton and others 2006, Celest. Mech. Dyn. Astron.
  /// 94, 351).
  static func precession(julian year: Double) -> Rotation {
    fukushimaWilliams((year - 2000) / 100) * fukushimaWilliams(0).transposed
  }

  private static func fukushimaWilliams(_ t: Double) -> Rotation {
    func angle(_ terms: [Double]) -> Double { terms.reversed().reduce(0) { $0 * t + $1 } / 3600 }
    let gamma = angle(
      [-0.052928, 10.556378, 0.4932044, -0.00031238, -0.000002788, 0.0000000260])
    let phi = angle(
      [84381.412819, -46.811016, 0.0511268, 0.00053289, -0.000000440, -0.0000000176])
    let psi = angle(
      [-0.041775, 5038.481484, 1.5584175, -0.00018522, -0.000026452, -0.0000000148])
    let epsilon = angle(
      [84381.406, -46.836769, -0.0001831, 0.00200340, -0.000000576, -0.0000000434])
    return x(-epsilon) * z(-psi) * x(phi) * z(gamma)
  }
}

/// The Julian date of a Besselian year.
private func julianDate(besselian year: Double) -> Double {
  2_415_020.31352 + (year - 1900) * 365.242198781
}

/// The Julian year of a Besselian one.
func julianYear(besselian year: Double) -> Double {
  2000 + (julianDate(besselian: year) - 2_451_545) / 365.25
}

/// The E-terms of aberration, which FK4 positions of an equinox have (Seidelmann 1992,
/// Explanatory Supplement to the Astronomical Almanac).
func eTermsOfAberration(besselian equinox: Double) -> SIMD3<Double> {
  let t = (julianDate(besselian: equinox) - julianDate(besselian: 1950)) / 36525
  let eccentricity = (-0.000000126 * t - 0.00004193) * t + 0.01673011
  let size = 0.0056932.radians * eccentricity
  let perigee = ((((0.012 * t + 1.65) * t + 6190.67) * t + 1_015_489.951) / 3600).radians
  let century = (julianDate(besselian: equinox) - 2_451_545) / 36525
  let obliquity =
    (84381.448 + (-46.8150 + (-0.00059 + 0.001813 * century) * century) * century) / 3600
  return [
    size * sin(perigee), -size * cos(perigee) * cos(obliquity.radians),
    -size * cos(perigee) * sin(obliquity.radians),
  ]
}
