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

extension SkyPosition {
  /// An IAU-style designation, truncated as the IAU wants it: `J120000.00+300000.0`.
  public var designation: String {
    let seconds = Int(ra / 15 * 3600 * 100)
    let arc = Int(abs(dec) * 3600 * 10)
    let right = [seconds / 360_000, seconds / 6000 % 60].map(twoDigits).joined()
    let up = [arc / 36_000, arc / 600 % 60].map(twoDigits).joined()
    return "J\(right)\(twoDigits(seconds / 100 % 60)).\(twoDigits(seconds % 100))"
      + "\(dec < 0 ? "-" : "+")\(up)\(twoDigits(arc / 10 % 60)).\(arc % 10)"
  }
}

private func twoDigits(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
