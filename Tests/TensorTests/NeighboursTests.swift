import Tensor
import Testing

@Suite("Nearest neighbours")
struct NeighboursTests {
  @Test("Indices and distances are scikit-learn's, to 1e-5")
  func golden() {
    let cloud = points(60, 8)
    let found = nearestNeighbours(of: cloud.rows(at: 0..<3), in: cloud, count: 4)
    #expect(found.indices == [0, 6, 9, 15, 1, 10, 25, 22, 2, 11, 59, 8])
    let distances: [Float] = [
      0, 1.9831363, 2.2425482, 2.2827091, 0, 1.9970852, 2.6308246, 2.6506624, 0, 1.9442775,
      2.7685111, 3.0656254,
    ]
    for (value, golden) in zip(found.distances.values, distances) {
      #expect(agree(value, golden, 1e-5))
    }
  }

  @Test("A cloud against itself leaves each point out, over several chunks")
  func excludingSelf() {
    let cloud = points(700, 5)
    let found = nearestNeighbours(of: cloud, in: cloud, count: 3, excludingSelf: true)
    let whole = nearestNeighbours(of: cloud, in: cloud, count: 4)
    for row in 0..<700 {
      #expect(!found.of(row).contains(Int32(row)))
      #expect(Array(found.distances.row(row)) == Array(whole.distances.row(row).dropFirst()))
    }
  }

  @Test("No more neighbours than references")
  func bounded() {
    let cloud = points(3, 2)
    #expect(nearestNeighbours(of: cloud, in: cloud, count: 9).count == 3)
    #expect(nearestNeighbours(of: cloud, in: cloud, count: 9, excludingSelf: true).count == 2)
  }
}
