import Catalogue
import Foundation

/// Gives sources a number each that those share which lie within `radius` arcsec of each other,
/// directly or through others between.
///
/// Pictures of one galaxy must not stand on both sides of a split. A source without a position
/// stands alone.
func positionGroups(_ positions: [Source.Position?], radius: Double) -> [Int] {
  var groups = Array(positions.indices)
  func root(_ index: Int) -> Int {
    var index = index
    while groups[index] != index { index = groups[index] }
    return index
  }
  let order = positions.indices.filter { positions[$0] != nil }
    .sorted { (positions[$0]?.dec ?? 0) < (positions[$1]?.dec ?? 0) }
  for (place, index) in order.enumerated() {
    guard let here = positions[index] else { continue }
    for other in order[(place + 1)...] {
      guard let there = positions[other], there.dec - here.dec <= radius / 3600 else { break }
      if here.separation(from: there) <= radius { groups[root(other)] = root(index) }
    }
  }
  return positions.indices.map(root)
}

extension Source.Position {
  /// The angle to another position, arcsec (by haversines, exact for small angles).
  func separation(from other: Source.Position) -> Double {
    let radians = Double.pi / 180
    let up = sin((other.dec - dec) * radians / 2)
    let along = sin((other.ra - ra) * radians / 2)
    let haversine = up * up + cos(dec * radians) * cos(other.dec * radians) * along * along
    return 2 * asin(min(1, haversine.squareRoot())) / radians * 3600
  }
}
