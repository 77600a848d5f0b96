import Catalogue
import Morphology
import NeuralNetwork
import PostgreSQL
import Tensor

/// Places every image of a survey in the space that an encoder learned.
///
/// An embedding is the mean over eight orientations of the image, so that it hardly depends on how
/// a source lies on the sky.
public struct EmbedStage: Codable, Sendable {
  /// The survey.
  public var survey: String

  /// The encoder; the newest where it is `nil`.
  public var model: Int?

  /// Describes an embedding of a survey by the newest encoder.
  public init(survey: String) {
    self.survey = survey
  }

  /// What embedding did.
  public struct Metrics: Codable, Sendable {
    /// The encoder.
    public var model: Int
    /// Images that have an embedding now.
    public var embeddings: Int
    /// Of those, the ones made by this process.
    public var added: Int
    /// Numbers in an embedding.
    public var dimensions: Int
  }
}

extension Workplace {
  /// Embeds the survey's images that have no embedding by the model, batch by batch.
  public func embed(_ stage: EmbedStage) async throws -> StageReport<EmbedStage.Metrics> {
    let survey = try await survey(stage.survey)
    let (model, work) = try await database.with { database in
      let model = try Catalogue.Model.find(.encoder, numbered: stage.model, in: database)
      var resolved = stage
      resolved.model = model.id
      return (
        model, try model.work("embed", with: resolved, on: survey, as: "encoder", in: database)
      )
    }
    return try await perform(work) { try await embed(survey, by: model, run: $0) }
  }

  private func embed(
    _ survey: Survey, by model: Catalogue.Model, run: Int
  ) async throws -> EmbedStage.Metrics {
    let (encoder, preprocessing) = try await database.with { try model.encoder(in: $0) }
    let missing = try await database.with { try model.notEmbedded(of: survey, in: $0) }
    var meter = RunMeter(self, run: run, "embedding images", of: missing)
    var added = 0
    let lacking: SQL = """
      NOT EXISTS (
          SELECT FROM reber.embedding
          WHERE embedding.cutout_id = cutout.cutout_id AND model_id = \(model.id)
      )
      """
    try await forEachBatch(of: survey, where: lacking) { batch in
      let images = try preprocessing.prepare(batch)
      let vectors = encoder.embed(images.map(\.image), overOrientations: true)
      return images.enumerated().map { row, image in
        Embedding(cutout: image.cutout, source: image.source, vector: Array(vectors.row(row)))
      }
    } write: {
      try model.write($0, of: survey, run: run, in: $1)
    } written: {
      added = $0
      try await meter.update(added)
    }
    return EmbedStage.Metrics(
      model: model.id, embeddings: try await database.with { try survey.counts(in: $0).cutouts },
      added: added, dimensions: encoder.architecture.embeddingDimension)
  }
}
