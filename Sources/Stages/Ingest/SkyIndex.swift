import Catalogue
import Foundation

/// Positions on the sky in the order of their declinations, so that those near a point are found
/// without looking at all of them.
struct SkyIndex: Sendable {
  private let declinations: [Double]
  private let places: [Int]
  private let directions: [SIMD3<Double>]

  /// - Parameter positions: Positions; `nil` is never found.
  init(_ positions: [Source.Position?]) {
    let known = positions.enumerated().compactMap { index, position in
      position.map { (index, $0) }
    }.sorted { $0.1.dec < $1.1.dec }
    places = known.map(\.0)
    declinations = known.map(\.1.dec)
    directions = known.map { direction($0.1.ra, $0.1.dec) }
  }

  var isEmpty: Bool { places.isEmpty }

  /// The positions within `radius` degrees of a point, with their separations in degrees.
  func within(_ radius: Double, ofRA ra: Double, dec: Double) -> [(index: Int, separation: Double)]
  {
    let centre = direction(ra, dec)
    let first = lowerBound(dec - radius)
    var found: [(index: Int, separation: Double)] = []
    for place in first..<places.count {
      if declinations[place] > dec + radius { break }
      // By the chord: exact for small separations, where the cosine is not.
      let difference = directions[place] - centre
      let chord = min((difference * difference).sum().squareRoot() / 2, 1)
      let separation = 2 * asin(chord) * 180 / .pi
      if separation <= radius { found.append((places[place], separation)) }
    }
    return found
  }

  /// The position nearest to a point within `radius` degrees.
  func nearest(
    toRA ra: Double, dec: Double, within radius: Double
  ) -> (index: Int, separation: Double)? {
    within(radius, ofRA: ra, dec: dec).min {
      ($0.separation, $0.index) < ($1.separation, $1.index)
    }
  }

  private func lowerBound(_ declination: Double) -> Int {
    var (low, high) = (0, declinations.count)
    while low < high {
      let middle = (low + high) / 2
      if declinations[middle] < declination { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

/// The unit vector towards a point in degrees.
private func direction(_ ra: Double, _ dec: Double) -> SIMD3<Double> {
  let (right, up) = (ra * .pi / 180, dec * .pi / 180)
  return SIMD3(cos(up) * cos(right), cos(up) * sin(right), sin(up))
}

/// The angle between two points in degrees.
func separation(
  _ first: (ra: Double, dec: Double), _ second: (ra: Double, dec: Double)
) -> Double {
  let difference = direction(first.ra, first.dec) - direction(second.ra, second.dec)
  return 2 * asin(min((difference * difference).sum().squareRoot() / 2, 1)) * 180 / .pi
}
