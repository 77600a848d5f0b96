public import Catalogue
import Morphology
import NeuralNetwork
public import PostgreSQL
import Tensor

/// Places every image of a survey in the space that an encoder learned.
public typealias EmbedStage = ModelStage<EmbedTask>

/// An embedding is the mean over eight turned views of the image, so that it hardly depends on how
/// a source lies on the sky.
public enum EmbedTask: ModelTask {
  public static let stage = StageName.embed
  public static let kind = Catalogue.Model.Kind.encoder

  /// What embedding did.
  public struct Metrics: Stored {
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

  public static func perform(
    _ application: ModelApplication<Self>, run: Int, in place: Workplace
  ) async throws -> Conclusion<Metrics> {
    let (survey, model) = (application.survey, application.model)
    try await place.database.with { try model.beginEmbeddings(of: survey, in: $0) }
    try await removeOthers(application, in: place)
    let encoder = try await place.database.with {
      try model.encoder(on: place.engine, computing: application.options.precision, in: $0).encoder
    }
    let missing = try await place.database.with {
      try model.missingEmbeddings(of: survey, in: $0)
    }
    var meter = RunMeter(place, run: run, "embedding images", of: missing)
    var added = 0
    try await place.forEachChunk(of: survey, .notEmbedded(by: model)) { chunk in
      let images = try application.match.preprocessing.prepare(
        chunk, beam: survey.observation.beam)
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
    try await place.database.with { try model.finishEmbeddings(of: survey, in: $0) }
    let (made, dimensions) = (added, encoder.architecture.embeddingDimension)
    return {
      Metrics(
        model: model.id, embeddings: try survey.counts(in: $0).cutouts, added: made,
        dimensions: dimensions, notes: application.notes)
    }
  }

  public static func stands(
    _ application: ModelApplication<Self>, in place: Workplace
  ) async throws -> Bool {
    let others = try await place.database.with { try Self.others(than: application, in: $0) }
    if !others.isEmpty {
      place.progress.note("since then they were replaced by those at another scale or precision")
    }
    return others.isEmpty
  }

  /// Embeddings belong to the model: what is not new is never done again.
  public static func earlier(
    _ options: EmbedStage, of survey: Survey, in database: Connection
  ) throws -> EarlierApplication<Self>? { nil }

  /// What was embedded before a kill is gone on with: nothing is left.
  public static func tidy(
    _ application: ModelApplication<Self>, in place: Workplace
  ) async throws {}

  /// Removes what was embedded at another scale or precision: a model has one space.
  private static func removeOthers(
    _ application: ModelApplication<Self>, in place: Workplace
  ) async throws {
    let replaced = try await place.database.with { database in
      try application.model.removeEmbeddings(
        of: application.survey, madeBy: Self.others(than: application, in: database), in: database)
    }
    if replaced > 0 {
      place.progress.note("\(replaced) embeddings at another scale or precision are replaced")
    }
  }

  /// The runs whose embeddings were made otherwise.
  private static func others(
    than application: ModelApplication<Self>, in database: Connection
  ) throws -> [Int] {
    let wanted = application.options
    return try application.model.embeddingParameters(of: application.survey, in: database)
      .filter { made in
        let options = try EmbedStage.read(made.parameters, form: made.form)
        return options.preprocessing != wanted.preprocessing
          || options.precision != wanted.precision
      }.map(\.run)
  }
}
