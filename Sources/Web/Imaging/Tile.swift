import Catalogue
import Foundation
import Morphology
import Tensor

/// An image brought to the pixels of a picture.
struct Tile {
  /// Columns.
  let width: Int

  /// Rows.
  let height: Int

  /// Brightness in the image's own unit, rows from the top; not finite beyond the image's edge.
  let values: [Float]

  /// The sky of the whole image.
  let sky: SkyLevel

  /// Pixels of the picture for one of the image.
  let scale: Double

  /// Arcsec a pixel of the image, where it is known.
  let pixelScale: Float?

  private let ceiling: Float

  private let orientation: Orientation

  /// Takes what a zoom shows of an image.
  init(_ image: StoredCutout, zoom: Zoom, width: Int, height: Int) {
    let frame = Frame(image, zoom: zoom)
    (self.width, self.height) = (width, height)
    (sky, ceiling) = (SkyLevel(image.values), frame.ceiling)
    scale = Double(width) / Double(frame.width)
    pixelScale = image.pixelScale
    orientation = Orientation(wcs: image.wcs)
    values = (0..<height).flatMap { row in
      (0..<width).map { frame.value(row, $0, of: width, height) }
    }
  }

  /// Steps of brightness.
  ///
  /// The sky's level, less one standard deviation of the noise, is black. White is what one shown pixel in a
  /// thousand exceeds, so that one hot pixel darkens nothing, and 5 standard deviations above the sky at least, so
  /// that noise alone stays dark. What the image does not show is hatched.
  func steps(_ curve: Stretch) -> [UInt8] {
    let floor = sky.median - sky.deviation
    let peak = max(ceiling, sky.median + 5 * sky.deviation) - floor
    var shown = Tensor(
      shape: [height, width], values: values.map { $0.isFinite ? $0 - floor : 0 })
    curve.apply(to: &shown, floor: 0, peak: peak > 0 ? peak : 1)
    return values.indices.map { place in
      guard values[place].isFinite else { return hatch(place / width, place % width) }
      return UInt8(max(0, min(255, (shown.values[place] * 255).rounded())))
    }
  }

  /// Stripes that no sky has.
  private func hatch(_ row: Int, _ column: Int) -> UInt8 { (row + column) % 8 < 2 ? 96 : 24 }

  /// The pixels at which brightness rises to the sky's level plus 3, 6, 12, … times the noise; in small pictures,
  /// where those would fill each other's gaps, 3, 12, 48, ….
  var contours: [Int] {
    let factor: Float = width < 200 ? 4 : 2
    let levels = sequence(first: Float(3)) { $0 * factor }.prefix(9).map {
      sky.median + $0 * sky.deviation
    }
    guard sky.deviation > 0 else { return [] }
    let bands = values.map { value in
      value.isFinite ? levels.count { value >= $0 } : -1
    }
    return values.indices.filter { place in
      let (row, column) = (place / width, place % width)
      let beside = [
        column > 0 ? place - 1 : place, column < width - 1 ? place + 1 : place,
        row > 0 ? place - width : place, row < height - 1 ? place + width : place,
      ]
      return beside.contains { bands[$0] >= 0 && bands[$0] < bands[place] }
    }
  }

  /// The pixels of the beam's outline, in the upper left corner, where no caption stands; none where beam or scale are not known.
  func beam(of observation: Survey.Observation) -> [Int] {
    guard let size = observation.beamMajor, let pixelScale, pixelScale > 0 else { return [] }
    let half = Double(size) / Double(pixelScale) * scale / 2
    let other = Double(observation.beamMinor ?? size) / Double(pixelScale) * scale / 2
    guard half >= 1, half < Double(width) / 3 else { return [] }
    let angle = Double(observation.beamAngle ?? 0)
    let (major, minor) = (orientation.direction(at: angle), orientation.direction(at: angle + 90))
    let middle = (x: half + 3, y: half + 3)
    let steps = max(16, Int(8 * half))
    let places = (0..<steps).map { step -> Int in
      let turn = 2 * Double.pi * Double(step) / Double(steps)
      let (along, across) = (half * cos(turn), other * sin(turn))
      let x = middle.x + along * major.x + across * minor.x
      let y = middle.y + along * major.y + across * minor.y
      return min(height - 1, max(0, Int(y))) * width + min(width - 1, max(0, Int(x)))
    }
    return Array(Set(places))
  }
}
