/// The world coordinates of an image's two celestial axes, by WCSLIB.
///
/// Positions are ICRS in degrees, whatever frame the image has: FK5, FK4 and galactic coordinates
/// are turned, as astropy turns them. Pixels are counted from 0, the centre of the first being
/// (0, 0). Copies share one projection behind a lock, so that any thread may use any copy.
public struct WCS: Sendable {
  /// Arcsec: the square root of a pixel's area at the centre of the image.
  public let pixelScale: Double
  private let projection: CelestialProjection
  private let conversion: FrameConversion

  init(_ projection: CelestialProjection, width: Int, height: Int) {
    self.projection = projection
    conversion = FrameConversion(projection.frame)
    let centre = (x: Double(width - 1) / 2, y: Double(height - 1) / 2)
    pixelScale = projection.pixelScale(at: centre.x, centre.y)
  }

  /// The zero-based pixel of an ICRS position in degrees, or nil where the projection has no such
  /// point; the pixel may lie outside the image.
  public func pixel(of ra: Double, _ dec: Double) -> (x: Double, y: Double)? {
    let own = conversion.frame(ra, dec)
    return projection.pixel(own.longitude, own.latitude)
  }

  /// The ICRS position in degrees of a zero-based pixel, or nil where the projection has no sky.
  public func sky(x: Double, y: Double) -> (ra: Double, dec: Double)? {
    projection.world(x, y).map { own in
      let position = conversion.icrs(own.longitude, own.latitude)
      return (position.longitude, position.latitude)
    }
  }

  /// The celestial keywords of a cutout that begins at a pixel, counted from 0.
  ///
  /// Old forms are given in the standard's: NCP as SIN with PV2_1 and PV2_2, EPOCH as EQUINOX, a
  /// frame that the header leaves to the rules by its name.
  public func keywords(from x: Int, _ y: Int) -> [(name: String, value: WCSValue)] {
    let (system, equinox) = projection.frame.keywords
    return projection.keywords(from: x, y)
      + [system.map { ("RADESYS", .text($0)) }, equinox.map { ("EQUINOX", .number($0)) }]
      .compactMap(\.self)
  }
}

/// The value of a keyword of world coordinates.
public enum WCSValue: Codable, Sendable, Hashable {
  case number(Double)
  case text(String)

  /// Reads a plain number or text.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let number = try? container.decode(Double.self) {
      self = .number(number)
    } else {
      self = .text(try container.decode(String.self))
    }
  }

  /// Writes a plain number or text.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .number(let number): try container.encode(number)
    case .text(let text): try container.encode(text)
    }
  }
}

extension CelestialProjection {
  /// Arcsec: the square root of the area of a pixel, or of the reference pixel where the
  /// projection has no sky at this one.
  fileprivate func pixelScale(at x: Double, _ y: Double) -> Double {
    let corners = [(-0.5, 0.0), (0.5, 0.0), (0.0, -0.5), (0.0, 0.5)].compactMap {
      world(x + $0.0, y + $0.1).map { direction($0.longitude, $0.latitude) }
    }
    guard corners.count == 4 else { return referenceScale }
    let (a, b) = (corners[1] - corners[0], corners[3] - corners[2])
    let normal: SIMD3<Double> = [
      a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x,
    ]
    return (normal * normal).sum().squareRoot().squareRoot().degrees * 3600
  }
}
