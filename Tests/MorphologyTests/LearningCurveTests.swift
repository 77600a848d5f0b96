import Foundation
import Morphology
import Testing

@Suite("Learning curves") struct LearningCurveTests {
  private let slow = LearningCurve(
    counts: [10, 20, 40], scores: [[0.4, 0.5, 0.6], [0.6, 0.7, 0.8]])

  @Test("Means are over the repeats, and intervals hold them") func means() {
    for (mean, expected) in zip(slow.means, [0.5, 0.6, 0.7]) {
      #expect(abs(mean - expected) < 1e-12)
    }
    for (mean, interval) in zip(slow.means, slow.intervals(seed: 1)) {
      #expect(interval.low <= mean && mean <= interval.high)
      // With two repeats a mean of draws is one of them or their middle.
      #expect(abs(interval.high - interval.low - 0.2) < 1e-9)
    }
  }

  @Test("Labels needed are read off the curve") func needs() {
    let fast = LearningCurve(
      counts: [10, 20, 40], scores: [[0.45, 0.66, 0.66], [0.65, 0.76, 0.76]])
    let needs = fast.needs(against: slow, seed: 1)
    // 0.5 lies below the curve; 0.6 lies 5/16 of the way from 0.55 at 10 to 0.71 at 20, 0.7 lies 15/16.
    #expect(needs[0].bound == .atMost && needs[0].labels == 10)
    #expect(needs[1].bound == .within)
    #expect(abs(needs[1].labels - 10 * pow(2, 5 / 16.0)) < 1e-9)
    #expect(abs(needs[1].ratio - needs[1].labels / 20) < 1e-12)
    #expect(abs(needs[2].labels - 10 * pow(2, 15 / 16.0)) < 1e-9)
    #expect(needs[1].interval.low <= needs[1].ratio && needs[1].ratio <= needs[1].interval.high)
  }

  @Test("What a curve never reaches needs more labels than were tried") func beyond() {
    let weak = LearningCurve(counts: [10, 40], scores: [[0.1, 0.65]])
    let needs = weak.needs(
      against: LearningCurve(counts: [10, 40], scores: [[0.1, 0.7]]), seed: 1)
    #expect(needs[0].bound == .within && needs[0].ratio == 1)
    #expect(needs[1].bound == .moreThan && needs[1].labels == 40)
  }

  @Test("A curve needs as many labels as itself") func same() {
    for need in slow.needs(against: slow, seed: 1) {
      #expect(abs(need.ratio - 1) < 1e-12 && abs(need.interval.high - 1) < 1e-12)
    }
  }
}
