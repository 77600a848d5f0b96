import Morphology
import Tensor
import Testing

@Suite("Tags that are judged") struct TagEvaluationTests {
  @Test func thresholdsGiveTheGreatestF1() throws {
    let nan = Float.nan
    // The first tag: said from 0.35 on, three right of four; the second never applies, the third is not known.
    let truth = Tensor(
      shape: [5, 3], values: [1, 0, nan, 0, 0, nan, 1, 0, nan, 1, 0, nan, 0, 0, nan])
    let probabilities = Tensor(
      shape: [5, 3],
      values: [0.9, 0.2, 0.5, 0.6, 0.9, 0.5, 0.5, 0.1, 0.5, 0.4, 0.1, 0.5, 0.3, 0.1, 0.5])
    let thresholds = bestThresholds(truth: truth, probabilities: probabilities)
    #expect(abs(thresholds[0] - 0.35) < 1e-6 && thresholds[1] == 0.5 && thresholds[2] == 0.5)
    let judged = try TagEvaluation(
      truth: truth, probabilities: probabilities, thresholds: thresholds)
    let first = judged.scores()[0]
    #expect(first.support == 3 && first.predicted == 4 && abs(first.f1 - 6.0 / 7) < 1e-12)
    #expect(judged.scores()[1].predicted == 1 && judged.scores()[2].support == 0)
    // The second says something wrong, and counts; of the third nobody knows.
    #expect(abs(judged.macroF1 - 3.0 / 7) < 1e-12)
    #expect(abs(judged.accuracy - 0.8) < 1e-12)
    let intervals = try #require(judged.intervals(BoundOptions()))
    #expect(intervals.tags[0].low <= first.f1 && first.f1 <= intervals.tags[0].high)
  }

  /// A fold's own truth does not choose its threshold.
  @Test func thresholdsComeFromTheOtherFolds() throws {
    let truth = Tensor(shape: [4, 1], values: [1, 0, 1, 0])
    let probabilities = Tensor(shape: [4, 1], values: [0.9, 0.8, 0.4, 0.1])
    let judged = try TagEvaluation(
      truth: truth, probabilities: probabilities, folds: [0, 0, 1, 1])
    // Fold 0 is judged by 0.25, which says both of it; fold 1 by 0.85, which says neither.
    #expect(judged.scores()[0].predicted == 2 && abs(judged.scores()[0].f1 - 0.5) < 1e-12)
    #expect(judged.probabilities.values == probabilities.values)
  }
}
