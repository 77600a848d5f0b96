public import Tensor

/// A tree over clusters: those whose union grows the variance least join first (Ward 1963).
public struct Hierarchy: Codable, Sendable, Hashable {
  /// One join of two nodes; node `i < leaves` is a cluster, node `leaves + j` the `j`-th join.
  public struct Join: Codable, Sendable, Hashable {
    /// The joined node that came first.
    public let first: Int

    /// The other.
    public let second: Int

    /// The distance at which they join, as scipy's `linkage(method="ward")` gives it for
    /// clusters of one point each.
    public let height: Double

    /// Points under the new node.
    public let size: Int
  }

  /// The number of clusters.
  public let leaves: Int

  /// The joins, lowest first; one fewer than the leaves.
  public let joins: [Join]

  /// Joins clusters by their centroids `[k, dimensions]` and sizes, with k² distances.
  public init(centroids: Tensor, sizes: [Int]) {
    leaves = sizes.count
    let unions = chained(
      sizes.indices.map { index in
        Node(
          id: index, centre: centroids.row(index).map(Double.init),
          weight: Double(max(1, sizes[index])))
      })
    // A union comes behind those that it is made of, also where rounding makes it the lower.
    var ranks: [(cost: Double, made: Int)] = []
    for union in unions {
      let below = [union.first, union.second].filter { $0 >= sizes.count }
      ranks.append(
        (below.reduce(union.cost) { max($0, ranks[$1 - sizes.count].cost) }, ranks.count))
    }
    var ids = Array(sizes.indices) + unions.map { _ in 0 }
    joins = ranks.sorted { $0 < $1 }.enumerated().map { place, rank in
      let union = unions[rank.made]
      ids[sizes.count + rank.made] = sizes.count + place
      let (first, second) = (ids[union.first], ids[union.second])
      return Join(
        first: min(first, second), second: max(first, second), height: union.cost.squareRoot(),
        size: Int(union.weight))
    }
  }

  /// The node that each node is joined into, `nil` for the last.
  public var parents: [Int?] {
    var parents = [Int?](repeating: nil, count: leaves + joins.count)
    for (index, join) in joins.enumerated() {
      parents[join.first] = leaves + index
      parents[join.second] = leaves + index
    }
    return parents
  }
}

private struct Node {
  let id: Int
  let centre: [Double]
  let weight: Double

  init(id: Int, centre: [Double], weight: Double) {
    self.id = id
    self.centre = centre
    self.weight = weight
  }

  init(joining a: Node, _ b: Node, id: Int) {
    self.id = id
    weight = a.weight + b.weight
    let part = b.weight / weight
    centre = zip(a.centre, b.centre).map { $0 + ($1 - $0) * part }
  }

  /// Twice the growth of the summed squares when the two join.
  func cost(with other: Node) -> Double {
    2 * weight * other.weight / (weight + other.weight) * squaredDistance(centre, other.centre)
  }
}

/// Two nodes that join, by their numbers: leaves first, then unions in the order of this list.
private struct Union {
  let first: Int
  let second: Int
  let cost: Double
  let weight: Double
}

/// All unions, found along chains of nearest neighbours (Murtagh 1983): from a node to the one
/// nearest to it, from there on, until two are nearest to each other, which join.
///
/// With Ward's criterion a union is never nearer to a third than the nearer of its two parts was
/// (it is reducible), so that such a pair joins in any order: the tree is that of joining the
/// closest pair of all every time, which takes k³ distances.
private func chained(_ leaves: [Node]) -> [Union] {
  var nodes = leaves
  var open = Array(leaves.indices)
  var path: [Int] = []
  var unions: [Union] = []
  while open.count > 1 {
    let last = path.last ?? open[0]
    if path.isEmpty { path = [last] }
    let before = path.dropLast().last
    let nearest = nearest(to: last, of: open, preferring: before, nodes)
    guard let place = nearest.place, place == before else {
      path.append(nearest.place ?? last)
      continue
    }
    // The union stands where the first of the two did.
    let (a, b) = (min(last, place), max(last, place))
    let joined = Node(joining: nodes[a], nodes[b], id: leaves.count + unions.count)
    unions.append(
      Union(first: nodes[a].id, second: nodes[b].id, cost: nearest.cost, weight: joined.weight))
    nodes[a] = joined
    open.removeAll { $0 == b }
    path.removeLast(2)
  }
  return unions
}

/// The node nearest to one, the preferred one where others are as near.
private func nearest(
  to node: Int, of open: [Int], preferring first: Int?, _ nodes: [Node]
) -> (place: Int?, cost: Double) {
  var nearest = (place: first, cost: first.map { nodes[node].cost(with: nodes[$0]) } ?? .infinity)
  for other in open where other != node {
    let cost = nodes[node].cost(with: nodes[other])
    if cost < nearest.cost || nearest.place == nil { nearest = (other, cost) }
  }
  return nearest
}
