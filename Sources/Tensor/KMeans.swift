/// Points divided among the nearest of `k` centroids (Lloyd 1982), seeded by greedy k-means++
/// (Arthur & Vassilvitskii 2007).
public struct KMeans: Sendable, Equatable {
  /// The centroids, `[k, dimensions]`.
  public let centroids: Tensor

  /// The centroid of every point.
  public let assignments: [Int32]

  /// The sum of squared distances to the centroids.
  public let inertia: Double

  /// How many rounds of Lloyd's algorithm the best start took.
  public let rounds: Int

  /// Divides `points` into `clusters`, keeping the best of several starts.
  ///
  /// - Parameters:
  ///   - points: `[n, dimensions]`, all finite.
  ///   - clusters: At most `n`.
  ///   - restarts: How many starts to try.
  ///   - rounds: The most rounds of a start.
  ///   - seed: Chooses the starts.
  public init(
    _ points: Tensor, clusters: Int, restarts: Int = 4, rounds: Int = 100, seed: UInt64 = 1
  ) {
    let clusters = min(max(1, clusters), points.rows)
    var best: KMeans?
    for restart in 0..<max(1, restarts) {
      var random = RandomStream(seed, restart)
      let start = seeds(points, clusters: clusters, using: &random)
      let candidate = KMeans(points, from: points.rows(at: start), rounds: rounds)
      if candidate.inertia < best?.inertia ?? .infinity { best = candidate }
    }
    self = best ?? KMeans(points, from: points.rows(at: 0..<clusters), rounds: rounds)
  }

  /// Improves given centroids until no point changes its cluster.
  ///
  /// A cluster that loses all its points takes the point farthest from its own centroid.
  public init(_ points: Tensor, from start: Tensor, rounds: Int = 100) {
    var centroids = start
    var nearest = assign(points, to: centroids)
    var count = 0
    while count < rounds {
      count += 1
      centroids = middles(of: points, nearest, clusters: centroids.rows)
      let next = assign(points, to: centroids)
      let settled = next.clusters == nearest.clusters
      nearest = next
      if settled { break }
    }
    self.centroids = centroids
    self.assignments = nearest.clusters
    self.inertia = nearest.squares.reduce(0) { $0 + Double($1) }
    self.rounds = count
  }
}

private struct Assignment {
  var clusters: [Int32]
  var squares: [Float]
}

private func assign(_ points: Tensor, to centroids: Tensor) -> Assignment {
  var result = Assignment(
    clusters: [Int32](repeating: 0, count: points.rows),
    squares: [Float](repeating: 0, count: points.rows))
  result.clusters.withUnsafeMutableBufferPointer { clusters in
    result.squares.withUnsafeMutableBufferPointer { squares in
      nonisolated(unsafe) let clusters = clusters
      nonisolated(unsafe) let squares = squares
      parallel(over: points.rows, chunk: 1024) { _, rows in
        let distances = squaredDistances(points.rows(at: rows), centroids)
        for (offset, row) in rows.enumerated() {
          let line = distances.row(offset)
          let nearest = line.indices.min { line[$0] < line[$1] } ?? line.startIndex
          clusters[row] = Int32(nearest - line.startIndex)
          squares[row] = line[nearest]
        }
      }
    }
  }
  return result
}

private func middles(of points: Tensor, _ nearest: Assignment, clusters: Int) -> Tensor {
  let dimensions = points.columns
  var sums = [Double](repeating: 0, count: clusters * dimensions)
  var counts = [Int](repeating: 0, count: clusters)
  points.values.withUnsafeBufferPointer { values in
    for (row, cluster) in nearest.clusters.enumerated() {
      counts[Int(cluster)] += 1
      let base = Int(cluster) * dimensions
      for column in 0..<dimensions {
        sums[base + column] += Double(values[row * dimensions + column])
      }
    }
  }
  let empty = counts.indices.filter { counts[$0] == 0 }
  for (cluster, row) in zip(empty, farthest(empty.count, nearest.squares)) {
    counts[cluster] = 1
    for (column, value) in points.row(row).enumerated() {
      sums[cluster * dimensions + column] = Double(value)
    }
  }
  return Tensor(
    shape: [clusters, dimensions],
    values: sums.indices.map { Float(sums[$0] / Double(max(1, counts[$0 / dimensions]))) })
}

private func farthest(_ count: Int, _ squares: [Float]) -> ArraySlice<Int> {
  guard count > 0 else { return [] }
  return squares.indices.sorted { (squares[$1], $0) < (squares[$0], $1) }.prefix(count)
}

/// Rows drawn with chance in proportion to the squared distance from those drawn before, the best
/// of a few candidates each time.
private func seeds(_ points: Tensor, clusters: Int, using random: inout RandomStream) -> [Int] {
  var chosen = [Int.random(in: 0..<points.rows, using: &random)]
  var squares = squaredDistances(points, points.rows(at: chosen)).values
  let trials = 1 + bitWidth(of: clusters)
  while chosen.count < clusters {
    let candidates = (0..<trials).map { _ in draw(squares, using: &random) }
    let distances = squaredDistances(points, points.rows(at: candidates))
    var totals = [Double](repeating: 0, count: trials)
    for row in squares.indices {
      for (trial, square) in distances.row(row).enumerated() {
        totals[trial] += Double(min(square, squares[row]))
      }
    }
    let best = totals.indices.min { totals[$0] < totals[$1] } ?? 0
    chosen.append(candidates[best])
    for row in squares.indices {
      squares[row] = min(squares[row], distances.values[row * trials + best])
    }
  }
  return chosen
}

private func bitWidth(of number: Int) -> Int { Int.bitWidth - number.leadingZeroBitCount }

private func draw(_ weights: [Float], using random: inout RandomStream) -> Int {
  let total = weights.reduce(0) { $0 + Double($1) }
  var left = Double(random.uniform()) * total
  for (index, weight) in weights.enumerated() {
    left -= Double(weight)
    if left < 0 { return index }
  }
  return Int.random(in: 0..<weights.count, using: &random)
}
