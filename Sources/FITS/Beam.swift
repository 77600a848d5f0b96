/// The restoring beam of an image, a Gaussian.
public struct Beam: Sendable, Hashable {
  /// Full width at half maximum along the longer axis, in arcsec.
  public var major: Double
  /// Full width at half maximum along the shorter axis, in arcsec.
  public var minor: Double
  /// Position angle of the longer axis, in degrees from north through east.
  public var angle: Double

  /// Describes a beam.
  public init(major: Double, minor: Double, angle: Double) {
    self.major = major
    self.minor = minor
    self.angle = angle
  }

  /// A beam in the degrees of a header, or nil where it has no width.
  init?(degrees major: Double?, _ minor: Double?, angle: Double?) {
    guard let major, major > 0, major.isFinite else { return nil }
    let minor = minor.flatMap { $0 > 0 && $0.isFinite ? $0 : nil } ?? major
    self.init(major: major * 3600, minor: minor * 3600, angle: angle ?? 0)
  }

  /// The beam that AIPS notes in a card: `HISTORY AIPS   CLEAN BMAJ=  1.5E-03 BMIN= … BPA= …`.
  init?(history card: String) {
    guard card.hasPrefix("HISTORY"), card.contains("CLEAN BMAJ=") else { return nil }
    let words = card.replacing("=", with: "= ").split(separator: " ")
    func number(_ key: String) -> Double? {
      guard let place = words.firstIndex(of: Substring(key)), place + 1 < words.count else {
        return nil
      }
      return Double(words[place + 1])
    }
    self.init(degrees: number("BMAJ="), number("BMIN="), angle: number("BPA="))
  }
}
