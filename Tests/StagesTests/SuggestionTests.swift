import Astronomy
import Catalogue
import Foundation
import Morphology
import PostgreSQL
import Stages
import StagesSupport
import Synchronization
import Tables
import TestSupport
import Testing

/// Suggestions, and simulated annotators, on a small survey.
@Suite("Suggestions from the database") struct SuggestionStageTests {
  private func embedded(_ count: Int, clusters: Int = 6) async throws -> SyntheticSurvey {
    let toy = try await SyntheticSurvey(count)
    _ = try await toy.workplace.perform(PretrainStage.toy(1))
    _ = try await toy.workplace.perform(EmbedStage(survey: "toy"))
    var stage = ClusterStage(survey: "toy")
    stage.options.clusters = clusters
    _ = try await toy.workplace.perform(stage)
    _ = try await toy.workplace.database.with {
      try ClassScheme.add(named: "toy", classes: SyntheticSurvey.classes, in: $0)
    }
    return toy
  }

  private func request(_ count: Int) -> LabelSuggestion {
    var request = LabelSuggestion(survey: "toy")
    request.scheme = "toy"
    request.count = count
    return request
  }

  @Test func aSheetOfSuggestionsComesBackAsLabels() async throws {
    let toy = try await embedded(45)
    try await withTemporaryFolder { folder in
      let sheet = folder + "/sheet.csv"
      let first = try await toy.workplace.suggestSources(request(30))
      #expect(Set(first.map(\.source)).count == 30)
      #expect(first.allSatisfy { Set($0.company).count == 8 && !$0.company.contains($0.source) })
      #expect(first.allSatisfy { $0.guess == nil && $0.cluster != nil && $0.ra != nil })
      try toy.workplace.writeSheet(first, to: sheet)
      let table = try openTable(sheet)
      #expect(table.columns.map(\.name).contains("class"))
      #expect(try openTable(sheet).rows().count == 30)

      let truth = folder + "/truth.csv"
      let lines = (0..<45).map { "\(SyntheticSurvey.name($0)),\(SyntheticSurvey.classes[$0 % 3])" }
      try (["name,class"] + lines).joined(separator: "\n")
        .write(toFile: truth, atomically: true, encoding: .utf8)
      var options = LabelImport(survey: "toy")
      options.scheme = "toy"
      let labelled = try await toy.workplace.perform(
        LabelImportStage(file: truth, only: sheet, options))
      #expect(labelled.metrics.labels == 30)

      let next = try await toy.workplace.suggestSources(request(99))
      #expect(next.count == 15)
      #expect(Set(next.map(\.source)).isDisjoint(with: first.map(\.source)))
      #expect(next.allSatisfy { SyntheticSurvey.classes.contains($0.guess ?? "") })
    }
  }

  @Test func clustersAreRankedByWhatLabelsHaveNotCovered() async throws {
    let toy = try await embedded(45)
    let before = try await toy.workplace.suggestClusters(request(99))
    #expect(before.count <= 6 && abs(before.reduce(0) { $0 + $1.need } - 1) < 1e-6)
    #expect(before.map(\.need) == before.map(\.need).sorted(by: >))
    let most = try #require(before.first?.cluster.cluster)
    // All of the neediest cluster gets a label: nothing in it is left to be known.
    let names = try await toy.texts(
      """
      SELECT name FROM reber.cluster_member JOIN reber.source USING (survey_id, source_id)
      WHERE cluster = \(Int32(most))
      """)
    try await toy.label(names.compactMap { Int($0.dropFirst(3)) })
    let after = try await toy.workplace.suggestClusters(request(99))
    let same = try #require(after.first { $0.cluster.cluster == most })
    #expect(same.need < 1e-6 && same.cluster.labelled == same.cluster.members)
    let purity = try #require(same.cluster.purity)
    #expect(purity.lower == purity.share && purity.upper == purity.share)
  }

