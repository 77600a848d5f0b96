import CKernels
import Foundation
import Tensor
import Testing

@testable import Morphology

@Suite("A layout in which neighbours stay neighbours") struct LayoutTests {
  /// Groups in many dimensions, of which two can show little.
  private func groups(_ count: Int, each: Int, dimensions: Int = 24) -> Tensor {
    Tensor(
      shape: [count * each, dimensions],
      values: (0..<count * each).flatMap { row in
        var (own, group) = (RandomStream(3, row), RandomStream(5, row % count))
        return (0..<dimensions).map { _ in group.normal() + 0.3 * own.normal() }
      })
  }

  @Test func keepsNeighboursBetterThanThePlane() throws {
    let points = groups(12, each: 30)
    let layout = NeighbourLayout(points, seed: 1)
    let (own, plane) = (
      try #require(layout.trustworthiness), try #require(layout.planeTrustworthiness)
    )
    #expect(own > 0.9 && own > plane + 0.01)
    let near = nearestNeighbours(
      of: layout.places, in: layout.places, count: 10, excludingSelf: true)
    let together = (0..<points.rows).reduce(0) { sum, row in
      sum + near.of(row).count { Int($0) % 12 == row % 12 }
    }
    #expect(Double(together) > 0.95 * 10 * Double(points.rows))
    #expect(layout.places.values.allSatisfy { abs($0) <= 1.0001 })
  }

  @Test func isTheSameForTheSameSeed() {
    let points = groups(4, each: 15)
    #expect(NeighbourLayout(points, seed: 7).places == NeighbourLayout(points, seed: 7).places)
    #expect(NeighbourLayout(points, seed: 7).places != NeighbourLayout(points, seed: 8).places)
  }

  @Test(arguments: 0...5) func fewPointsHavePlacesToo(_ count: Int) {
    let layout = NeighbourLayout(groups(1, each: count), seed: 1)
    #expect(layout.places.rows == count && layout.places.values.allSatisfy { $0.isFinite })
  }

  @Test func equalPointsDoNoHarm() {
    let points = Tensor(shape: [40, 3], values: [Float](repeating: 1, count: 120))
    #expect(NeighbourLayout(points, seed: 1).places.values.allSatisfy { $0.isFinite })
  }

  /// A layout that is the points themselves deserves all trust, a shuffled one about half.
  @Test func trustworthinessKnowsGoodFromBad() {
    let points = Tensor(
      shape: [400, 2],
      values: (0..<800).map { place in
        var random = RandomStream(9, place)
        return random.normal()
      })
    #expect(NeighbourLayout.trustworthiness(of: points, for: points) == 1)
    var random = RandomStream(11)
    let shuffled = points.rows(at: Array(0..<400).shuffled(using: &random))
    let chance = NeighbourLayout.trustworthiness(of: shuffled, for: points) ?? 0
    #expect(abs(chance - 0.5) < 0.05)
    #expect(
      NeighbourLayout.trustworthiness(of: points.rows(at: [0, 1]), for: points.rows(at: [0, 1]))
        == nil)
  }

  /// Of many points half are no better placed than by chance: the sample does not pass them over.
  @Test func trustworthinessIsThatOfAllPoints() throws {
    let points = Tensor(
      shape: [8000, 2],
      values: (0..<16_000).map { place in
        var random = RandomStream(9, place)
        return random.normal()
      })
    var (layout, random) = (points, RandomStream(3))
    for row in 0..<8000 where row % 2 == 1 {
      for column in 0..<2 { layout.values[2 * row + column] = random.normal() }
    }
    let measured = try #require(NeighbourLayout.trustworthiness(of: layout, for: points))
    #expect(measured < 0.8)
  }

  /// The kernel does what the same steps in plain Swift do.
  @Test func theKernelIsTheReference() {
    var random = RandomStream(13)
    let start = (0..<40).map { _ in 10 * random.normal() }
    let edges = (0..<60).map { _ in Int32.random(in: 0..<20, using: &random) }
    let weights = (0..<30).map { _ in random.uniform(0.1...1) }
    var (fast, slow) = (start, start)
    reber_layout(&fast, 20, edges, weights, 30, 5, 3, 17)
    reference(&slow, 20, edges, weights, epochs: 5, negatives: 3, seed: 17)
    for (one, other) in zip(fast, slow) { #expect(abs(one - other) < 1e-2 * max(1, abs(other))) }
  }

  private func reference(
    _ places: inout [Float], _ points: Int, _ edges: [Int32], _ weights: [Float], epochs: Int,
    negatives: Int, seed: UInt64
  ) {
    let (a, b): (Float, Float) = (1.577, 0.8951)
    var state = seed
    func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return z ^ (z >> 31)
    }
    func move(_ one: Int, _ other: Int, _ rate: Float, _ factor: (Float) -> Float) {
      let (x, y) = (
        places[2 * one] - places[2 * other], places[2 * one + 1] - places[2 * other + 1]
      )
      let by = factor(x * x + y * y)
      places[2 * one] += max(-4, min(4, by * x)) * rate
      places[2 * one + 1] += max(-4, min(4, by * y)) * rate
    }
    for epoch in 0..<epochs {
      let rate = 1 - Float(epoch) / Float(epochs)
      for (edge, weight) in weights.enumerated()
      where (weight * Float(epoch + 1)).rounded(.down) != (weight * Float(epoch)).rounded(.down) {
        let (one, other) = (Int(edges[2 * edge]), Int(edges[2 * edge + 1]))
        let (x, y) = (
          places[2 * one] - places[2 * other], places[2 * one + 1] - places[2 * other + 1]
        )
        let square = x * x + y * y
        if square > 0 {
          let pull = -2 * a * b * pow(square, b - 1) / (1 + a * pow(square, b))
          move(one, other, rate) { _ in pull }
          move(other, one, rate) { _ in pull }
        }
        for _ in 0..<negatives {
          let far = Int(next() % UInt64(points))
          if far != one {
            move(one, far, rate) { 2 * b / ((0.001 + $0) * (1 + a * pow($0, b))) }
          }
        }
      }
    }
  }
}
