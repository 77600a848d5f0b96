import Foundation

/// A rotation of the celestial sphere, or a matrix close to one.
struct Rotation: Sendable {
  private var rows: (SIMD3<Double>, SIMD3<Double>, SIMD3<Double>)

  init(_ first: SIMD3<Double>, _ second: SIMD3<Double>, _ third: SIMD3<Double>) {
    rows = (first, second, third)
  }

  static let identity = Rotation([1, 0, 0], [0, 1, 0], [0, 0, 1])

  /// Turns the axes about the x axis by an angle in degrees.
  static func x(_ angle: Double) -> Rotation {
    let (s, c) = (sin(angle.radians), cos(angle.radians))
    return Rotation([1, 0, 0], [0, c, s], [0, -s, c])
  }

  /// Turns the axes about the y axis by an angle in degrees.
  static func y(_ angle: Double) -> Rotation {
    let (s, c) = (sin(angle.radians), cos(angle.radians))
    return Rotation([c, 0, -s], [0, 1, 0], [s, 0, c])
  }

  /// Turns the axes about the z axis by an angle in degrees.
  static func z(_ angle: Double) -> Rotation {
    let (s, c) = (sin(angle.radians), cos(angle.radians))
    return Rotation([c, s, 0], [-s, c, 0], [0, 0, 1])
  }

  var transposed: Rotation {
    let (a, b, c) = rows
    return Rotation([a.x, b.x, c.x], [a.y, b.y, c.y], [a.z, b.z, c.z])
  }

  static func * (one: Rotation, vector: SIMD3<Double>) -> SIMD3<Double> {
    let (a, b, c) = one.rows
    return [(a * vector).sum(), (b * vector).sum(), (c * vector).sum()]
  }

  static func * (one: Rotation, other: Rotation) -> Rotation {
    let columns = other.transposed.rows
    return Rotation(one * columns.0, one * columns.1, one * columns.2).transposed
  }

  static func + (one: Rotation, other: Rotation) -> Rotation {
    Rotation(
      one.rows.0 + other.rows.0, one.rows.1 + other.rows.1, one.rows.2 + other.rows.2)
  }

  static func * (factor: Double, one: Rotation) -> Rotation {
    Rotation(factor * one.rows.0, factor * one.rows.1, factor * one.rows.2)
  }
}
