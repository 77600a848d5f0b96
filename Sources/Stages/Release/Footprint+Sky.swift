import Astronomy
import Catalogue
import FITS
import PostgreSQL
import Tables

extension Footprint {
  /// Where the pixels of an image lie.
  struct Sky {
    /// Arcsec: the side of a pixel.
    var pixelScale: Double
    /// The position of a pixel counted from 0, its centre being whole; nil where the projection has no sky.
    var position: (_ x: Double, _ y: Double) -> SkyPosition?
  }

  /// Where its pixels lie, by its world coordinates or else about its source; nil where neither is known.
  var sky: Sky? {
    let keywords = wcs.flatMap { try? $0.decode(as: [String: Value].self) }
    if let keywords, let wcs = WCS(keywords: keywords, width: width, height: height) {
      return Sky(pixelScale: wcs.pixelScale) { wcs.sky(x: $0, y: $1) }
    }
    guard let scale = pixelScale.map({ Double($0) }), let centre = SkyPosition(ra: ra, dec: dec)
    else { return nil }
    let (east, north) = centre.directions
    return Sky(pixelScale: scale) { x, y in
      let right = (Double(width - 1) / 2 - x) * scale / 3600
      let up = (y - Double(height - 1) / 2) * scale / 3600
      return SkyPosition(centre.vector + east * right.radians + north * up.radians)
    }
  }

  /// Points of the image, its edges among them, no farther apart than `step` arcsec; none where its place
  /// is not known.
  func points(step: Double) -> [SkyPosition] {
    guard let sky else { return [] }
    func places(_ pixels: Int) -> [Double] {
      let parts = max(1, (Double(pixels) * sky.pixelScale / step).rounded(.up))
      return stride(from: 0, through: parts, by: 1).map { Double(pixels) * $0 / parts - 0.5 }
    }
    return places(height).flatMap { y in places(width).compactMap { sky.position($0, y) } }
  }
}
