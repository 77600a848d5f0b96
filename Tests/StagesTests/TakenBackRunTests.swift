import Catalogue
import Morphology
import PostgreSQL
import Stages
import StagesSupport
import TestSupport
import Testing

/// What stages wrote is taken back as if they had never run.
@Suite struct TakenBackRunTests {
  private func digests(_ survey: SyntheticSurvey) async throws -> [String] {
    try await survey.workplace.database.with { database in
      try TableDigest.all(in: database)
        .filter { !$0.table.hasPrefix("reber.correction") && $0.table != "reber.label_taken_back" }
        .map { "\($0)" }
    }
  }

  @Test func allThatRestsOnAnEncoderGoesWithIt() async throws {
    let survey = try await SyntheticSurvey(24)
    try await survey.label(Array(0..<24))
    let before = try await digests(survey)
    let place = survey.workplace
    let encoder = try await place.perform(PretrainStage.toy())
    _ = try await place.perform(EmbedStage(survey: "toy"))
    var clusters = ClusterStage(survey: "toy")
    clusters.options.clusters = 3
    let clustering = try await place.perform(clusters)
    let classifier = try await place.perform(FinetuneStage.toy())
    let classified = try await place.perform(ClassifyStage(survey: "toy"))
    var publishing = Publishing(survey: "toy")
    publishing.anyway = true
    let published = try await place.perform(publishing)
    let runs = [
      encoder.run, encoder.run + 1, clustering.run, classifier.run, classified.run, published.run,
    ]

    var asked = TakingBack(.run(encoder.run))
    let refused = asked
    let error = await #expect(throws: CatalogueError.self) {
      try await place.database.with { try refused.perform(by: place.user, in: $0) }
    }
    #expect("\(try #require(error))".contains("run \(classified.run) (classify)"))
    asked.withLater = true
    let taking = asked
    let foreseen = try await place.database.with { try taking.loss(by: place.user, in: $0) }
    let loss = try await place.database.with { try taking.perform(by: place.user, in: $0) }
    #expect(
      foreseen.rows == loss.rows && foreseen.runs == loss.runs
        && loss.runs.map(\.run) == runs.reversed())
    #expect(loss.rows["reber.model"] == 2 && loss.rows["reber.prediction"] == 24)
    #expect(loss.labels == 0)
    let after = try await digests(survey)
    #expect(Set(before).symmetricDifference(after) == [])
    // The same work is done anew, and comes to the same.
    let again = try await place.perform(PretrainStage.toy())
    #expect(!again.alreadyDone && again.run > published.run)
  }
}
