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

  /// A round beam of a full width at half maximum, arcsec.
  public init(width: Double) { self.init(major: width, minor: width, angle: 0) }

  /// Whether a telescope could have it: between a microarcsecond and a hundred degrees wide.
  public var isPossible: Bool {
    let widths = 1e-6...3.6e5
    return widths.contains(major) && widths.contains(minor) && angle.magnitude <= 3600
  }

  /// Full width at half maximum of a round beam with the same area, arcsec.
  public var width: Double { (major * minor).squareRoot() }

  /// Standard deviation of a round beam with the same area, arcsec.
  public var sigma: Double { width * Self.sigmaPerWidth }

  /// Solid angle, arcsec²: what turns a sum of pixels in Jy/beam into Jy.
  public var solidAngle: Double { 2 * Double.pi * sigma * sigma }

  /// The standard deviation of a Gaussian of unit full width at half maximum: 1 / √(8 ln 2).
  public static let sigmaPerWidth = 0.42466090014400953
}

/// A round beam is stored as its width alone.
extension Beam: Codable {
  private enum CodingKeys: CodingKey { case width, major, minor, angle }

  /// Reads a width, or two axes and an angle.
  public init(from decoder: any Decoder) throws {
    let stored = try decoder.container(keyedBy: CodingKeys.self)
    if let width = try stored.decodeIfPresent(Double.self, forKey: .width) {
      self.init(width: width)
    } else {
      self.init(
        major: try stored.decode(Double.self, forKey: .major),
        minor: try stored.decode(Double.self, forKey: .minor),
        angle: try stored.decode(Double.self, forKey: .angle))
    }
  }

  /// Writes a width, or two axes and an angle.
  public func encode(to encoder: any Encoder) throws {
    var stored = encoder.container(keyedBy: CodingKeys.self)
    if major == minor { return try stored.encode(major, forKey: .width) }
    try stored.encode(major, forKey: .major)
    try stored.encode(minor, forKey: .minor)
    try stored.encode(angle, forKey: .angle)
  }
}
