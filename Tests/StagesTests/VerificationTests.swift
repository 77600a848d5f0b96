import Catalogue
import PostgreSQL
import Stages
import StagesSupport
import TestSupport
import Testing

/// A published catalogue is what its images and its model make of it, or it is said what is not.
@Suite("Verification") struct VerificationTests {
  private func published() async throws -> SyntheticSurvey {
    let toy = try await SyntheticSurvey(36)
    _ = try await toy.workplace.perform(PretrainStage.toy(1))
    try await toy.label(Array(0..<18))
    _ = try await toy.workplace.perform(FinetuneStage.toy())
    _ = try await toy.workplace.perform(ClassifyStage(survey: "toy"))
    var publishing = Publishing(survey: "toy")
    publishing.anyway = true
    _ = try await toy.workplace.perform(publishing)
    return toy
  }

  private func verify(_ toy: SyntheticSurvey, sample: Int = 100) async throws -> Verification {
    try await toy.workplace.verify("toy", sample: sample, seed: 1, tolerance: 1e-3)
  }

  @Test func whatWasPublishedComesToTheSameBits() async throws {
    let toy = try await published()
    let found = try await verify(toy)
    #expect(found.isSound && found.isAsPublished == true)
    #expect(found.sample == 36 && found.identical == 36 && found.largestDifference == 0)
    let few = try await verify(toy, sample: 5)
    #expect(few.isSound && few.sample == 5)
  }

  @Test func eachThingThatChangedIsFound() async throws {
    let toy = try await published()
    let database = toy.workplace.database
    try await database.with {
      try $0.forge(
        "UPDATE reber.cutout_pixels SET pixels = set_byte(pixels, 2, 64) WHERE cutout_id = 1")
    }
    let image = try await verify(toy)
    #expect(!image.isSound && image.damagedImages.count == 1 && image.mispublished.isEmpty)
    #expect(image.isAsPublished == true && image.damagedModels.isEmpty)

    try await database.with {
      try $0.forge("UPDATE catalogue.toy SET p_ring = 0.5 WHERE name = 'toy3'")
    }
    let table = try await verify(toy)
    #expect(table.isAsPublished == false && table.mispublished == ["toy3"])

    try await database.with {
      try $0.forge(
        "UPDATE reber.prediction SET probabilities = '{1,0,0}' WHERE source_id = 6")
    }
    let prediction = try await verify(toy)
    #expect(prediction.differing.contains("toy5") && prediction.largestDifference > 0.001)
    #expect(prediction.identical < 36 && prediction.mispublished == ["toy3", "toy5"])

    try await database.with {
      try $0.forge(
        "UPDATE reber.model_weights SET weights = set_byte(weights, 999, 1) WHERE model_id = 1")
    }
    let model = try await verify(toy)
    #expect(!model.isSound && model.damagedModels == [1] && model.sample == 0)
  }

  @Test func whatCannotBeComparedIsSaid() async throws {
    let toy = try await published()
    // As a catalogue stands that an earlier version published.
    try await toy.workplace.database.with {
      try $0.forge("UPDATE reber.catalogue SET published_at = '2026-01-01', sha256 = 'ab'")
    }
    let found = try await verify(toy)
    #expect(found.isAsPublished == nil && found.isSound)
    await #expect(throws: CatalogueError.self) {
      try await toy.workplace.verify("none", sample: 1, seed: 1, tolerance: 0)
    }
  }
}
