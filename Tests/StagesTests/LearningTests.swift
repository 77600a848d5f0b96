import Astronomy
import Catalogue
import Digest
import Foundation
import Morphology
import NeuralNetwork
import PostgreSQL
import Stages
import StagesSupport
import Tables
import Tensor
import TestSupport
import Testing

/// The stages of learning on a small survey, by the same calls as the commands make.
@Suite("Stages of learning") struct LearningTests {
  @Test func aSurveyBecomesACatalogue() async throws {
    let toy = try await SyntheticSurvey(60)
    let place = toy.workplace
    let trained = try await place.perform(PretrainStage.toy())
    #expect(trained.metrics.sources == 60 && trained.metrics.steps == 9)
    let embedded = try await place.perform(EmbedStage(survey: "toy"))
    #expect(embedded.metrics.added == 60 && embedded.metrics.dimensions == 64)
    var clustering = ClusterStage(survey: "toy")
    clustering.options.clusters = 8
    let clustered = try await place.perform(clustering)
    #expect(clustered.metrics.sources == 60 && clustered.metrics.clusters <= 8)
    try await toy.label(Array(0..<30))
    let tuned = try await place.perform(FinetuneStage.toy())
    #expect(
      tuned.metrics.labels == 30 && tuned.metrics.byClass == ["blob": 10, "double": 10, "ring": 10])
    let classified = try await place.perform(ClassifyStage(survey: "toy"))
    #expect(classified.metrics.sources == 60)

    try await toy.label(Array(30..<60))
    let evaluated = try await place.perform(EvaluateStage(survey: "toy"))
    #expect(evaluated.metrics.sources == 30 && evaluated.metrics.learned == 30)
    #expect(evaluated.metrics.seenUnlabelled == 30)
    #expect(evaluated.metrics.confusion.reduce(0) { $0 + $1.sources } == 30)
    #expect(evaluated.metrics.scores.count == 12)
    #expect(evaluated.metrics.largestShare.map { abs($0 - 1.0 / 3) < 1e-9 } == true)
    #expect(evaluated.metrics.notCheckable == 0)

