import Morphology
import Tensor
import Testing

@Suite("Principal space")
struct PrincipalSpaceTests {
  /// Two classes that differ in a direction of little variance, beside one of much that says nothing.
  private func twoClasses() -> (embeddings: Tensor, classes: [Int]) {
    var random = RandomStream(7)
    let classes = (0..<200).map { $0 % 2 }
    let values = classes.flatMap { kind in
      [
        1000, 4 * random.normal(), 4 * random.normal(),
        (kind == 0 ? -0.1 : 0.1) + 0.02 * random.normal(),
      ]
    }
    return (Tensor(shape: [200, 4], values: values), classes)
  }

  /// The part of the rows whose nearest other row is of their class.
  private func purity(_ points: Tensor, _ classes: [Int]) -> Double {
    let near = nearestNeighbours(of: points, in: points, count: 1, excludingSelf: true)
    let hits = classes.indices.count { classes[Int(near.of($0).first ?? 0)] == classes[$0] }
    return Double(hits) / Double(classes.count)
  }

  @Test("Points have length 1, and deviations are made even by the power that is asked for")
  func evening() throws {
    let (embeddings, classes) = twoClasses()
    let raw = try embeddings.inPrincipalSpace(.init(components: 3, whitening: 0))
    let even = try embeddings.inPrincipalSpace(.init(components: 3, whitening: 1))
    for row in 0..<200 {
      #expect(abs(even.row(row).reduce(0) { $0 + $1 * $1 } - 1) < 1e-5)
    }
    #expect(purity(even, classes) > 0.97)
    #expect(purity(raw, classes) < 0.9)
  }

  @Test("Others are put where they would lie had they been there; length alone changes nothing")
  func others() throws {
    let (embeddings, _) = twoClasses()
    let space = try PrincipalSpace(fitting: embeddings)
    let all = space.points(of: embeddings)
    #expect(space.points(of: embeddings.rows(at: [3, 8])) == all.rows(at: [3, 8]))
    let longer = Tensor(shape: embeddings.shape, values: embeddings.values.map { 2 * $0 })
    for (a, b) in zip(space.points(of: longer).values, all.values) { #expect(abs(a - b) < 1e-3) }
    #expect((0.99...1.0001).contains(space.keptVariance))
  }

  @Test("Fewer than two embeddings, or such as are not finite, are refused")
  func refused() {
    #expect(throws: MorphologyError.self) { try Tensor([1, 4]).inPrincipalSpace() }
    #expect(throws: MorphologyError.self) {
      try Tensor([9, 4], repeating: .nan).inPrincipalSpace()
    }
  }
}
