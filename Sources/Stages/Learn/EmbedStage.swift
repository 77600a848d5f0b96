import Catalogue
public import Morphology
public import NeuralNetwork
import PostgreSQL
import Tensor

/// Places every image of a survey in the space that an encoder learned.
///
/// An embedding is the mean over eight turned views of the image, so that it hardly depends on how
/// a source lies on the sky.
public struct EmbedStage: Codable, Sendable {
  /// The survey.
  public var survey: String

  /// The encoder; the newest where it is `nil`.
  public var model: Int?

  /// Whether images are brought to what the encoder knows; the usual where it is `nil`.
  public var scale: ScaleOptions?

  /// What the network computes with; float32 where it is `nil`.
  public var precision: Precision?

  /// How images are prepared, where that is not as the encoder's own; the stage finds it.
  public internal(set) var preprocessing: Preprocessing?

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
    /// How the survey's scale goes with the encoder's, where there is anything to say.
    public var notes: [String]?
  }
}

extension Workplace {
  /// Embeds the survey's images that have no embedding by the model, batch by batch.
  public func embed(_ stage: EmbedStage) async throws -> StageReport<EmbedStage.Metrics> {
    let survey = try await survey(stage.survey)
    let (model, match, work) = try await database.with { database in
      let model = try Catalogue.Model.find(.encoder, numbered: stage.model, in: database)
      let match = try model.match(survey, options: stage.scale ?? ScaleOptions(), in: database)
      var resolved = stage
      resolved.model = model.id
      resolved.preprocessing = try match.preprocessing(unlikeThatOf: model)
      return (
        model, match,
        try model.work("embed", with: resolved, on: survey, as: "encoder", in: database)
      )
    }
    for note in match.notes { progress.note(note) }
    let report = try await perform(work) {
      try await embed(survey, by: model, match, stage.precision, run: $0)
    }
    guard report.alreadyDone,
      try await database.with({
        try model.hasEmbeddings(of: survey, madeOtherwiseThan: report.run, in: $0)
      })
    else { return report }
    progress.note("since then they were replaced by those at another scale or precision")
    let repeating = Workplace(
      database: database, user: user, progress: progress, again: true, engine: engine)
    return try await repeating.perform(work) {
      try await embed(survey, by: model, match, stage.precision, run: $0)
    }
  }

  private func embed(
    _ survey: Survey, by model: Catalogue.Model, _ match: ScaleMatch, _ precision: Precision?,
    run: Int
  ) async throws -> EmbedStage.Metrics {
    let encoder = try await database.with {
      try model.encoder(on: engine, computing: precision, in: $0).encoder
    }
    let preprocessing = match.preprocessing
    let replaced = try await database.with {
      try model.removeEmbeddings(of: survey, madeOtherwiseThan: run, in: $0)
    }
    if replaced > 0 {
      progress.note("\(replaced) embeddings at another scale or precision are replaced")
    }
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
      let images = try preprocessing.prepare(batch, beam: survey.observation.beam)
      let vectors = encoder.embed(images.map(\.image))
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
      added: added, dimensions: encoder.architecture.embeddingDimension,
      notes: match.notes.isEmpty ? nil : match.notes)
  }
}
