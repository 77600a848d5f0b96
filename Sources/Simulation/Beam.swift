import Foundation

/// A round Gaussian restoring beam.
public struct Beam: Codable, Sendable, Hashable {
  /// Full width at half maximum, arcsec.
  public var width: Double

  /// A beam of a width in arcsec.
  public init(width: Double) { self.width = width }

  /// Standard deviation, arcsec.
  public var sigma: Double { width * sigmaPerWidth }

  /// Solid angle, arcsec²: what turns a sum of pixels in Jy/beam into Jy.
  public var solidAngle: Double { 2 * Double.pi * sigma * sigma }
}

/// The standard deviation of a Gaussian of unit full width at half maximum.
let sigmaPerWidth = 1 / (8 * log(2.0)).squareRoot()
