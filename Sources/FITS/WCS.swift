public import Astronomy

/// The world coordinates of an image's two celestial axes, by WCSLIB.
///
/// Positions are ICRS in degrees, whatever frame the image has: FK5, FK4 and galactic coordinates
/// are turned, as astropy turns them. Pixels are counted from 0, the centre of the first being
/// (0, 0). Copies share one projection behind a lock, so that any thread may use any copy.
public struct WCS: Sendable {
  /// Arcsec: the square root of a pixel's area at the centre of the image.
  public let pixelScale: Double
  /// Arcsec: a pixel's sides along the columns and rows at the centre of the image.
  public let pixelSides: (x: Double, y: Double)
  private let projection: CelestialProjection
  private let conversion: FrameConversion

  init(_ projection: CelestialProjection, width: Int, height: Int) {
    self.projection = projection
    conversion = FrameConversion(projection.frame)
    let centre = (x: Double(width - 1) / 2, y: Double(height - 1) / 2)
    pixelScale = projection.pixelScale(at: centre.x, centre.y)
    pixelSides = projection.pixelSides(at: centre.x, centre.y) ?? (pixelScale, pixelScale)
  }

  /// Whether pixels measure what those of an image of the sky can, and much the same both ways.
  var hasPossiblePixels: Bool {
    let (short, long) = (min(pixelSides.x, pixelSides.y), max(pixelSides.x, pixelSides.y))
    let isFinite = projection.keywords(from: 0, 0).allSatisfy { keyword in
      if case .real(let number) = keyword.value { number.isFinite } else { true }
    }
    return isFinite && [short, long, pixelScale].allSatisfy { (1e-6...3.6e5).contains($0) }
      && long <= 50 * short
  }

  /// The world coordinates of the same image when it has so many times as many pixels along each axis.
  ///
  /// - Parameters:
  ///   - factors: For the columns and the rows.
  ///   - width: Columns that it then has.
  ///   - height: Rows.
  /// - Returns: nil where the coordinates do not allow it.
  public func stretched(by factors: (x: Double, y: Double), width: Int, height: Int) -> WCS? {
    projection.stretched(by: [factors.x, factors.y]).map {
      WCS($0, width: width, height: height)
    }
  }

  /// The zero-based pixel of a position, or nil where the projection has no such point; the pixel
  /// may lie outside the image.
  public func pixel(of position: SkyPosition) -> (x: Double, y: Double)? {
    let own = conversion.frame(position)
    return projection.pixel(own.longitude, own.latitude)
  }

  /// The position of a zero-based pixel, or nil where the projection has no sky.
  public func sky(x: Double, y: Double) -> SkyPosition? {
    projection.world(x, y).map { conversion.icrs($0.longitude, $0.latitude) }
  }

  /// The celestial keywords of a cutout that begins at a pixel, counted from 0.
  ///
  /// Old forms are given in the standard's: NCP as SIN with PV2_1 and PV2_2, EPOCH as EQUINOX, a
  /// frame that the header leaves to the rules by its name.
  public func keywords(from x: Int, _ y: Int) -> [Keyword] {
    let (system, equinox) = projection.frame.keywords
    return projection.keywords(from: x, y)
      + [
        system.map { Keyword("RADESYS", .text($0)) }, equinox.map { Keyword("EQUINOX", .real($0)) },
      ]
      .compactMap(\.self)
  }
}

extension CelestialProjection {
  /// Arcsec: the sides of a pixel; nil where the projection has no sky there.
  fileprivate func pixelSides(at x: Double, _ y: Double) -> (x: Double, y: Double)? {
    func length(_ dx: Double, _ dy: Double) -> Double? {
      guard let from = world(x - dx, y - dy), let to = world(x + dx, y + dy) else { return nil }
      return SkyPosition(ra: from.longitude, dec: from.latitude)
        .separation(from: SkyPosition(ra: to.longitude, dec: to.latitude)) * 3600
    }
    guard let across = length(0.5, 0), let up = length(0, 0.5) else { return nil }
    return (across, up)
  }

  /// Arcsec: the square root of the area of a pixel, or of the reference pixel where the
  /// projection has no sky at this one.
  fileprivate func pixelScale(at x: Double, _ y: Double) -> Double {
    let corners = [(-0.5, 0.0), (0.5, 0.0), (0.0, -0.5), (0.0, 0.5)].compactMap {
      world(x + $0.0, y + $0.1).map { SIMD3(longitude: $0.longitude, latitude: $0.latitude) }
    }
    guard corners.count == 4 else { return referenceScale }
    let (a, b) = (corners[1] - corners[0], corners[3] - corners[2])
    let normal: SIMD3<Double> = [
      a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x,
    ]
    return normal.length.squareRoot().degrees * 3600
  }
}
