import Astronomy

/// Gives sources a number each that those share which lie within `radius` arcsec of each other,
/// directly or through others between.
///
/// Pictures of one galaxy must not stand on both sides of a split. A source without a position
/// stands alone.
func positionGroups(_ positions: [SkyPosition?], radius: Double) -> [Int] {
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
      if here.separation(from: there) * 3600 <= radius { groups[root(other)] = root(index) }
    }
  }
  return positions.indices.map(root)
}
