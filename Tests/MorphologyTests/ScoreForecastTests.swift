import Morphology
import Tensor
import Testing

/// What more labels will give is told within an interval that holds.
@Suite("Forecast of a score") struct ScoreForecastTests {
  /// Points of three classes that overlap, in random order, on about the unit sphere.
  private func cloud(_ count: Int, seed: UInt64) -> (points: Tensor, truth: [Int]) {
    var random = RandomStream(seed)
    let truth = (0..<count).map { _ in [0, 0, 0, 1, 1, 2].randomElement(using: &random) ?? 0 }
    let values = truth.flatMap { own -> [Float] in
      (0..<12).map { 0.25 * random.normal() + ($0 == own ? 0.4 : 0) }
    }
    return (Tensor(shape: [count, 12], values: values), truth)
  }

  private func score(_ cloud: (points: Tensor, truth: [Int]), labels: Int) throws -> Double {
    let rows = Array(0..<labels)
    let probe = try LinearProbe(
      cloud.points.rows(at: rows), truth: Array(cloud.truth.prefix(labels)), classes: 3)
    let held = Array(400..<cloud.truth.count)
    let judged = try Evaluation(
      truth: held.map { cloud.truth[$0] },
      probabilities: probe.probabilities(of: cloud.points.rows(at: held)))
    return judged.confusion().macro.f1
  }

  @Test func theScoreLiesWithinTheInterval() throws {
    var held = 0
    for seed in 1...12 {
      let cloud = cloud(2000, seed: UInt64(seed))
      let forecast = try ScoreForecast(
        cloud.points.rows(at: Array(0..<80)), truth: Array(cloud.truth.prefix(80)), classes: 3)
      #expect(forecast.points.map(\.labels) == [80, 130, 180, 280])
      for point in forecast.points.dropFirst() {
        #expect(point.interval.low <= point.score && point.score <= point.interval.high)
        let found = try score(cloud, labels: point.labels)
        held += (point.interval.low...point.interval.high).contains(found) ? 1 : 0
      }
    }
    #expect(held >= 29, "\(held) of 36")
  }

  @Test func fewLabelsTellNothing() throws {
    let cloud = cloud(20, seed: 1)
    #expect(throws: MorphologyError.self) {
      try ScoreForecast(cloud.points, truth: cloud.truth, classes: 3)
    }
  }
}
