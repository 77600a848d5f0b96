import Foundation
import Morphology
import Tensor
import Testing

@Suite("Unlikeness")
struct UnlikenessTests {
  private static let dimensions = 16

  /// Points about a direction in the plane of the first two axes, on the unit sphere.
  private func cloud(
    _ centre: [Float], _ count: Int, spread: Float, using random: inout RandomStream
  ) -> [[Float]] {
    let centre = centre + [Float](repeating: 0, count: Self.dimensions - centre.count)
    return (0..<count).map { _ in
      let point = centre.map { $0 + spread * random.normal() }
      let length = point.reduce(0) { $0 + $1 * $1 }.squareRoot()
      return point.map { $0 / length }
    }
  }

  private func tensor(_ rows: [[Float]]) -> Tensor {
    Tensor(shape: [rows.count, Self.dimensions], values: rows.flatMap(\.self))
  }

  /// The chance that one of `some` is more unlike than one of `others`.
  private func area(_ some: ArraySlice<Float>, _ others: ArraySlice<Float>) -> Double {
    let won = some.reduce(0) { sum, value in sum + others.count { $0 < value } }
    return Double(won) / Double(some.count * others.count)
  }

  @Test("The distance to the nearest class in units of the scatter, by hand")
  func byHand() {
    // Two classes about the axes of a plane, each of two sources 0.6 to either side of its axis: centres
    // at 0.8, and a scatter of 2 · 0.36 / 3 along both axes. Lengths do not count.
    let features = Tensor(shape: [4, 2], values: [0.8, 0.6, 4, -3, 0.6, 0.8, -0.3, 0.4])
    let space = LabelledSpace(features: features, classes: [0, 0, 1, 1])
    let points = Tensor(shape: [3, 2], values: [2, 0, 0.8, 0.6, -1, 0])
    let measures = space.measures(of: points)
    for (row, expected) in ([0.04, 0.36, 1.64] as [Float]).enumerated() {
      #expect(abs(measures.values[4 * row] - log(expected / 0.24)) < 1e-4)
      // Without unlabelled sources nothing is held against it.
      #expect(measures.values[4 * row + 1] == 0 && measures.values[4 * row + 3] == 0)
    }
  }

  @Test("Ranks rise evenly between held-out distances, and ever less beyond the largest")
  func ranks() {
    let features = Tensor(shape: [4, 2], values: [0.8, 0.6, 4, -3, 0.6, 0.8, -0.3, 0.4])
    let space = LabelledSpace(features: features, classes: [0, 0, 1, 1])
    let heldOut = Tensor(shape: [4, 2], values: [0.9, 0.5, 2, -1.8, 0.4, 0.9, -0.1, 0.4])
    let told = space.with(heldOut: space.measures(of: heldOut))
    // The held-out ones themselves lie at 1/5, 2/5, 3/5 and 4/5.
    let own = told.unlikeness(of: heldOut).sorted()
    for (value, expected) in zip(own.prefix(3), [0.2, 0.4, 0.6] as [Float]) {
      #expect(abs(value - expected) < 1e-4)
    }
    let far = told.unlikeness(of: Tensor(shape: [1, 2], values: [-1, -1]))[0]
    #expect(far > 0.8 && far < 1)
  }

  @Test("A dense class that nobody labelled, in the middle of a wide one, is found by its crowd")
  func crowds() {
    var random = RandomStream(4)
    let left = cloud([1, 0.35], 200, spread: 0.15, using: &random)
    let right = cloud([1, -0.35], 200, spread: 0.15, using: &random)
    let inside = cloud([1, 0.35], 150, spread: 0.06, using: &random)
    let known = Array(left[..<60] + right[..<60])
    let classes = (0..<120).map { $0 / 60 }
    let others = tensor(Array(left[60..<130] + right[60..<130] + inside[..<75]))
    let judged = tensor(Array(left[130...] + right[130...] + inside[75...]))
    func unlikeness(_ unlabelled: Tensor?) -> [Float] {
      var measures = Tensor([120, 4])
      for fold in 0..<4 {
        let (out, kept) = ((0..<120).filter { $0 % 4 == fold }, (0..<120).filter { $0 % 4 != fold })
        let space = LabelledSpace(
          features: tensor(kept.map { known[$0] }), classes: kept.map { classes[$0] },
          unlabelled: unlabelled)
        let found = space.measures(of: tensor(out.map { known[$0] }))
        for (row, place) in out.enumerated() {
          for column in 0..<4 {
            measures.values[4 * place + column] = found.values[4 * row + column]
          }
        }
      }
      return LabelledSpace(features: tensor(known), classes: classes, unlabelled: unlabelled)
        .with(heldOut: measures).unlikeness(of: judged)
    }
    let (without, with) = (unlikeness(nil), unlikeness(others))
    #expect(area(without[140...], without[..<140]) < 0.5)
    #expect(area(with[140...], with[..<140]) > 0.8)
  }

  @Test("What lies far from everything is unlike, whether unlabelled sources are known or not")
  func outliers() {
    var random = RandomStream(5)
    let known = tensor(cloud([1, 0], 100, spread: 0.2, using: &random))
    let others = tensor(cloud([1, 0], 100, spread: 0.2, using: &random))
    let held = tensor(cloud([1, 0], 100, spread: 0.2, using: &random))
    let far = tensor(cloud([-1, 0], 20, spread: 0.05, using: &random))
    for unlabelled in [nil, others] {
      let space = LabelledSpace(
        features: known, classes: [Int](repeating: 0, count: 100), unlabelled: unlabelled)
      let told = space.with(heldOut: space.measures(of: held))
      #expect(told.unlikeness(of: far).allSatisfy { $0 > 0.98 && $0 <= 1 })
    }
  }
}
