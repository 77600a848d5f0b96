public import Tensor

/// A space of embeddings divided into many small clusters, with a hierarchy above them, for a
/// person to label coarsely and then split.
///
/// K-means divides their ``PrincipalSpace``.
public struct ClusteredSpace: Sendable {
  /// What decides the clusters; stored with the run.
  public struct Options: Codable, Sendable, Hashable {
    /// Clusters, more than there are classes.
    public var clusters = 100

    /// Principal components kept.
    public var components = PrincipalSpace.Options().components

    /// How far the components' deviations are made even, 0 to 1.
    public var whitening = PrincipalSpace.Options().whitening

    /// Starts of k-means.
    public var restarts = 4

    /// The most rounds of a start.
    public var rounds = 100

    /// Boundary examples listed for each cluster.
    public var boundary = 12

    /// Neighbours that the outlier score looks at.
    public var neighbours = 10

    /// Chooses the starts.
    public var seed: UInt64 = 1

    /// The defaults.
    public init() {}
  }

  /// One cluster.
  public struct Cluster: Sendable, Hashable {
    /// Rows of the embeddings, nearest to the centroid first.
    public let members: [Int]

    /// The member with the least summed distance to the others (among the 64 nearest to the
    /// centroid, and measured to at most 512 of them).
    public let medoid: Int

    /// Members that lie almost as near to another centroid, the most doubtful first.
    public let boundary: [Int]
  }

  /// What it was made with.
  public let options: Options

  /// The clusters, the largest first.
  public let clusters: [Cluster]

  /// The cluster of each embedding.
  public let assignments: [Int]

  /// The distance of each embedding from its centroid, in 0...2.
  public let distances: [Float]

  /// The mean distance of each embedding to its nearest neighbours: large for what is unlike all.
  public let outlierScores: [Float]

  /// How clusters join into coarser groups.
  public let hierarchy: Hierarchy

  /// The embeddings in their principal space, `[n, components]`.
  public let points: Tensor

  /// The part of the variance that the kept components hold.
  public let keptVariance: Double

  /// Divides embeddings.
  ///
  /// - Parameters:
  ///   - embeddings: `[n, dimensions]`, finite.
  ///   - options: What decides the clusters.
  /// - Throws: `MorphologyError` for fewer than two embeddings or embeddings that are not finite.
  public init(_ embeddings: Tensor, options: Options = Options()) throws {
    let space = try PrincipalSpace(
      fitting: embeddings,
      options: .init(components: options.components, whitening: options.whitening))
    let points = space.points(of: embeddings)
    (self.points, keptVariance) = (points, space.keptVariance)
    let parts = KMeans(
      points, clusters: options.clusters, restarts: options.restarts, rounds: options.rounds,
      seed: options.seed)
    let near = nearestNeighbours(of: points, in: parts.centroids, count: 2)
    let found = Self.clusters(points, near, count: parts.centroids.rows, options: options)
    self.options = options
    clusters = found.map(\.cluster)
    var assignments = [Int](repeating: 0, count: points.rows)
    for (index, cluster) in clusters.enumerated() {
      for member in cluster.members { assignments[member] = index }
    }
    self.assignments = assignments
    distances = (0..<points.rows).map { near.distances.row($0).first ?? 0 }
    outlierScores = loneliness(points, neighbours: options.neighbours)
    hierarchy = Hierarchy(
      centroids: parts.centroids.rows(at: found.map(\.centroid)),
      sizes: clusters.map(\.members.count))
  }

  private static func clusters(
    _ points: Tensor, _ near: Neighbours, count: Int, options: Options
  ) -> [(centroid: Int, cluster: Cluster)] {
    var members = [[Int]](repeating: [], count: count)
    for row in 0..<points.rows { members[Int(near.of(row).first ?? 0)].append(row) }
    let filled = members.enumerated().filter { !$0.element.isEmpty }
    return filled.sorted { ($1.element.count, $0.offset) < ($0.element.count, $1.offset) }
      .map { centroid, rows in
        (centroid, Cluster(rows, points: points, near: near, boundary: options.boundary))
      }
  }
}

extension ClusteredSpace.Cluster {
  fileprivate init(_ rows: [Int], points: Tensor, near: Neighbours, boundary count: Int) {
    let own = { (row: Int) in near.distances.row(row).first ?? 0 }
    let margin = { (row: Int) in (near.distances.row(row).last ?? 0) - own(row) }
    let ordered = rows.sorted { (own($0), $0) < (own($1), $1) }
    members = ordered
    medoid = centre(of: ordered, points: points)
    boundary = Array(rows.sorted { (margin($0), $0) < (margin($1), $1) }.prefix(count))
  }
}

private func centre(of members: [Int], points: Tensor) -> Int {
  let candidates = members.prefix(64)
  let step = max(1, members.count / 512)
  let others = stride(from: 0, to: members.count, by: step).map { members[$0] }
  let found = nearestNeighbours(
    of: points.rows(at: candidates), in: points.rows(at: others), count: others.count)
  let sums = candidates.indices.map { found.distances.row($0).reduce(0, +) }
  let best = sums.indices.min { sums[$0] < sums[$1] } ?? 0
  return candidates[best]
}

private func loneliness(_ points: Tensor, neighbours: Int) -> [Float] {
  let found = nearestNeighbours(
    of: points, in: points, count: neighbours, excludingSelf: true)
  let count = Float(max(1, found.count))
  return (0..<points.rows).map { found.distances.row($0).reduce(0, +) / count }
}
