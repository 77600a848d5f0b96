import Morphology
import Tensor
import Testing

/// Sets of classes hold what they promise.
@Suite("Sets of classes") struct PredictionSetsTests {
  /// Sources whose true class has a probability about `sureness`, class by class.
  private func judged(_ counts: [Int], sureness: [Float], seed: UInt64) throws -> Evaluation {
    var random = RandomStream(seed)
    var truth: [Int] = []
    var values: [Float] = []
    for (place, count) in counts.enumerated() {
      for _ in 0..<count {
        truth.append(place)
        let own = min(
          0.999, max(0.001, sureness[place] + Float.random(in: -0.3...0.3, using: &random)))
        values += counts.indices.map { $0 == place ? own : (1 - own) / Float(counts.count - 1) }
      }
    }
    return try Evaluation(
      truth: truth, probabilities: Tensor(shape: [truth.count, counts.count], values: values))
  }

  /// What sources were given of their own class, by class.
  private func own(_ judged: Evaluation) -> [[Float]] {
    (0..<judged.probabilities.columns).map { place in
      judged.truth.indices.filter { judged.truth[$0] == place }
        .map { judged.probabilities.values[$0 * judged.probabilities.columns + place] }
    }
  }

  @Test func everyClassIsCoveredAsItWasAskedFor() throws {
    let sureness: [Float] = [0.7, 0.5, 0.4]
    for coverage in [0.8, 0.9] {
      let sets = try PredictionSets(
        coverage: coverage, heldOut: own(judged([2000, 1000, 500], sureness: sureness, seed: 1)))
      let new = try judged([3000, 3000, 3000], sureness: sureness, seed: 2)
      let found = new.coverage(of: sets)
      #expect(
        found.map(\.classIndex) == [0, 1, 2, nil]
          && found.map(\.sources) == [3000, 3000, 3000, 9000])
      for scores in found {
        #expect(abs(Double(scores.covered) / Double(scores.sources) - coverage) < 0.03)
        #expect(scores.right <= scores.decided && scores.decided <= scores.sources)
      }
    }
  }

  @Test func theThresholdIsTheRankThatConformalPredictionAsksFor() throws {
    // 29 sources of a class: of 30 places three are a tenth.
    let own = (1...29).map { Float($0) / 100 }
    let heldOut = [own, [Float](repeating: 0.5, count: 29)]
    let sets = try PredictionSets(coverage: 0.9, heldOut: heldOut)
    #expect(sets.thresholds == [0.03, 0.5])
    #expect(sets.classes(of: [0.03, 0.97]) == [0, 1] && sets.classes(of: [0.02, 0.4]).isEmpty)
    // Of both together none is rare enough for one in a hundred.
    #expect(try PredictionSets(coverage: 0.99, heldOut: heldOut).thresholds == [0, 0])
    #expect(throws: MorphologyError.self) { try PredictionSets(coverage: 1, heldOut: heldOut) }
  }

  @Test func aSmallClassTakesTheThresholdOfTheMostAlike() throws {
    let heldOut = own(try judged([400, 400, 5], sureness: [0.7, 0.35, 0.37], seed: 3))
    let sets = try PredictionSets(coverage: 0.9, heldOut: heldOut)
    #expect(sets.thresholds[2] <= sets.thresholds[1] + 0.02)
    #expect(sets.thresholds[0] > sets.thresholds[1] + 0.2)
    // No class is like it: the least of its own probabilities counts.
    let alone = own(try judged([400, 400, 5], sureness: [0.7, 0.65, 0.31], seed: 4))
    let low = try PredictionSets(coverage: 0.9, heldOut: alone).thresholds
    #expect(low[2] <= 0.61 && low[2] < low[1])
  }

  @Test func partsAreDividedByTheirQuantiles() throws {
    let evaluation = try judged([100, 100], sureness: [0.6, 0.6], seed: 4)
    let measure: [Double?] = (0..<200).map { $0 % 20 == 0 ? nil : Double($0) }
    let parts = try PartedCalibration(evaluation, by: measure).parts
    #expect(parts.count == 4 && parts.reduce(0) { $0 + $1.confusion.total } == 190)
    #expect(parts.allSatisfy { (45...50).contains($0.confusion.total) })
    #expect(parts[0].range.lowerBound == 1 && parts[3].range.upperBound == 199)
    #expect(zip(parts, parts.dropFirst()).allSatisfy { $0.range.upperBound < $1.range.lowerBound })
    // As much of it is in the same part, and of nothing known there is none.
    #expect(
      try PartedCalibration(evaluation, by: .init(repeating: 3, count: 200)).parts.count == 1)
    #expect(
      try PartedCalibration(evaluation, by: .init(repeating: nil, count: 200)).parts.isEmpty)
  }
}
