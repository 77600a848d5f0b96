import Foundation
import Morphology
import NeuralNetwork
import Stages
import StagesSupport
import TestSupport
import Testing

/// Ways to learn labels, compared from database rows.
@Suite("Cross-validation of surveys") struct CrossValidationTests {
  @Test func everyWayIsJudgedOnAllLabelledSources() async throws {
    let toy = try await SyntheticSurvey(60)
    try await toy.label(Array(0..<48))
    let report = try await toy.workplace.perform(CrossValidationStage.toy())
    #expect(report.metrics.images == 60)
    #expect(report.metrics.results.map(\.share) == [0.5, 0.5, 1, 1])
    for result in report.metrics.results {
      #expect(result.task == "toy" && result.sources == 48)
      #expect(result.accuracy > 0.4, "three classes: chance is a third")
      #expect((0...1).contains(result.calibrationError) && result.accuracySpread != nil)
    }
    let again = try await toy.workplace.perform(CrossValidationStage.toy())
    #expect(again.alreadyDone && again.run == report.run)
  }

  @Test func whatIsAskedForOtherwiseIsAnotherRun() async throws {
    let toy = try await SyntheticSurvey(36)
    try await toy.label(Array(0..<30))
    let first = try await toy.workplace.perform(CrossValidationStage.toy())
    var other = CrossValidationStage.toy()
    other.options.pretraining.views.structural = nil
    let second = try await toy.workplace.perform(other)
    #expect(first.run != second.run)
    try await toy.label(Array(30..<36))
    let third = try await toy.workplace.perform(CrossValidationStage.toy())
    #expect(third.run != first.run, "the labels are another input now")
  }

  @Test func aTaskWithoutLabelsIsRefused() async throws {
    let toy = try await SyntheticSurvey(12)
    await #expect(throws: (any Error).self) {
      try await toy.workplace.perform(CrossValidationStage.toy())
    }
  }
}
