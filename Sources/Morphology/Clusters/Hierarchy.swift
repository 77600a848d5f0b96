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

  /// Joins clusters by their centroids `[k, dimensions]` and sizes.
  public init(centroids: Tensor, sizes: [Int]) {
    leaves = sizes.count
    var nodes = sizes.indices.map { index in
      Node(
        id: index, centre: centroids.row(index).map(Double.init),
        weight: Double(max(1, sizes[index])))
    }
    var joins: [Join] = []
    while nodes.count > 1 {
      let (a, b, square) = closest(nodes)
      let joined = Node(joining: nodes[a], nodes[b], id: sizes.count + joins.count)
      joins.append(
        Join(
          first: min(nodes[a].id, nodes[b].id), second: max(nodes[a].id, nodes[b].id),
          height: square.squareRoot(), size: Int(joined.weight)))
      nodes.remove(at: b)
      nodes[a] = joined
    }
    self.joins = joins
  }

  /// The group, from 0, of every cluster when the tree is cut into `count` groups; groups are
  /// numbered by their first cluster.
  public func groups(_ count: Int) -> [Int] {
    var parent = Array(0..<leaves + joins.count)
    for (index, join) in joins.prefix(max(0, leaves - max(1, count))).enumerated() {
      parent[join.first] = leaves + index
      parent[join.second] = leaves + index
    }
    var numbers: [Int: Int] = [:]
    return (0..<leaves).map { leaf in
      var node = leaf
      while parent[node] != node { node = parent[node] }
      let number = numbers[node] ?? numbers.count
      numbers[node] = number
      return number
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

  /// The clusters in an order that puts like beside like.
  public var order: [Int] {
    guard let last = joins.indices.last else { return Array(0..<leaves) }
    var ordered: [Int] = []
    var open = [leaves + last]
    while let node = open.popLast() {
      if node < leaves {
        ordered.append(node)
      } else {
        open.append(joins[node - leaves].second)
        open.append(joins[node - leaves].first)
      }
    }
    return ordered
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
    let square = zip(centre, other.centre).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    return 2 * weight * other.weight / (weight + other.weight) * square
  }
}

private func closest(_ nodes: [Node]) -> (Int, Int, Double) {
  var best = (0, 1, Double.infinity)
  for a in nodes.indices {
    for b in a + 1..<nodes.count {
      let cost = nodes[a].cost(with: nodes[b])
      if cost < best.2 { best = (a, b, cost) }
    }
  }
  return best
}
