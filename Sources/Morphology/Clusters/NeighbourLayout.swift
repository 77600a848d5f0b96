internal import CKernels
import Foundation
public import Tensor

/// A layout of points in two dimensions in which neighbours stay neighbours, for people to look at.
///
/// It is that of UMAP (McInnes, Healy & Melville 2018, arXiv:1802.03426). Of very many points some are laid out, and
/// the others stand among those that they are nearest to.
public struct NeighbourLayout: Sendable {
  /// `[n, 2]`, from -1 to 1.
  public let places: Tensor

  /// How far neighbours in the layout are neighbours among the points, 0 to 1; `nil` of few points.
  public let trustworthiness: Double?

  /// The same of the plane of the first two principal components.
  public let planeTrustworthiness: Double?

  /// Neighbours of a point that it is drawn to.
  static let neighbours = 15

  /// Times that the strongest edges are drawn.
  static let epochs = 200

  /// Points that are pushed away for each edge that is drawn.
  static let negatives = 5

  /// The most points that are laid out themselves.
  static let mostPoints = 10_000

  /// Lays points out.
  ///
  /// - Parameters:
  ///   - points: `[n, dimensions]`, compared by the cosine.
  ///   - seed: Chooses the stream of random numbers.
  public init(_ points: Tensor, seed: UInt64) {
    let sphere = points.onUnitSphere()
    let step = max(1, (sphere.rows + Self.mostPoints - 1) / Self.mostPoints)
    let chosen = Array(stride(from: 0, to: sphere.rows, by: step))
    let some = step == 1 ? sphere : sphere.rows(at: chosen)
    let plane = sphere.onPrincipalPlane()
    let layout = Self.layout(
      of: some, from: step == 1 ? plane : plane.rows(at: chosen), seed: seed)
    places = (step == 1 ? layout : Self.among(some, at: layout, sphere)).fitted()
    trustworthiness = Self.trustworthiness(of: places, for: sphere, seed: seed)
    planeTrustworthiness = Self.trustworthiness(of: plane, for: sphere, seed: seed)
  }

  private static func layout(of points: Tensor, from plane: Tensor, seed: UInt64) -> Tensor {
    var random = RandomStream(seed, points.rows)
    // As wide as UMAP begins, with a little noise so that equal points part.
    var places = plane.values.map { 10 * $0 + 1e-3 * random.normal() }
    let graph = FuzzyGraph(points, neighbours: min(neighbours, points.rows - 1))
    guard points.rows > 3, !graph.weights.isEmpty else { return plane }
    reber_layout(
      &places, Int32(points.rows), graph.edges, graph.weights, Int32(graph.weights.count),
      Int32(epochs), Int32(negatives), random.next())
    return Tensor(shape: [points.rows, 2], values: places)
  }

  /// Each point at the mean of the places of the three of some that are nearest to it, the nearer counting more.
  private static func among(_ some: Tensor, at places: Tensor, _ points: Tensor) -> Tensor {
    let near = nearestNeighbours(of: points, in: some, count: 3)
    var values: [Float] = []
    values.reserveCapacity(2 * points.rows)
    for row in 0..<points.rows {
      var (x, y, sum): (Float, Float, Float) = (0, 0, 0)
      for (rank, other) in near.of(row).enumerated() {
        let distance = near.distances.values[row * near.count + rank]
        let weight = 1 / (distance * distance + 1e-6)
        x += weight * places.values[2 * Int(other)]
        y += weight * places.values[2 * Int(other) + 1]
        sum += weight
      }
      values += [x / sum, y / sum]
    }
    return Tensor(shape: [points.rows, 2], values: values)
  }
}

