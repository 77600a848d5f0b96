import Astronomy
import Foundation

/// An elliptical Gaussian on the sky; everything the simulation draws is a sum of these.
///
/// A Gaussian seen with a Gaussian beam is a Gaussian whose covariance is the sum of both, so the
/// convolution is exact and costs nothing.
public struct Gaussian: Sendable, Hashable {
  /// Integrated flux density, in any unit; negative in the bowls of artefacts.
  public var flux: Double
  /// Centre, arcsec to the right (west) of the origin of the source.
  public var x: Double
  /// Centre, arcsec above (north of) it.
  public var y: Double
  /// Covariance, arcsec².
  var xx: Double
  var xy: Double
  var yy: Double

  /// A Gaussian of given full widths at half maximum.
  ///
  /// - Parameters:
  ///   - flux: Its integrated flux density.
  ///   - place: Its centre, arcsec.
  ///   - major: Full width along its axis, arcsec; 0 for a point.
  ///   - minor: Full width across, arcsec.
  ///   - angle: From the x axis to the major axis towards y, radians.
  public init(
    _ flux: Double, at place: Point, major: Double = 0, minor: Double = 0, angle: Double = 0
  ) {
    self.flux = flux
    x = place.x
    y = place.y
    let (long, across) = (major * Beam.sigmaPerWidth, minor * Beam.sigmaPerWidth)
    let (cosine, sine) = (cos(angle), sin(angle))
    xx = long * long * cosine * cosine + across * across * sine * sine
    yy = long * long * sine * sine + across * across * cosine * cosine
    xy = (long * long - across * across) * sine * cosine
  }

  /// The same with so many times the flux.
  func scaled(by factor: Double) -> Gaussian {
    var other = self
    other.flux *= factor
    return other
  }

  /// The Gaussian as a beam shows it.
  func convolved(with beam: Beam) -> Gaussian {
    var seen = self
    seen.xx += beam.sigma * beam.sigma
    seen.yy += beam.sigma * beam.sigma
    return seen
  }
}

/// A place in the plane of a source, arcsec west and north of its origin.
public struct Point: Sendable, Hashable {
  public var x: Double
  public var y: Double

  /// The origin, or any other place.
  public init(_ x: Double = 0, _ y: Double = 0) {
    self.x = x
    self.y = y
  }

  /// The place so far away in a direction, radians from the x axis towards y.
  func moved(_ distance: Double, towards angle: Double) -> Point {
    Point(x + distance * cos(angle), y + distance * sin(angle))
  }
}
