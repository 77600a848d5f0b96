import Astronomy
import Catalogue
import Foundation
import Markup
import PostgreSQL

/// What is drawn over a picture, in pixels of the image.
struct Overlay {
  private let image: StoredCutout
  private let observation: Survey.Observation
  /// The part of the image that is shown.
  private let (left, top, width, height): (Double, Double, Double, Double)

  /// Describes what is drawn where only the middle is shown.
  init(_ image: StoredCutout, of observation: Survey.Observation, zoom: Zoom) {
    (self.image, self.observation) = (image, observation)
    (width, height) = zoom.shown(of: image)
    (left, top) = ((Double(image.width) - width) / 2, (Double(image.height) - height) / 2)
  }

  /// Contours with their note, north and east, and where the scale of pixels is known a bar for the
  /// scale and the beam.
  func content(wcs: JSON?, showsContours: Bool) -> Content {
    let lines = showsContours ? Contours(image) : nil
    let orientation = Orientation(wcs: wcs)
    let scale = (image.pixelScale ?? observation.pixelScale).map(Double.init)
    return [
      "viewBox": "\(left) \(top) \(width) \(height)", "letters": letters,
      "contours": lines?.paths ?? [], "contourNote": lines.map(note),
      "north": arrow(orientation.north), "east": arrow(orientation.east),
      "scaleBar": scale.map(scaleBar), "beam": scale.flatMap { beam($0, orientation) },
    ]
  }

  /// The size of letters.
  private var letters: Double { width / 24 }

  /// A place by its parts of the width and height.
  private func place(_ x: Double, _ y: Double) -> (x: Double, y: Double) {
    (left + width * x, top + height * y)
  }

  private func note(_ lines: Contours) -> String {
    guard let last = lines.levels.indices.last else { return "no contour: nothing reaches 3σ" }
    return "contours at 3σ × 1, 2, 4, … \(1 << last), σ = "
      + formatted(Double(SkyLevel(image.values).deviation))
  }

  private func arrow(_ direction: (x: Double, y: Double)) -> Content {
    let (pivot, length) = (place(0.87, 0.16), width / 11)
    let tip = (x: pivot.x + direction.x * length, y: pivot.y + direction.y * length)
    return [
      "x1": pivot.x, "y1": pivot.y, "x2": tip.x, "y2": tip.y,
      "textX": tip.x + direction.x * length * 0.4, "textY": tip.y + direction.y * length * 0.4,
    ]
  }

  /// A bar of a round number of arcsec, at most a quarter of the width.
  private func scaleBar(_ pixelScale: Double) -> Content {
    let most = width * pixelScale / 4
    let seconds =
      [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600].last { $0 <= most } ?? most
    let (end, length) = (place(0.95, 0.95), seconds / pixelScale)
    return [
      "x1": end.x - length, "x2": end.x, "y": end.y, "textX": end.x - length / 2,
      "textY": end.y - letters * 0.5,
      "text": seconds < 60 ? "\(formatted(seconds))″" : "\(formatted(seconds / 60))′",
    ]
  }

  /// The survey's beam; `nil` where it is not known.
  private func beam(_ pixelScale: Double, _ orientation: Orientation) -> Content? {
    guard let major = observation.beamMajor else { return nil }
    let (middle, minor) = (place(0.07, 0.93), Double(observation.beamMinor ?? major))
    let axis = orientation.direction(at: Double(observation.beamAngle ?? 0))
    return [
      "x": middle.x, "y": middle.y, "rx": minor / pixelScale / 2,
      "ry": Double(major) / pixelScale / 2, "angle": atan2(axis.x, -axis.y).degrees,
    ]
  }
}
