import Catalogue
import Morphology
import NeuralNetwork
import PostgreSQL
import References
import Stages
import StagesSupport
import Testing

/// Ranks are threads here, each with a connection of its own; what mpirun starts, RanksProgramTests try.
@Suite("Stages that several ranks do") struct RanksTests {
  /// What the first rank reports, where the others help it.
  private func report<S: Stage>(
    _ stage: S, of survey: SyntheticSurvey, ranks count: Int, limits: TrainingLimits = .init(),
    again: Bool = false
  ) async throws -> StageReport<S.Metrics> {
    let address = survey.address
    let reports = try await ThreadRanks.run(count) { ranks -> StageReport<S.Metrics>? in
      let place = Workplace(
        database: try await Database(address), user: survey.workplace.user, progress: Silence(),
        again: again, limits: limits, ranks: ranks)
      if ranks.isFirst { return try await place.perform(stage) }
      try await place.assist(stage)
      return nil
    }
    #expect(reports.dropFirst().allSatisfy { $0 == nil })
    return try #require(reports[0])
  }

  private func losses(_ run: Int, of survey: SyntheticSurvey) async throws -> [Double] {
    try await survey.workplace.database.with {
      try $0.rows(
        "SELECT value FROM reber.training_curve WHERE run_id = \(run) ORDER BY series, step",
        as: Double.self)
    }
  }

  @Test("Pre-training: one run, the losses of one process, all images; the same again is done")
  func pretrains() async throws {
    let survey = try await SyntheticSurvey(36)
    var stage = PretrainStage.toy()
    // Of the toy's own network all views look alike at first, and rounding decides what it learns.
    stage.learning.architecture.blocks = [1, 1]
    stage.learning.architecture.stemStride = 1
    stage.learning.rate = 0.01
    let alone = try await survey.workplace.perform(stage)
    #expect(alone.metrics.ranks == nil)
    #expect(try await report(stage, of: survey, ranks: 2).alreadyDone)
    // What does not fit in memory each rank reads as it needs it.
    for memory in [TrainingLimits().imageMemory, 0] {
      var limits = TrainingLimits()
      limits.imageMemory = memory
      let shared = try await report(stage, of: survey, ranks: 3, limits: limits, again: true)
      #expect(shared.metrics.ranks == 3 && shared.metrics.sources == 36)
      let (found, expected) = (
        try await losses(shared.run, of: survey), try await losses(alone.run, of: survey)
      )
      #expect(found.count == expected.count && found.count == shared.metrics.steps)
      for (a, b) in zip(found, expected) { #expect(abs(a - b) < 1e-4) }
      let same = try await survey.numbers(
        """
        SELECT count(*)
        FROM reber.training_source AS a JOIN reber.training_source AS b
            USING (survey_id, source_id, cutout_id)
        WHERE a.run_id = \(alone.run) AND b.run_id = \(shared.run)
        """)
      #expect(same == [36])
    }
    #expect(
      try await survey.numbers("SELECT count(*) FROM reber.run WHERE stage = 'pretrain'") == [3])
  }

  @Test("Fine-tuning: one run with the folds and the scores of one process")
  func fineTunes() async throws {
    let survey = try await SyntheticSurvey(36)
    try await survey.label(Array(0..<30))
    _ = try await survey.workplace.perform(PretrainStage.toy())
    let alone = try await survey.workplace.perform(FinetuneStage.toy())
    let shared = try await report(FinetuneStage.toy(), of: survey, ranks: 2, again: true)
    #expect(shared.metrics.ranks == 2 && shared.metrics.labels == alone.metrics.labels)
    for (a, b) in zip(
      try await losses(shared.run, of: survey), try await losses(alone.run, of: survey))
    { #expect(abs(a - b) < 1e-2) }
    let folds = try await survey.numbers(
      """
      SELECT count(*)
      FROM reber.training_source AS a JOIN reber.training_source AS b
          USING (survey_id, source_id, fold)
      WHERE a.run_id = \(alone.run) AND b.run_id = \(shared.run)
      """)
    #expect(folds == [30])
  }
}
