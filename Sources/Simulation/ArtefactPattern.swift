import Foundation
import Tensor

/// What calibration leaves around a bright point: spokes, rings or stripes, bright and dark.
struct ArtefactPattern {
  /// The spurious structure, and the point where the catalogue took both for one.
  var components: [Gaussian] = []
  /// The point where it is a source of its own.
  var companions: [Gaussian] = []
  /// How many times brighter than the spurious structure the brightest component is.
  private(set) var contrast = 1.0

  /// Draws a pattern that reaches over `size` arcsec and would be catalogued as a source.
  init(size: Double, _ random: inout RandomStream) {
    let isCentred = random.uniform() < 0.4
    // The spurious structure has a peak near 1; the point is that many times brighter.
    let point = random.logUniform(isCentred ? 3...12 : 5...40)
    let away = isCentred ? 0 : random.within(0.2...0.45) * size
    let place = Point().moved(away, towards: random.angle())
    switch random.uniform() {
    case ..<0.5: components = Self.spokes(around: place, reach: size / 2 + away, &random)
    case ..<0.75: components = Self.rings(around: place, reach: size / 2 + away / 2, &random)
    default: components = Self.stripes(reach: size / 2, &random)
    }
    let star = Gaussian(point, at: place)
    if isCentred {
      components.append(star)
      contrast = point
    } else {
      companions = [star]
    }
  }

  /// Weak spokes and a ring around a bright point, whose brightness relative to it is `share`.
  static func halo(share: Double, reach: Double, _ random: inout RandomStream) -> [Gaussian] {
    (spokes(around: Point(), reach: reach, &random) + rings(around: Point(), reach: reach, &random))
      .map { $0.scaled(by: share) }
  }

  /// Thin rays, alternately bright and dark, that fade outwards.
  private static func spokes(
    around point: Point, reach: Double, _ random: inout RandomStream
  ) -> [Gaussian] {
    let count = Int(random.within(3...8).rounded()) * 2
    let start = random.angle()
    return (0..<count).flatMap { index -> [Gaussian] in
      let turn = 2 * Double.pi / Double(count)
      let angle = start + turn * (Double(index) + 0.35 * random.gaussian())
      let strength = (index.isMultiple(of: 2) ? 1 : -1) * exp(0.7 * random.gaussian())
      let end = reach * random.within(0.4...1)
      return stride(from: 9, to: end, by: 4).map { distance in
        let brightness = 0.4 * strength * (9 / distance) * (1 - 0.8 * distance / end)
        return brightSpot(
          brightness, at: point.moved(distance, towards: angle), major: 8,
          minor: 1 + 0.04 * distance, angle: angle)
      }
    }
  }

  /// Rings that grow fainter outwards, bright and dark in turn, uneven around.
  private static func rings(
    around point: Point, reach: Double, _ random: inout RandomStream
  ) -> [Gaussian] {
    let spacing = random.within(13...24)
    let (start, lobes) = (random.angle(), Double(Int(random.within(1...4))))
    let depth = random.within(0.3...0.9)
    return stride(from: spacing, to: reach, by: spacing / 2).enumerated().flatMap {
      number, radius -> [Gaussian] in
      let sign = number.isMultiple(of: 2) ? 1.0 : -0.8
      let count = max(Int(2 * Double.pi * radius / 5), 8)
      // Each ring is another, so that few are closed.
      let phase = start + random.within(-0.6...0.6)
      let share = exp(0.3 * random.gaussian())
      return (0..<count).map { index in
        let angle = 2 * Double.pi * Double(index) / Double(count)
        let around = max(1 - depth + depth * cos(lobes * (angle - phase)), 0)
        let brightness = 0.5 * sign * share * (spacing / radius) * around
        return brightSpot(
          brightness, at: point.moved(radius, towards: angle), major: 7, minor: 2,
          angle: angle + Double.pi / 2)
      }
    }
  }

  /// Parallel stripes, bright and dark in turn, that fade away from the middle.
  private static func stripes(reach: Double, _ random: inout RandomStream) -> [Gaussian] {
    let angle = random.angle()
    let spacing = random.within(14...26)
    let count = max(Int(reach / spacing), 1)
    return (-2 * count...2 * count).map { index in
      let offset = Double(index) * spacing / 2
      let fall = exp(-2 * (offset / reach) * (offset / reach))
      let place = Point().moved(offset, towards: angle + Double.pi / 2)
        .moved(0.2 * reach * random.gaussian(), towards: angle)
      return brightSpot(
        (index.isMultiple(of: 2) ? fall : -fall) * exp(0.3 * random.gaussian()), at: place,
        major: reach * random.within(0.9...1.6), minor: 3, angle: angle)
    }
  }

  /// A Gaussian of about a given brightness: its flux grows with its area in typical beams.
  private static func brightSpot(
    _ brightness: Double, at place: Point, major: Double, minor: Double, angle: Double
  ) -> Gaussian {
    let area = (major * major + 36).squareRoot() * (minor * minor + 36).squareRoot() / 36
    return Gaussian(brightness * area, at: place, major: major, minor: minor, angle: angle)
  }
}
