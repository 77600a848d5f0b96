import Foundation
import Morphology
import Tensor
import Testing

@Suite("Comparing two samples")
struct TwoSampleTests {
  private func normal(_ count: Int, _ dimensions: Int, shift: Float = 0, seed: UInt64) -> Tensor {
    var random = RandomStream(seed)
    return Tensor(
      shape: [count, dimensions],
      values: (0..<count * dimensions).map { _ in random.normal() + shift })
  }

  @Test("The energy distance of points on a line, by hand")
  func energyByHand() throws {
    // 2·(1+3+0+2)/4 − (0+1+1+0)/4 − (0+2+2+0)/4 = 3 − 0.5 − 1, and 3 is the largest.
    let test = try EnergyTest(
      Tensor(shape: [2, 1], values: [0, 1]), Tensor(shape: [2, 1], values: [1, 3]),
      permutations: 9)
    #expect(abs(test.distance - 1.5) < 1e-6)
    #expect(abs(test.inhomogeneity - 0.5) < 1e-6)
  }

  @Test("The energy distance of samples of other sizes is the sum over all pairs")
  func energyByPairs() throws {
    let (a, b) = (normal(17, 3, seed: 1), normal(30, 3, shift: 0.5, seed: 2))
    func distance(_ x: ArraySlice<Float>, _ y: ArraySlice<Float>) -> Double {
      var squares = 0.0
      for (p, q) in zip(x, y) { squares += Double(p - q) * Double(p - q) }
      return squares.squareRoot()
    }
    func mean(_ a: Tensor, _ b: Tensor) -> Double {
      var sum = 0.0
      for i in 0..<a.rows { for j in 0..<b.rows { sum += distance(a.row(i), b.row(j)) } }
      return sum / Double(a.rows * b.rows)
    }
    let test = try EnergyTest(a, b, permutations: 19)
    #expect(abs(test.distance - (2 * mean(a, b) - mean(a, a) - mean(b, b))) < 1e-5)
    #expect(abs(test.inhomogeneity - test.distance / (2 * mean(a, b))) < 1e-5)
  }

  @Test("Under one distribution p-values are even: Kolmogorov's distance of 300 stays below 0.094")
  func evenPValues() throws {
    // 1.63 / √300, exceeded by chance once in a hundred; seeds are fixed.
    let values = try (0..<300).map { round in
      let first = normal(20, 4, seed: UInt64(1000 + round))
      let second = normal(25, 4, seed: UInt64(5000 + round))
      return try EnergyTest(first, second, permutations: 99, seed: UInt64(round)).pValue
    }.sorted()
    var gap = 0.0
    for (index, value) in values.enumerated() {
      gap = max(gap, abs(value - Double(index) / 300), abs(value - Double(index + 1) / 300))
    }
    #expect(gap < 0.094)
    #expect(values[0] >= 0.01)
  }

  @Test("A shift of the mean is found, and a change of scale alone")
  func differences() throws {
    let start = normal(60, 5, seed: 1)
    #expect(try EnergyTest(start, normal(60, 5, shift: 1, seed: 2)).pValue < 0.005)
    let wide = normal(60, 5, seed: 3)
    let wider = Tensor(shape: wide.shape, values: wide.values.map { 3 * $0 })
    #expect(try EnergyTest(start, wider).pValue < 0.005)
  }

  @Test("What lies outside: 1% of the same distribution, all of another far away")
  func outside() throws {
    let reference = normal(2000, 2, seed: 1)
    let same = try Outside(normal(2000, 2, seed: 2), of: reference)
    #expect(same.share > 0.002 && same.share < 0.02)
    let far = try Outside(normal(50, 2, shift: 100, seed: 3), of: reference)
    #expect(far.share == 1 && far.rows.count == 50)
    let line = Tensor(shape: [3, 1], values: [0, 1, 3])
    let single = try Outside(Tensor(shape: [2, 1], values: [2, 9]), of: line, level: 1)
    #expect(single.radius == 2 && single.share == 0.5 && single.rows == [1])
  }

  @Test("The shift of classes by hand, and its p-value")
  func balance() throws {
    let shift = try BalanceShift([60, 40, 0], [30, 50, 20])
    #expect(abs(shift.totalVariation - 0.3) < 1e-9)
    #expect(shift.pValue == 0.001)
    #expect(try BalanceShift([50, 50], [26, 24]).pValue > 0.5)
    #expect(throws: MorphologyError.self) { try BalanceShift([0, 0], [1, 2]) }
  }
}
