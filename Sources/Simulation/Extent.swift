import Foundation

/// The size of the isophote of a source, as its shadows in many directions.
public struct Extent: Sendable, Hashable {
  /// The longest shadow, arcsec.
  public var major: Double
  /// The shadow across it, arcsec.
  public var minor: Double
  /// The direction of the longest shadow, degrees east of north, `0..<180`.
  public var positionAngle: Double
}

extension Patch {
  /// The extent of what is at least as bright as `level`, with pixels of `pixelScale` arcsec.
  ///
  /// It is 0 where nothing is so bright.
  public func extent(above level: Float, pixelScale: Double) -> Extent {
    let places = edge(above: level)
    guard !places.isEmpty else { return Extent(major: 0, minor: 0, positionAngle: 0) }
    let shadows = (0..<Self.directions).map { shadow(of: places, towards: Self.angle($0)) }
    let longest = shadows.indices.max { shadows[$0] < shadows[$1] } ?? 0
    let across = shadows[(longest + Self.directions / 2) % Self.directions]
    // North is up and east to the left: from the x axis towards y, north is at 90°.
    let angle = Self.angle(longest) * 180 / Double.pi + 90
    return Extent(
      major: (shadows[longest] + 1) * pixelScale, minor: (across + 1) * pixelScale,
      positionAngle: angle.truncatingRemainder(dividingBy: 180))
  }

  private static let directions = 36

  private static func angle(_ direction: Int) -> Double {
    Double(direction) * Double.pi / Double(directions)
  }

  /// The first and last pixel of every row that reach the level.
  private func edge(above level: Float) -> [Point] {
    (0..<height).flatMap { row -> [Point] in
      let line = values[row * width..<(row + 1) * width]
      guard let first = line.firstIndex(where: { $0 >= level }),
        let last = line.lastIndex(where: { $0 >= level })
      else { return [] }
      return [first, last].map { Point(Double($0 - row * width), Double(row)) }
    }
  }

  private func shadow(of places: [Point], towards angle: Double) -> Double {
    let (cosine, sine) = (cos(angle), sin(angle))
    let along = places.map { $0.x * cosine + $0.y * sine }
    return (along.max() ?? 0) - (along.min() ?? 0)
  }
}
