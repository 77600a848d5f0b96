public import Astronomy
import Foundation

/// How the sphere is drawn on a plane that touches it (Calabretta & Greisen 2002, A&A 395, 1077).
public enum Projection: String, Codable, Sendable, Hashable, CaseIterable {
  /// From the sphere's centre.
  case tangent = "TAN"
  /// From infinitely far away, as LoTSS mosaics are.
  case sine = "SIN"

  /// The place on the sphere of a place on the plane.
  ///
  /// - Parameters:
  ///   - east: Degrees east of the point of contact, on the plane.
  ///   - north: Degrees north of it.
  ///   - centre: The point of contact.
  /// - Returns: The place; right ascension is in `0..<360`.
  public func position(east: Double, north: Double, around centre: SkyPosition) -> SkyPosition {
    let degree = Double.pi / 180
    let (x, y) = (east * degree, north * degree)
    // The direction as a vector: along the centre, to its east, to its north.
    let square = x * x + y * y
    let scale = self == .tangent ? 1 / (1 + square).squareRoot() : 1
    let forth = self == .tangent ? scale : (1 - square).squareRoot()
    let (right, up) = (x * scale, y * scale)
    let (cosine, sine) = (cos(centre.dec * degree), sin(centre.dec * degree))
    let ra = centre.ra + atan2(right, forth * cosine - up * sine) / degree
    let dec = asin(min(max(forth * sine + up * cosine, -1), 1)) / degree
    return SkyPosition(ra: ra.wrapped, dec: dec)
  }
}
