import Catalogue
import PostgreSQL
import Stages
import StagesSupport
import TestSupport
import Testing

/// What folds say of held-out sources is kept, and a catalogue's sets of classes follow from it.
@Suite("Sets in catalogues") struct ClassSetTests {
  private func classified() async throws -> SyntheticSurvey {
    let toy = try await SyntheticSurvey(48)
    _ = try await toy.workplace.perform(PretrainStage.toy(1))
    try await toy.label(Array(0..<24))
    _ = try await toy.workplace.perform(FinetuneStage.toy())
    _ = try await toy.workplace.perform(ClassifyStage(survey: "toy"))
    return toy
  }

  /// Publishes, and gives what was said of the sets.
  @discardableResult
  private func publish(_ toy: SyntheticSurvey, coverage: Double = 0.9) async throws -> String {
    var publishing = Publishing(survey: "toy")
    (publishing.anyway, publishing.coverage) = (true, coverage)
    let notes = IngestFixture.Notes()
    _ = try await Workplace(
      database: toy.workplace.database, user: toy.workplace.user, progress: notes
    ).perform(publishing)
    return notes.all.split(separator: "\n").filter { $0.hasPrefix("class_set:") }
      .joined(separator: "\n")
  }

  /// Where a coverage is not promised, or was not measured, who publishes is told.
  @Test func whatIsNotPromisedIsSaid() async throws {
    let toy = try await classified()
    // Eight sources of each class were held out: nine are needed for 90%, one for 50%.
    let few = try await publish(toy)
    #expect(
      few.contains("'blob', 'double', 'ring'") && !few.contains("was taught no label"), "\(few)")
    #expect(try await publish(toy, coverage: 0.5).isEmpty)
    let (own, other) = try await toy.workplace.database.with { database in
      let model = try Model.find(.classifier, in: database)
      return (
        try model.isTaught(by: try Survey.named("toy", in: database), in: database),
        try model.isTaught(by: try Survey.add(named: "other", in: database), in: database)
      )
    }
    #expect(own && !other)
  }

  @Test func setsFollowFromHeldOutSources() async throws {
    let toy = try await classified()
    let kept = try await toy.numbers(
      """
      SELECT count(*) FROM reber.training_source
      WHERE fold IS NOT NULL AND cardinality(held_out) = 3
          AND abs((SELECT sum(p) FROM unnest(held_out) AS p) - 1) < 1e-5
      """)
    #expect(kept == [24])
    try await publish(toy)
    let counts = try await toy.numbers(
      """
      SELECT count(*) FROM catalogue.toy
      WHERE abstain = (class_set <> class) AND abstain IS NOT NULL
      """)
    #expect(counts == [48])
    let described = try await toy.texts(
      "SELECT description FROM reber.catalogue_column WHERE name = 'class_set'")
    #expect(described.count == 1 && described[0].contains("90% of the sources"))
    let sizes: SQL = "SELECT sum(cardinality(string_to_array(class_set, ';'))) FROM catalogue.toy"
    let usual = try await toy.numbers(sizes)
    try await publish(toy, coverage: 0.5)
    let narrow = try await toy.numbers(sizes)
    #expect(narrow[0] < usual[0])
    #expect(try await toy.workplace.verify("toy", sample: 100, seed: 1, tolerance: 1e-3).isSound)
  }

  @Test func aSetThatDoesNotFollowIsFound() async throws {
    let toy = try await classified()
    try await publish(toy)
    try await toy.workplace.database.with {
      try $0.forge("UPDATE catalogue.toy SET class_set = 'none;such' WHERE name = 'toy3'")
    }
    let found = try await toy.workplace.verify("toy", sample: 100, seed: 1, tolerance: 1e-3)
    #expect(found.mispublished == ["toy3"] && !found.isSound)
  }

  /// A name that an earlier version let in is refused where it would be two in a set, and nowhere else.
  @Test func aNameThatIsTwoInASetIsRefused() async throws {
    let toy = try await classified()
    try await toy.workplace.database.with {
      try $0.forge("UPDATE reber.class SET name = 'a;b' WHERE name = 'ring'")
    }
    await #expect(throws: CatalogueError.badClassName("a;b")) { try await publish(toy) }
    try await toy.workplace.database.with {
      try $0.forge("UPDATE reber.training_source SET held_out = NULL")
    }
    try await publish(toy)
    #expect(try await toy.numbers("SELECT count(*) FROM catalogue.toy") == [48])
  }

  @Test func aClassifierOfBeforeHasNoSets() async throws {
    let toy = try await classified()
    try await toy.workplace.database.with {
      try $0.forge("UPDATE reber.training_source SET held_out = NULL")
    }
    try await publish(toy)
    let unknown = try await toy.numbers(
      "SELECT count(*) FROM catalogue.toy WHERE class_set IS NULL AND abstain IS NULL")
    #expect(unknown == [48])
    #expect(try await toy.workplace.verify("toy", sample: 100, seed: 1, tolerance: 1e-3).isSound)
    try await toy.label(Array(24..<48))
    let metrics = try await toy.workplace.perform(EvaluateStage(survey: "toy")).metrics
    #expect(metrics.sets == nil && metrics.parts?.isEmpty == false)
  }

  @Test func setsAreJudgedByClass() async throws {
    let toy = try await classified()
    try await toy.label(Array(24..<48))
    let metrics = try await toy.workplace.perform(EvaluateStage(survey: "toy")).metrics
    let sets = try #require(metrics.sets)
    #expect(sets.count == 12 && Set(sets.map(\.coverage)) == [0.8, 0.9, 0.95])
    let all = sets.filter { $0.className == EvaluationRow.allClasses }
    #expect(all.allSatisfy { $0.sources == 24 })
    #expect(zip(all, all.dropFirst()).allSatisfy { $0.covered <= $1.covered })
    let parts = try #require(metrics.parts)
    #expect(Set(parts.map(\.by)).isSubset(of: ["S/N", "size"]))
  }
}