  @Test func predictionsSayWhatIsInDoubt() async throws {
    let toy = try await embedded(45)
    try await toy.label(Array(0..<30))
    _ = try await toy.workplace.perform(FinetuneStage.toy())
    _ = try await toy.workplace.perform(ClassifyStage(survey: "toy"))
    let found = try await toy.workplace.suggestSources(request(5))
    #expect(found.count == 5)
    for source in found {
      let said = try await toy.workplace.database.with { database in
        try database.row(
          """
          SELECT class.name, probabilities FROM reber.prediction
          JOIN reber.source USING (survey_id, source_id)
          JOIN reber.class USING (class_scheme_id, class_id)
          WHERE source.name = \(source.source)
          """, as: String.self, [Float].self)
      }
      let sorted = said.1.sorted(by: >)
      #expect(source.guess == said.0)
      #expect(abs(source.doubt - (1 - sorted[0] + sorted[1])) < 1e-5)
    }
  }

  @Test func annotatorsAreSimulated() async throws {
    let toy = try await embedded(90)
    try await toy.label(Array(0..<90))
    var simulation = LabelSimulation(survey: "toy")
    simulation.truth.scheme = "toy"
    simulation.counts = [6, 12, 24]
    simulation.repeats = 3
    simulation.batch = 6
    simulation.clusters = 8
    simulation.options.variety = 6
    let labels = try await toy.numbers("SELECT count(*) FROM reber.label")
    let found = try await toy.workplace.simulateLabels(simulation)
    #expect(found.sources == 90 && found.heldOut == 30)
    #expect(found.byClass == ["blob": 30, "double": 30, "ring": 30])
    #expect(found.outcomes.map(\.strategy) == LabelSimulation.Strategy.allCases)
    for outcome in found.outcomes.dropLast() { #expect(outcome.labels == [6, 12, 24]) }
    // Sources that look alike are labelled together, and no more than there are.
    let grouped = try #require(found.outcomes.last?.labels)
    #expect(grouped[0] > 6 && grouped[2] <= 60, "\(grouped)")
    for outcome in found.outcomes {
      #expect(outcome.curve.scores.count == 3)
      #expect(outcome.macroF1.allSatisfy { 0...1 ~= $0 })
      // Three classes alike: chance would give a third.
      #expect(outcome.macroF1[2] > 0.45, "\(outcome.strategy): \(outcome.macroF1)")
    }
    #expect(found.outcomes[0].needs.allSatisfy { abs($0.ratio - 1) < 1e-9 })
    #expect(try await toy.numbers("SELECT count(*) FROM reber.label") == labels)
    let again = try await toy.workplace.simulateLabels(simulation)
    #expect(again.outcomes.map(\.curve) == found.outcomes.map(\.curve))
  }

  /// Nothing that takes its time is silent: what is read, and what is judged, is told to the end.
  @Test func aForecastSaysHowFarItIs() async throws {
    let toy = try await embedded(45)
    try await toy.label(Array(0..<30))
    let told = Told()
    let place = Workplace(
      database: toy.workplace.database, user: toy.workplace.user, progress: told)
    var forecast = LabelForecast(survey: "toy")
    forecast.scheme = "toy"
    let found = try await place.forecastLabels(forecast)
    #expect(found.labels == 30 && found.points.map(\.labels) == [30, 80, 130, 230])
    #expect(
      told.last == ["reading embeddings": [45, 45], "judging parts of the labels": [162, 162]])
  }

  /// Keeps the last that was told of each kind of work.
  private final class Told: ProgressDisplay {
    private let kept = Mutex<[String: [Int]]>([:])

    var last: [String: [Int]] { kept.withLock { $0 } }

    func update(_ what: String, done: Int, of total: Int, detail: String?) {
      kept.withLock { $0[what] = [done, total] }
    }

    func note(_ text: String) {}
  }

  @Test func tooFewTrueClassesAreRefused() async throws {
    let toy = try await embedded(30)
    try await toy.label(Array(0..<30))
    var simulation = LabelSimulation(survey: "toy")
    simulation.truth.scheme = "toy"
    simulation.counts = [25]
    await #expect(throws: LearnError.self) { try await toy.workplace.simulateLabels(simulation) }
  }
}
