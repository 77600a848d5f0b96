import Astronomy
import FITS

/// How an image whose pixels are not square is given square ones: more of them along the axis where
/// they are wider, with values between those of their neighbours.
///
/// Views turn images by any angle, so that pixels must measure the same both ways.
struct SquarePixels: Sendable {
  /// How many times as many columns and rows there are, 1 along one axis.
  let factors: (x: Double, y: Double)
  /// Columns of square pixels.
  let width: Int
  /// Rows of square pixels.
  let height: Int
  let wcs: WCS

  /// What should be said of the image.
  let note: String

  /// Gives none for pixels that are square to 2%, as those of most projections are not quite.
  init?(_ image: FITSImage) {
    guard let wcs = image.wcs else { return nil }
    let sides = wcs.pixelSides
    let side = min(sides.x, sides.y)
    guard side > 0, max(sides.x, sides.y) > 1.02 * side else { return nil }
    factors = (sides.x / side, sides.y / side)
    width = Int((Double(image.width) * factors.x).rounded())
    height = Int((Double(image.height) * factors.y).rounded())
    guard let stretched = wcs.stretched(by: factors, width: width, height: height) else {
      return nil
    }
    self.wcs = stretched
    note = """
      its pixels are not square, \(sides.x.inHundredths) × \(sides.y.inHundredths)″: cutouts have square \
      ones of \(side.inHundredths)″, interpolated
      """
  }

  /// The square pixels of a rectangle, NaN beyond the image.
  func cutout(
    of image: FITSImage, columns: Range<Int>, rows: Range<Int>
  ) throws -> ImagePixels {
    let across = columns.map { Place($0, factors.x, of: image.width) }
    let up = rows.map { Place($0, factors.y, of: image.height) }
    var values = [Float](repeating: .nan, count: columns.count * rows.count)
    let inside = across.count { $0 != nil } * up.count { $0 != nil }
    if let left = Place.range(across), let low = Place.range(up) {
      let pixels = try image.cutout(columns: left, rows: low).floats()
      for (row, y) in up.enumerated() {
        for (column, x) in across.enumerated() {
          guard let x, let y else { continue }
          func pixel(_ x: Int, _ y: Int) -> Float {
            pixels[(y - low.lowerBound) * left.count + x - left.lowerBound]
          }
          values[row * columns.count + column] = y.between(
            x.between(pixel(x.first, y.first), pixel(x.second, y.first)),
            x.between(pixel(x.first, y.second), pixel(x.second, y.second)))
        }
      }
    }
    return ImagePixels(
      width: columns.count, height: rows.count, values: values,
      offImage: values.count - inside)
  }

  /// Where a square pixel lies along an axis of the image: between two of its pixels.
  private struct Place {
    let first: Int
    let second: Int
    private let share: Float

    /// nil beyond the image.
    init?(_ pixel: Int, _ factor: Double, of length: Int) {
      let place = (Double(pixel) + 0.5) / factor - 0.5
      guard place >= -0.5, place <= Double(length) - 0.5 else { return nil }
      let inside = min(max(place, 0), Double(length - 1))
      first = Int(inside)
      share = Float(inside - Double(first))
      second = share > 0 ? first + 1 : first
    }

    static func range(_ places: [Place?]) -> Range<Int>? {
      let inside = places.compactMap(\.self)
      guard let first = inside.first, let last = inside.last else { return nil }
      return first.first..<last.second + 1
    }

    /// The value at the place; one that is no number does not reach beyond its own pixel.
    func between(_ first: Float, _ second: Float) -> Float {
      share == 0 ? first : first + (second - first) * share
    }
  }
}

extension Double {
  fileprivate var inHundredths: Double { (self * 100).rounded() / 100 }
}