extension NeighbourLayout {
  /// The trustworthiness of a layout (Venna & Kaski 2001, ICANN, 485): 1 where all of the 12 nearest neighbours in
  /// it are so among the points, less the farther those are that are not; about 0.5 by chance.
  ///
  /// Of more than a thousand points it is that of a thousand, drawn by chance: those that were laid out themselves
  /// and those that stand among them count as they are. `nil` where so few points have hardly other neighbours.
  static func trustworthiness(of layout: Tensor, for points: Tensor, seed: UInt64 = 1) -> Double? {
    var random = RandomStream(seed, points.rows)
    let chosen = (0..<points.rows).shuffled(using: &random).prefix(1000).sorted()
    let (points, layout) = (points.rows(at: chosen), layout.rows(at: chosen))
    let (n, k) = (points.rows, 12)
    guard n > 3 * k else { return nil }
    let all = nearestNeighbours(of: points, in: points, count: n - 1, excludingSelf: true)
    let near = nearestNeighbours(of: layout, in: layout, count: k, excludingSelf: true)
    var ranks = [Int](repeating: 0, count: n)
    let excess = (0..<n).reduce(0) { sum, row in
      for (rank, other) in all.of(row).enumerated() { ranks[Int(other)] = rank + 1 }
      return near.of(row).reduce(sum) { $0 + max(0, ranks[Int($1)] - k) }
    }
    return 1 - 2 * Double(excess) / Double(n * k * (2 * n - 3 * k - 1))
  }
}

/// Points with their nearest neighbours, each edge with how surely it is one (UMAP, Algorithms 2 and 3).
private struct FuzzyGraph {
  /// The two points of each edge.
  var edges: [Int32] = []

  /// 1 for the strongest.
  var weights: [Float] = []

  init(_ points: Tensor, neighbours count: Int) {
    guard count > 1 else { return }
    let near = nearestNeighbours(of: points, in: points, count: count, excludingSelf: true)
    var sure: [Edge: Float] = [:]
    sure.reserveCapacity(points.rows * count)
    for row in 0..<points.rows {
      let distances = Array(near.distances.values[row * count..<(row + 1) * count])
      for (other, weight) in zip(near.of(row), Self.weights(distances)) {
        let edge = Edge(Int32(row), other)
        let before = sure[edge] ?? 0
        sure[edge] = before + weight - before * weight
      }
    }
    // An edge that is not drawn once does nothing.
    let kept = sure.filter { $0.value >= 1 / Float(NeighbourLayout.epochs) }
      .sorted { ($0.key.first, $0.key.second) < ($1.key.first, $1.key.second) }
    edges = kept.flatMap { [$0.key.first, $0.key.second] }
    weights = kept.map(\.value)
  }

  private struct Edge: Hashable {
    let first: Int32
    let second: Int32

    init(_ one: Int32, _ other: Int32) {
      (first, second) = one < other ? (one, other) : (other, one)
    }
  }

  /// Weights that fall from 1 for the nearest so fast that they sum to log₂ of their number.
  private static func weights(_ distances: [Float]) -> [Float] {
    let nearest = distances.first { $0 > 0 } ?? 0
    let wanted = log2(Float(distances.count))
    var (low, high, width): (Float, Float, Float) = (0, .infinity, 1)
    for _ in 0..<40 {
      let sum = distances.reduce(Float(0)) { $0 + fall($1 - nearest, width) }
      if sum > wanted { high = width } else { low = width }
      width = high.isFinite ? (low + high) / 2 : width * 2
    }
    let mean = distances.reduce(0, +) / Float(max(1, distances.count))
    return distances.map { fall($0 - nearest, max(width, 1e-3 * mean)) }
  }

  private static func fall(_ excess: Float, _ width: Float) -> Float {
    excess <= 0 ? 1 : exp(-excess / max(width, .leastNormalMagnitude))
  }
}

extension Tensor {
  /// Places moved and scaled so that they reach from -1 to 1.
  fileprivate func fitted() -> Tensor {
    guard rows > 0 else { return self }
    var fitted = self
    let ranges = (0..<2).map { column -> (middle: Float, half: Float) in
      let values = (0..<rows).map { self.values[2 * $0 + column] }
      let (low, high) = (values.min() ?? 0, values.max() ?? 0)
      return ((low + high) / 2, (high - low) / 2)
    }
    let half = max(ranges[0].half, ranges[1].half, .leastNormalMagnitude)
    for place in values.indices {
      fitted.values[place] = (values[place] - ranges[place % 2].middle) / half
    }
    return fitted
  }
}
