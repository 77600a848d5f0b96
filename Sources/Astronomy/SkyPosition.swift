import Foundation

/// A direction on the sky, ICRS.
public struct SkyPosition: Codable, Sendable, Hashable {
  /// Right ascension, degrees, 0 ≤ ra < 360.
  public var ra: Double
  /// Declination, degrees, −90 ≤ dec ≤ 90.
  public var dec: Double

  /// A direction of a right ascension and declination in degrees.
  public init(ra: Double, dec: Double) {
    self.ra = ra
    self.dec = dec
  }

  /// A direction where both coordinates are known, nil where one is missing.
  public init?(ra: Double?, dec: Double?) {
    guard let ra, let dec else { return nil }
    self.init(ra: ra, dec: dec)
  }

  /// The unit vector towards it.
  public var vector: SIMD3<Double> { SIMD3(longitude: ra, latitude: dec) }

  /// The angle to another position along the great circle, degrees, 0 to 180.
  public func separation(from other: SkyPosition) -> Double {
    vector.separation(from: other.vector)
  }

  /// The meridians between which all lies that is within a radius, degrees, which may begin below 0 or
  /// end beyond 360; all of them where a pole is among it.
  public func meridians(within radius: Double) -> (low: Double, high: Double) {
    guard abs(dec) + radius < 90 else { return (0, 360) }
    let ratio = sin(radius.radians) / cos(dec.radians)
    let half = asin(min(1, ratio)).degrees + 1e-9
    return (ra - half, ra + half)
  }
}

extension SkyPosition {
  /// The direction of a vector of any length.
  public init(_ vector: SIMD3<Double>) {
    self.init(ra: vector.longitude, dec: vector.latitude)
  }

  /// Unit vectors from the position to the east and to the north.
  public var directions: (east: SIMD3<Double>, north: SIMD3<Double>) {
    let (ra, dec) = (ra.radians, dec.radians)
    return (
      [-sin(ra), cos(ra), 0], [-sin(dec) * cos(ra), -sin(dec) * sin(ra), cos(dec)]
    )
  }
}