    // Nine steps learn next to nothing, and that is said.
    #expect(trained.metrics.warnings?.count == 1)
    await #expect(throws: LearnError.self) {
      try await place.perform(Publishing(survey: "toy"))
    }
    var publishing = Publishing(survey: "toy")
    publishing.anyway = true
    let published = try await place.perform(publishing)
    #expect(published.metrics.rows == 60)
    let sums = try await toy.numbers(
      "SELECT count(*) FROM catalogue.toy WHERE abs(p_blob + p_double + p_ring - 1) < 1e-5")
    #expect(sums == [60])
    let best = try await toy.numbers(
      "SELECT count(*) FROM catalogue.toy WHERE probability = greatest(p_blob, p_double, p_ring)")
    #expect(best == [60])
    let unlike = try await toy.numbers(
      "SELECT count(*) FROM catalogue.toy WHERE unlikeness BETWEEN 0 AND 1")
    #expect(unlike == [60])
    try await exportsAreAlike(toy)
  }

  /// FITS takes the server's bytes, CSV its lines, VOTables take values: they are the same.
  private func exportsAreAlike(_ toy: SyntheticSurvey) async throws {
    var tables: [[[String]]] = []
    for ending in [".vot", ".fits", ".csv"] {
      let path = TestServer.folder + "/toy-\(UUID())" + ending
      let report = try await toy.workplace.export("toy", to: path)
      #expect(report.metrics.rows == 60)
      // In text, 0 is an integer, and a float of 32 bits another double.
      tables.append(
        try openTable(path).rows().map { row in
          row.map { value in value.number.map { "\(Float($0))" } ?? "\(value)" }
        })
    }
    #expect(tables[0].count == 60 && tables[0] == tables[1] && tables[0] == tables[2])
  }

  @Test func whatComputedIsKeptAndAChoiceOfPrecisionRepeatsNothing() async throws {
    let toy = try await SyntheticSurvey(24)
    let place = toy.workplace
    let trained = try await place.perform(PretrainStage.toy(1))
    let embedded = try await place.perform(EmbedStage(survey: "toy"))
    let way = place.engine.way(of: .float32)
    #expect(trained.metrics.computed == way && embedded.metrics.computed == way)
    // Done in float32 before: another precision that nobody asked for is no reason to do it again.
    var training = PretrainStage.toy(1)
    (training.learning.precision, training.choosesPrecision) = (.bfloat16, true)
    let again = try await place.perform(training)
    #expect(again.alreadyDone && again.run == trained.run)
    var embedding = EmbedStage(survey: "toy")
    (embedding.precision, embedding.choosesPrecision) = (.bfloat16, true)
    #expect(try await place.perform(embedding).run == embedded.run)
  }

  @Test func withoutPositionsALeakIsNotCheckable() async throws {
    let toy = try await SyntheticSurvey(36)
    try await toy.workplace.database.with {
      _ = try $0.execute("UPDATE reber.source SET ra = NULL, dec = NULL")
    }
    _ = try await toy.workplace.perform(PretrainStage.toy(1))
    try await toy.label(Array(0..<18))
    let tuned = try await toy.workplace.perform(FinetuneStage.toy())
    #expect(tuned.metrics.notCheckable == 18)
    _ = try await toy.workplace.perform(ClassifyStage(survey: "toy"))
    try await toy.label(Array(18..<36))
    let evaluated = try await toy.workplace.perform(EvaluateStage(survey: "toy"))
    #expect(evaluated.metrics.sources == 18 && evaluated.metrics.notCheckable == 18)
  }

  @Test func aClassifierOfBeforeUnlikenessStillClassifies() async throws {
    let toy = try await SyntheticSurvey(24)
    _ = try await toy.workplace.perform(PretrainStage.toy(1))
    try await toy.label(Array(0..<18))
    let model = try await toy.workplace.perform(FinetuneStage.toy()).metrics.model
    try await toy.workplace.database.with { database in
      let weights = try database.row(
        "SELECT weights FROM reber.model_weights WHERE model_id = \(model)", as: [UInt8].self)
      let tensors = try decodeSafetensors(weights).tensors
      #expect(tensors["labelled.held_out"]?.rows == 18)
      let older = encodeSafetensors(tensors.filter { !$0.key.hasPrefix("labelled.") })
      try database.forge(
        "UPDATE reber.model_weights SET weights = \(older) WHERE model_id = \(model)")
    }
    let classified = try await toy.workplace.perform(ClassifyStage(survey: "toy")).metrics
    #expect(classified.sources == 24 && classified.unlike == nil)
    var publishing = Publishing(survey: "toy")
    publishing.anyway = true
    _ = try await toy.workplace.perform(publishing)
    let unknown = try await toy.numbers(
      "SELECT count(*) FROM catalogue.toy WHERE unlikeness IS NULL")
    #expect(unknown == [24])
  }

  @Test func theSameWorkIsDoneOnce() async throws {
    let toy = try await SyntheticSurvey(24)
    let first = try await toy.workplace.perform(PretrainStage.toy())
    let second = try await toy.workplace.perform(PretrainStage.toy())
    #expect(!first.alreadyDone && second.alreadyDone && first.run == second.run)
    var other = PretrainStage.toy()
    other.learning.seed = 2
    let third = try await toy.workplace.perform(other)
    #expect(third.run != first.run && third.metrics.model != first.metrics.model)
  }

  @Test func theSameSeedGivesTheSameBytes() async throws {
    var digests: [String] = []
    for _ in 0..<2 {
      let toy = try await SyntheticSurvey(24)
      _ = try await toy.workplace.perform(PretrainStage.toy())
      try await toy.label(Array(0..<24))
      _ = try await toy.workplace.perform(FinetuneStage.toy())
      digests += try await toy.texts("SELECT sha256 FROM reber.model ORDER BY model_id")
    }
    #expect(digests.count == 4)
    #expect(Array(digests[..<2]) == Array(digests[2...]))
  }

  @Test func imagesThatDoNotFitInMemoryTeachTheSame() async throws {
    let toy = try await SyntheticSurvey(24)
    var limits = TrainingLimits()
    limits.imageMemory = 0
    let place = Workplace(
      database: toy.workplace.database, user: toy.workplace.user, progress: Silence(), again: true,
      limits: limits)
    let runs = [
      try await toy.workplace.perform(PretrainStage.toy()).run,
      try await place.perform(PretrainStage.toy()).run,
    ]
    #expect(Set(runs).count == 2)
    #expect(try await toy.numbers("SELECT count(DISTINCT sha256) FROM reber.model") == [1])
    #expect(try await toy.numbers("SELECT count(*) FROM reber.training_source") == [48])
  }

  @Test func labelsOfOtherSourcesDoNotSufficeToJudge() async throws {
    let toy = try await SyntheticSurvey(24)
    _ = try await toy.workplace.perform(PretrainStage.toy(1))
    try await toy.label(Array(0..<24))
    _ = try await toy.workplace.perform(FinetuneStage.toy())
    _ = try await toy.workplace.perform(ClassifyStage(survey: "toy"))
    await #expect(throws: LearnError.nothingHeldOut(survey: "toy", learned: 24)) {
      try await toy.workplace.perform(EvaluateStage(survey: "toy"))
    }
  }

  @Test func aSourceBesideALearnedOneIsNotJudged() async throws {
    let toy = try await SyntheticSurvey(24)
    _ = try await toy.workplace.perform(PretrainStage.toy(1))
    try await toy.label(Array(0..<18))
    _ = try await toy.workplace.perform(FinetuneStage.toy())
    _ = try await toy.workplace.perform(ClassifyStage(survey: "toy"))
    try await toy.label(Array(18..<24))
    try await toy.workplace.database.with { database in
      // Now within 9″ of the learned source 0.
      _ = try database.execute(
        "UPDATE reber.source SET ra = 10, dec = 20.0025 WHERE name = \(SyntheticSurvey.name(20))")
    }
    let metrics = try await toy.workplace.perform(EvaluateStage(survey: "toy")).metrics
    #expect(metrics.sources == 5 && metrics.learned == 19)
  }

  @Test func clusteringNeedsEmbeddings() async throws {
    let toy = try await SyntheticSurvey(24)
    let model = try await toy.workplace.perform(PretrainStage.toy(1)).metrics.model
    await #expect(throws: LearnError.notEmbedded(survey: "toy", model: model, missing: 24)) {
      try await toy.workplace.perform(ClusterStage(survey: "toy"))
    }
  }

  @Test func aRunThatFailedTellsWhy() async throws {
    let toy = try await SyntheticSurvey(24)
    var stage = PretrainStage.toy()
    stage.preprocessing.size = 4
    await #expect(throws: (any Error).self) { try await toy.workplace.perform(stage) }
    let errors = try await toy.texts("SELECT error FROM reber.run WHERE status = 'failed'")
    #expect(errors.count == 1 && errors[0].contains("size 4"))
  }

  @Test func lineageGoesBackToTheImage() async throws {
    let toy = try await SyntheticSurvey(24)
    let encoder = try await toy.workplace.perform(PretrainStage.toy(1))
    try await toy.label(Array(0..<12), by: "Grote")
    let classifier = try await toy.workplace.perform(FinetuneStage.toy())
    let classified = try await toy.workplace.perform(ClassifyStage(survey: "toy"))
    let lineage = try await toy.workplace.database.with { database in
      try Lineage.of(
        source: "toy3", in: try Survey.named("toy", in: database), database: database)
    }
    #expect(lineage.prediction.run == classified.run)
    #expect(lineage.image.pixelsSHA256 == SHA256.hash(SyntheticSurvey.pixels(3)).hex)
    #expect(lineage.image.fileSHA256 == digest("file3"))
    #expect(lineage.models.map(\.run) == [classifier.run, encoder.run])
    #expect(lineage.labels.map(\.annotator) == ["Grote", "Grote", "Grote"])
    #expect(lineage.labels.reduce(0) { $0 + $1.labels } == 12)
    #expect(lineage.steps.map(\.stage) == ["classify", "finetune", "pretrain", "ingest"])
  }
}
