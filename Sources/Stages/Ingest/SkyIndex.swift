import Astronomy
import Tensor

/// Positions on the sky in the order of their declinations, so that those near a point are found
/// without looking at all of them.
struct SkyIndex: Sendable {
  private let declinations: [Double]
  private let places: [Int]
  private let directions: [SIMD3<Double>]

  /// - Parameter positions: Positions; `nil` is never found.
  init(_ positions: [SkyPosition?]) {
    let known = positions.enumerated().compactMap { index, position in
      position.map { (index, $0) }
    }.sorted { $0.1.dec < $1.1.dec }
    places = known.map(\.0)
    declinations = known.map(\.1.dec)
    directions = known.map(\.1.vector)
  }

  /// The positions within `radius` degrees of another, with their separations in degrees.
  func within(_ radius: Double, of centre: SkyPosition) -> [(index: Int, separation: Double)] {
    let direction = centre.vector
    let first = declinations.partitioningIndex { $0 >= centre.dec - radius }
    var found: [(index: Int, separation: Double)] = []
    for place in first..<places.count {
      if declinations[place] > centre.dec + radius { break }
      let separation = directions[place].separation(from: direction)
      if separation <= radius { found.append((places[place], separation)) }
    }
    return found
  }

  /// The position nearest to another within `radius` degrees.
  func nearest(
    to centre: SkyPosition, within radius: Double
  ) -> (index: Int, separation: Double)? {
    within(radius, of: centre).min { ($0.separation, $0.index) < ($1.separation, $1.index) }
  }
}
