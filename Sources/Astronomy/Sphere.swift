import Foundation

extension Double {
  /// The radians of an angle in degrees.
  public var radians: Double { self * .pi / 180 }

  /// The degrees of an angle in radians.
  public var degrees: Double { self * 180 / .pi }

  /// An angle in degrees brought to 0 ≤ angle < 360.
  public var wrapped: Double {
    let rest = truncatingRemainder(dividingBy: 360)
    let positive = rest < 0 ? rest + 360 : rest
    return positive == 360 ? 0 : positive
  }
}

/// Directions on a sphere as unit vectors: x towards longitude 0, y towards 90°, z to the north pole.
extension SIMD3<Double> {
  /// The unit vector of a direction in degrees.
  public init(longitude: Double, latitude: Double) {
    let (longitude, latitude) = (longitude.radians, latitude.radians)
    self.init(
      cos(latitude) * cos(longitude), cos(latitude) * sin(longitude), sin(latitude))
  }

  /// The longitude of a vector of any length, degrees, 0 ≤ longitude < 360.
  public var longitude: Double { atan2(y, x).degrees.wrapped }

  /// The latitude of a vector of any length, degrees.
  public var latitude: Double { atan2(z, (x * x + y * y).squareRoot()).degrees }

  /// The Euclidean length.
  public var length: Double { (self * self).sum().squareRoot() }

  /// The angle between two unit vectors, degrees.
  ///
  /// By the chord between them: exact for small angles, where the cosine is not.
  public func separation(from other: SIMD3<Double>) -> Double {
    2 * asin(Swift.min((self - other).length / 2, 1)).degrees
  }
}
