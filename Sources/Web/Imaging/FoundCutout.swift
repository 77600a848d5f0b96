import Astronomy
import Catalogue
import FITS

/// The part of a stored image that shows a square of the sky.
struct FoundCutout: Sendable {
  /// The image.
  let image: PlacedCutout

  /// The image's world coordinates.
  let wcs: WCS

  /// The columns and rows of it that the square touches, counted from 0.
  let columns, rows: Range<Int>

  /// Whether the image reaches as far as the square does.
  let isWhole: Bool

  /// How much of the square the part shows, square arcsec; all of it is more than any part.
  var area: Double {
    isWhole
      ? .infinity : Double(columns.count * rows.count) * wcs.pixelSides.x * wcs.pixelSides.y
  }

  /// Cuts a square about a position out of an image, as far as the image reaches; `nil` where it does not
  /// show the position.
  ///
  /// The side is in degrees, or `nil` for the whole image.
  init?(_ image: PlacedCutout, about centre: SkyPosition, side: Double?) {
    guard let wcs = WCS(keywords: image.keywords, width: image.width, height: image.height),
      let middle = wcs.pixel(of: centre),
      let columns = Self.pixels(
        about: middle.x, side: side.map { $0 * 3600 / wcs.pixelSides.x }, of: image.width),
      let rows = Self.pixels(
        about: middle.y, side: side.map { $0 * 3600 / wcs.pixelSides.y }, of: image.height)
    else { return nil }
    (self.image, self.wcs, self.columns, self.rows) = (image, wcs, columns.part, rows.part)
    isWhole = columns.isWhole && rows.isWhole
  }

  /// The pixels along an axis that a stretch touches, `side` pixels long, and whether it lies all on the image;
  /// `nil` where its middle is beyond the image.
  private static func pixels(
    about middle: Double, side: Double?, of count: Int
  ) -> (part: Range<Int>, isWhole: Bool)? {
    let inside = -0.5..<Double(count) - 0.5
    guard inside.contains(middle) else { return nil }
    guard let side else { return (0..<count, true) }
    let (first, last) = ((middle - side / 2).rounded(), (middle + side / 2).rounded())
    let part = max(0, first)...max(max(0, first), min(Double(count - 1), last))
    return (
      Int(part.lowerBound)..<Int(part.upperBound) + 1, first >= 0 && last <= Double(count - 1)
    )
  }

  /// The keywords of the part: its world coordinates, and what else is known of the image's pixels.
  var keywords: [Keyword] {
    let others = ["BUNIT", "BMAJ", "BMIN", "BPA"].compactMap { name in
      image.keywords[name].map { Keyword(name, $0) }
    }
    return wcs.keywords(from: columns.lowerBound, rows.lowerBound) + others
      + [Keyword("OBJECT", .text(image.source), description: "the source that the image is of")]
  }

  /// The part, of the image with its pixels.
  func part(of stored: StoredCutout) -> StoredCutout {
    var part = stored
    (part.width, part.height) = (columns.count, rows.count)
    part.values = rows.flatMap { row in
      stored.values[
        row * stored.width + columns.lowerBound..<row * stored.width + columns.upperBound]
    }
    return part
  }
}
