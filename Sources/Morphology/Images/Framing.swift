/// How far a view reaches around its source, by the source's size.
///
/// Angles are in arcsec; of an image whose pixel scale is not known, in its pixels.
public struct Framing: Codable, Sendable, Hashable {
  /// Sky shown, as a multiple of the source's extent (``SourceExtent``).
  public var sizeFactor: Double

  /// The least sky that is shown, so that a small source is seen to be small.
  public var least: Double

  /// The most sky that is shown.
  public var most: Double

  /// The sky shown of a source whose extent is not known.
  public var usual: Double

  /// The multiple where nobody says another; of 1.5 and 2 neither did better on FIRST, 1.5 on EMU.
  public static let usualSizeFactor = 1.5

  /// Chooses how far views reach.
  public init(sizeFactor: Double, least: Double, most: Double, usual: Double) {
    self.sizeFactor = sizeFactor
    self.least = least
    self.most = most
    self.usual = usual
  }

  /// The same without bounds: for images of which it is not known how angles and pixels compare.
  public var unbounded: Framing {
    Framing(sizeFactor: sizeFactor, least: 0, most: .greatestFiniteMagnitude, usual: usual)
  }

  /// The side of a view in pixels of its image, for a source's extent in pixels and arcsec a pixel.
  func pixels(extent: Double?, pixelScale: Double?) -> Double {
    let scale = pixelScale ?? 1
    guard let extent else { return usual / scale }
    return min(max(sizeFactor * extent, least / scale), most / scale)
  }
}
