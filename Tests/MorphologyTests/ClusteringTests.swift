import Foundation
import Morphology
import Tensor
import Testing

@Suite("Clustering")
struct ClusteringTests {
  /// Five tight groups of directions in 20 dimensions, and one stray.
  private func directions() -> Tensor {
    var random = RandomStream(3)
    var values: [Float] = []
    for index in 0..<201 {
      for axis in 0..<20 {
        let bright: Float = index < 200 ? (axis == index % 5 ? 5 : 0) : (axis == 19 ? 5 : 0)
        values.append(bright + 0.2 * random.normal())
      }
    }
    return Tensor(shape: [201, 20], values: values)
  }

  private func clustering(_ count: Int) throws -> ClusteredSpace {
    var options = ClusteredSpace.Options()
    options.clusters = count
    // It would make directions of mere noise nearly as wide as those between the groups.
    options.whitening = 0
    return try ClusteredSpace(directions(), options: options)
  }

  @Test("Groups are found, and every embedding is in one cluster")
  func groups() throws {
    let found = try clustering(6)
    #expect(found.clusters.map(\.members.count).sorted() == [1, 40, 40, 40, 40, 40])
    #expect(found.clusters.flatMap(\.members).sorted() == Array(0..<201))
    for (index, cluster) in found.clusters.enumerated() {
      #expect(cluster.members.allSatisfy { found.assignments[$0] == index })
      #expect(Set(cluster.members.map { $0 % 5 }).count == 1)
      #expect(cluster.members.contains(cluster.medoid))
      #expect(Set(cluster.boundary).isSubset(of: cluster.members))
    }
  }

  @Test("Over-clustered groups come together again in the hierarchy")
  func hierarchy() throws {
    let found = try clustering(24)
    let groups = Self.groups(of: found.hierarchy, 6)
    #expect(Set(groups).count == 6)
    for (cluster, group) in zip(found.clusters, groups) {
      let kin = zip(found.clusters, groups).filter { $0.1 == group }.flatMap { $0.0.members }
      #expect(Set(kin.map { $0 == 200 ? 5 : $0 % 5 }).count == 1, "\(cluster)")
    }
  }

  /// The node of the group of every cluster, where the tree is cut into so many.
  private static func groups(of hierarchy: Hierarchy, _ count: Int) -> [Int] {
    var groups = Array(0..<hierarchy.leaves)
    for (index, join) in hierarchy.joins.prefix(hierarchy.leaves - count).enumerated() {
      for leaf in groups.indices where [join.first, join.second].contains(groups[leaf]) {
        groups[leaf] = hierarchy.leaves + index
      }
    }
    return groups
  }

  @Test("Joins of single points are scipy's Ward linkage, to 1e-6")
  func ward() {
    var values: [Float] = []
    for i in 0..<8 {
      for j in 0..<8 {
        let (x, y) = (Double(i), Double(j))
        let wobble = sin(1.3 * x + 0.7 * x * y + 0.11 * y * y) * (1 + 0.1 * y)
        values.append(Float(wobble + (i % 3 == j % 3 ? 2 : 0)))
      }
    }
    let tree = Hierarchy(
      centroids: Tensor(shape: [8, 8], values: values), sizes: [Int](repeating: 1, count: 8))
    let heights = [1.9831362, 3.5425964, 3.5630748, 4.0772954, 4.9595605, 7.7924028, 9.6013583]
    for (join, height) in zip(tree.joins, heights) { #expect(abs(join.height - height) < 1e-6) }
    #expect(tree.joins.map(\.size) == [2, 2, 2, 3, 3, 5, 8])
  }

  @Test(
    "The hierarchy is that of joining the closest of all pairs every time", arguments: [2, 7, 60])
  func closestPairs(_ count: Int) {
    var random = RandomStream(5, count)
    let values = (0..<count * 3).map { _ in random.normal() }
    let sizes = (0..<count).map { _ in Int.random(in: 1...40, using: &random) }
    var nodes = (0..<count).map { index in
      (
        id: index, centre: values[index * 3..<index * 3 + 3].map(Double.init),
        weight: Double(sizes[index])
      )
    }
    func cost(_ pair: (Int, Int)) -> Double {
      let (a, b) = (nodes[pair.0], nodes[pair.1])
      return 2 * a.weight * b.weight / (a.weight + b.weight) * squaredDistance(a.centre, b.centre)
    }
    for join in Hierarchy(
      centroids: Tensor(shape: [count, 3], values: values), sizes: sizes
    ).joins {
      let pairs = nodes.indices.flatMap { a in nodes.indices.dropFirst(a + 1).map { (a, $0) } }
      guard let pair = pairs.min(by: { cost($0) < cost($1) }) else { return }
      let (a, b, height) = (nodes[pair.0], nodes[pair.1], cost(pair).squareRoot())
      #expect(join.first == min(a.id, b.id) && join.second == max(a.id, b.id))
      #expect(abs(join.height - height) < 1e-12 * height)
      let weight = a.weight + b.weight
      #expect(join.size == Int(weight))
      let centre = zip(a.centre, b.centre).map { ($0 * a.weight + $1 * b.weight) / weight }
      nodes.remove(at: pair.1)
      nodes[pair.0] = (2 * count - nodes.count - 1, centre, weight)
    }
    #expect(nodes.count == 1)
  }

  @Test("The stray has the largest outlier score")
  func outlier() throws {
    let scores = try clustering(6).outlierScores
    #expect(scores.indices.max { scores[$0] < scores[$1] } == 200)
  }

  @Test("The same seed gives the same clusters")
  func seed() throws {
    let (a, b) = (try clustering(9), try clustering(9))
    #expect(a.assignments == b.assignments)
    #expect(a.hierarchy == b.hierarchy)
  }

  @Test("Embeddings that cannot be clustered are refused")
  func refused() {
    #expect(throws: MorphologyError.self) { try ClusteredSpace(Tensor([1, 4])) }
    #expect(throws: MorphologyError.self) { try ClusteredSpace(Tensor([9, 4], repeating: .nan)) }
  }
}
