import Catalogue
import Foundation
import Morphology
import PostgreSQL
import Stages
import StagesSupport
import TestSupport
import Testing

@Suite("Classifiers of tags, and of votes") struct TagLearningTests {
  /// Says of some sources of `toy` which tags they have: blobs are `round`, rings `round` and `hollow`, doubles
  /// neither; nothing is said of `never`.
  private func tag(_ toy: SyntheticSurvey, _ indices: Range<Int>) async throws {
    try await toy.workplace.database.with { database in
      let survey = try Survey.named("toy", in: database)
      let scheme = try ClassScheme.add(
        named: "features", classes: ["round", "hollow", "never"], areTags: true, in: database)
      let keys = try Source.keys(of: survey, in: database)
      let labels = indices.flatMap { index -> [Label] in
        let source = keys[SyntheticSurvey.name(index)] ?? 0
        return [(0, index % 3 != 1), (1, index % 3 == 2)].map { tag, applies in
          Label(source: source, tag: Int16(tag), applies: applies, annotator: "tester")
        }
      }
      try Label.write(labels, of: survey, scheme: scheme, method: .single, run: nil, in: database)
    }
  }

  @Test func eachTagHasAProbabilityOfItsOwn() async throws {
    let toy = try await SyntheticSurvey(60)
    let place = toy.workplace
    _ = try await place.perform(PretrainStage.toy())
    _ = try await place.perform(EmbedStage(survey: "toy"))
    try await tag(toy, 0..<40)
    var stage = FinetuneStage.toy()
    stage.scheme = "features"
    let tuned = try await place.perform(stage).metrics
    #expect(tuned.labels == 40 && tuned.byClass == ["round": 27, "hollow": 13])
    let heldOut = try #require(tuned.heldOut?.byTag)
    #expect(Set(heldOut.keys) == ["round", "hollow"] && heldOut.values.allSatisfy { $0 > 0 })
    let thresholds = try await toy.numbers(
      "SELECT count(*) FROM reber.model_class WHERE threshold > 0 AND threshold < 1")
    #expect(thresholds == [2])

    let classified = try await place.perform(ClassifyStage(survey: "toy")).metrics
    #expect(classified.sources == 60)
    let said = try await toy.numbers(
      """
      SELECT count(*) FROM reber.prediction JOIN reber.model_class USING (model_id)
      WHERE probabilities[ordinal + 1] >= threshold GROUP BY ordinal ORDER BY ordinal
      """)
    #expect(said == ["round", "hollow"].compactMap { classified.byClass[$0] }.filter { $0 > 0 })

    try await tag(toy, 40..<60)
    let evaluated = try await place.perform(EvaluateStage(survey: "toy")).metrics
    #expect(evaluated.sources == 20 && evaluated.learned == 40)
    #expect(evaluated.scores.map(\.className) == ["round", "hollow", EvaluationRow.macroAverage])
    #expect(evaluated.scores.prefix(2).map(\.support) == [13, 7])

    var publishing = Publishing(survey: "toy")
    publishing.anyway = true
    #expect(try await place.perform(publishing).metrics.rows == 60)
    let wrong = try await toy.numbers(
      """
      SELECT count(*) FROM catalogue.toy, (
          SELECT max(threshold) FILTER (WHERE ordinal = 0) AS round,
              max(threshold) FILTER (WHERE ordinal = 1) AS hollow FROM reber.model_class
      ) AS least
      WHERE tags <> concat_ws(';', CASE WHEN p_round >= round THEN 'round' END,
              CASE WHEN p_hollow >= hollow THEN 'hollow' END)
          OR probability <> greatest(p_round, p_hollow)
      """)
    #expect(wrong == [0])
    let labels = try await toy.texts(
      "SELECT label FROM catalogue.toy WHERE name IN ('toy2', 'toy3') ORDER BY name")
    #expect(labels == ["round;hollow", "round"])
    #expect(try await place.verify("toy", sample: 20, seed: 1, tolerance: 0.001).isSound)
    // A tag is found where it applies, with its own probability.
    for tag in ["round", "hollow", "never"] {
      let found = try await toy.numbers(
        "SELECT count(*) FROM reber.find(of_class => \(tag), how_many => 100) WHERE class = \(tag)")
      #expect(found == [classified.byClass[tag] ?? 0])
    }
    let own = try await toy.numbers(
      """
      SELECT count(*) FROM reber.find(of_class => 'hollow', min_probability => 0.0, how_many => 100) AS found
      JOIN catalogue.toy USING (name) WHERE found.probability <> p_hollow
      """)
    #expect(own == [0])
  }

  @Test func whatTakesOneClassRefusesTags() async throws {
    let toy = try await SyntheticSurvey(12)
    try await tag(toy, 0..<12)
    await #expect(throws: CatalogueError.self) {
      try await toy.workplace.perform(
        CrossValidationStage(tasks: [LabelledTask(survey: "toy", scheme: "features")]))
    }
  }

  /// Where half of the annotators say otherwise, a classifier that learns votes is half as sure.
  @Test func votesAreLearnedAsShares() async throws {
    let toy = try await SyntheticSurvey(60)
    let place = toy.workplace
    _ = try await place.perform(PretrainStage.toy())
    for (index, name) in ["a", "b", "c", "d"].enumerated() {
      try await toy.label(Array(0..<60), by: name)
      if index < 2 { continue }
      // Two of four call every ring a blob.
      try await place.database.with { database in
        let survey = try Survey.named("toy", in: database)
        let scheme = try ClassScheme.named("toy", in: database)
        let keys = try Source.keys(of: survey, in: database)
        try Label.write(
          (0..<20).map {
            Label(source: keys[SyntheticSurvey.name(3 * $0 + 2)] ?? 0, classID: 0, annotator: name)
          }, of: survey, scheme: scheme, method: .single, run: nil, in: database)
      }
    }
    let votes = try await toy.texts(
      """
      SELECT class.name || ' ' || votes || '/' || all_votes || ' ' || share FROM reber.vote
      JOIN reber.class USING (class_scheme_id, class_id) JOIN reber.source USING (survey_id, source_id)
      WHERE source.name = 'toy2' ORDER BY class_id
      """)
    #expect(votes == ["blob 2/4 0.5", "ring 2/4 0.5"])
    var stage = FinetuneStage.toy()
    stage.learnsVotes = true
    let tuned = try await place.perform(stage).metrics
    // Of a tie the class that the scheme lists first is agreed on: only blobs and doubles are.
    #expect(tuned.byClass == ["blob": 40, "double": 20] && tuned.heldOut != nil)
  }
}
