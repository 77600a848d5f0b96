import Catalogue
import PostgreSQL

/// What is drawn over a picture, in pixels of the image.
struct Overlay {
  var viewBox: String
  var contours: [String]
  var contourNote: String?
  var scaleBar: ScaleBar?
  var beam: Beam?
  var north: Arrow
  var east: Arrow
  /// The size of letters.
  var letters: Double

  struct ScaleBar {
    var x1: Double
    var x2: Double
    var y: Double
    var textX: Double
    var textY: Double
    var text: String
  }

  struct Beam {
    var x: Double
    var y: Double
    var rx: Double
    var ry: Double
    var angle: Double
  }

  struct Arrow {
    var x1: Double
    var y1: Double
    var x2: Double
    var y2: Double
    var textX: Double
    var textY: Double
  }

  init(
    _ image: StoredCutout, wcs: JSON?, beam: Survey.Observation, zoom: Int, showsContours: Bool
  ) {
    let (width, height) = (Double(image.width) / Double(zoom), Double(image.height) / Double(zoom))
    let (left, top) = ((Double(image.width) - width) / 2, (Double(image.height) - height) / 2)
    let place = { (x: Double, y: Double) in (left + width * x, top + height * y) }
    viewBox = "\(left) \(top) \(width) \(height)"
    letters = width / 24
    let lines = showsContours ? Contours(image) : nil
    contours = lines?.paths ?? []
    contourNote = lines.map { Self.note($0, on: image) }
    let orientation = Orientation(wcs: wcs)
    north = Self.arrow(place(0.87, 0.16), orientation.north, width / 11)
    east = Self.arrow(place(0.87, 0.16), orientation.east, width / 11)
    guard let scale = (image.pixelScale ?? beam.pixelScale).map(Double.init) else { return }
    scaleBar = ScaleBar(
      end: place(0.95, 0.95), seconds: Self.round(width * scale / 4), pixelScale: scale,
      letters: letters)
    self.beam = Beam(beam, at: place(0.07, 0.93), pixelScale: scale)
  }

  private static func note(_ lines: Contours, on image: StoredCutout) -> String {
    guard let last = lines.levels.indices.last else { return "no contour: nothing reaches 3σ" }
    return "contours at 3σ × 1, 2, 4, … \(1 << last), σ = "
      + formatted(Double(SkyLevel(image.values).deviation))
  }

  private static func arrow(
    _ pivot: (Double, Double), _ direction: (x: Double, y: Double), _ length: Double
  ) -> Arrow {
    let tip = (pivot.0 + direction.x * length, pivot.1 + direction.y * length)
    return Arrow(
      x1: pivot.0, y1: pivot.1, x2: tip.0, y2: tip.1,
      textX: tip.0 + direction.x * length * 0.4, textY: tip.1 + direction.y * length * 0.4)
  }

  /// The largest of 1, 2, 5 times a power of ten that is not above a length in arcsec; whole
  /// minutes from a minute on.
  private static func round(_ seconds: Double) -> Double {
    [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600].last { $0 <= seconds } ?? seconds
  }
}

extension Overlay.ScaleBar {
  /// A bar of so many arcsec that ends at a place.
  fileprivate init(end: (Double, Double), seconds: Double, pixelScale: Double, letters: Double) {
    let length = seconds / pixelScale
    self.init(
      x1: end.0 - length, x2: end.0, y: end.1, textX: end.0 - length / 2,
      textY: end.1 - letters * 0.5,
      text: seconds < 60 ? "\(formatted(seconds))″" : "\(formatted(seconds / 60))′")
  }
}

extension Overlay.Beam {
  /// A survey's beam about a place; `nil` where it is not known.
  fileprivate init?(
    _ survey: Survey.Observation, at place: (Double, Double), pixelScale: Double
  ) {
    guard let major = survey.beamMajor else { return nil }
    let minor = Double(survey.beamMinor ?? major)
    self.init(
      x: place.0, y: place.1, rx: minor / pixelScale / 2, ry: Double(major) / pixelScale / 2,
      angle: -Double(survey.beamAngle ?? 0))
  }
}
