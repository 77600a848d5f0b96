import Astronomy
import Catalogue
import Foundation
import PostgreSQL

/// Where north and east are in a picture.
struct Orientation {
  /// Unit vectors in the picture: x to the right, y downwards.
  let north: (x: Double, y: Double)
  let east: (x: Double, y: Double)

  /// Reads the linear part of the WCS (Greisen & Calabretta 2002): `CDi_j`, or `CDELTi` with
  /// `PCi_j` or `CROTA2`; north is up and east left where there is none.
  init(wcs: JSON?) {
    let keywords = (try? wcs?.decode(as: [String: Value].self)) ?? [:]
    let number = { (name: String) in keywords[name]?.number }
    let turn = (number("CROTA2") ?? 0).radians
    let delta = (number("CDELT1") ?? -1, number("CDELT2") ?? 1)
    let hasPC = keywords.keys.contains { $0.hasPrefix("PC") }
    let hasCD = keywords.keys.contains { $0.hasPrefix("CD1_") || $0.hasPrefix("CD2_") }
    let a = hasCD ? number("CD1_1") ?? 0 : delta.0 * (hasPC ? number("PC1_1") ?? 1 : cos(turn))
    let b =
      hasCD ? number("CD1_2") ?? 0 : hasPC ? delta.0 * (number("PC1_2") ?? 0) : -delta.1 * sin(turn)
    let c =
      hasCD ? number("CD2_1") ?? 0 : hasPC ? delta.1 * (number("PC2_1") ?? 0) : delta.0 * sin(turn)
    let d = hasCD ? number("CD2_2") ?? 0 : delta.1 * (hasPC ? number("PC2_2") ?? 1 : cos(turn))
    let determinant = a * d - b * c
    // The inverse of the matrix leads from the sky to pixels, whose y grows upwards.
    north = Self.unit(-b / determinant, a / determinant) ?? (0, -1)
    east = Self.unit(d / determinant, -c / determinant) ?? (-1, 0)
  }

  /// The unit vector at a position angle, degrees from north through east.
  func direction(at angle: Double) -> (x: Double, y: Double) {
    let (up, left) = (cos(angle.radians), sin(angle.radians))
    return (north.x * up + east.x * left, north.y * up + east.y * left)
  }

  private static func unit(_ x: Double, _ y: Double) -> (x: Double, y: Double)? {
    let length = (x * x + y * y).squareRoot()
    return length.isFinite && length > 0 ? (x / length, -y / length) : nil
  }
}
