import Catalogue
import Morphology

/// How much of an image's middle is shown.
enum Zoom: Sendable, Hashable {
  /// As much as the source needs.
  case fitted
  /// 1 for all, 2 for the middle half, ….
  case times(Int)

  /// All, in the order in which a key goes through them.
  static let all = [fitted] + (1...4).map(times)

  /// The zoom as URLs write it.
  var name: String {
    switch self {
    case .fitted: "fit"
    case .times(let times): String(times)
    }
  }

  /// The zoom that URLs call so.
  init?(name: String) {
    guard let zoom = Self.all.first(where: { $0.name == name }) else { return nil }
    self = zoom
  }

  /// The zoom as a person reads it.
  var words: String {
    switch self {
    case .fitted: "source"
    case .times(let times): "\(times)×"
    }
  }

  /// The next in order; the first comes after the last.
  var next: Zoom {
    let place = Self.all.firstIndex(of: self) ?? 0
    return Self.all[(place + 1) % Self.all.count]
  }

  /// The sides of the shown part, in pixels of the image.
  func shown(of image: StoredCutout) -> (width: Double, height: Double) {
    let (width, height) = (Double(image.width), Double(image.height))
    switch self {
    case .times(let times): return (width / Double(times), height / Double(times))
    case .fitted:
      guard let extent = image.sourceExtent else { return (width, height) }
      let side = max(Self.leastPixels, Framing.usualSizeFactor * Double(extent))
      let part = min(1, side / min(width, height))
      return (width * part, height * part)
    }
  }

  /// Fewer pixels show blur alone.
  private static let leastPixels = 16.0
}
