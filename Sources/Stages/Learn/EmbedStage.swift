public import Catalogue
import Morphology
public import NeuralNetwork
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
    /// Of those, the ones made by this run.
    public var added: Int
    /// Numbers in an embedding.
    public var dimensions: Int
    /// How the survey's scale goes with the encoder's, where there is anything to say.
    public var notes: [String]?
    /// What the network computed with: `float32 by 512-bit kernels`; of the process
    /// that ended the run, and not known of older ones.
    public var computed: String?
  }

  public static func begin(
    _ application: ModelApplication<Self>, run: Int, isFirst: Bool, in database: Connection,
    of place: Workplace
  ) throws -> Together<Metrics> {
    let (survey, model) = (application.survey, application.model)
    // Before there is a lock to leave behind: it is not made where the machine cannot compute with it.
    let encoder = try model.encoder(
      on: place.engine, computing: application.options.precision, in: database
    ).encoder
    if isFirst {
      try model.beginEmbeddings(of: survey, in: database)
      try removeOthers(application, in: database, of: place)
      try Piece.divide(
        run, into: .notEmbedded(by: model), of: survey, size: place.sharing.pieceSize,
        in: database)
      try model.letJoinEmbeddings(of: survey, in: database)
    } else {
      try model.joinEmbeddings(of: survey, in: database)
    }
    return Together(
      perform: { try await embed(application, by: encoder, $0) },
      end: { try end(application, run: run, in: $0) },
      leave: { try model.leaveEmbeddings(of: survey, in: $0) })
  }

  private static func embed(
    _ application: ModelApplication<Self>, by encoder: any Encoder, _ work: SharedWork
  ) async throws {
    let (survey, model) = (application.survey, application.model)
    let preprocessing = application.match.preprocessing
    try await work.perform("embedding images") {
      try StoredCutout.all(of: $0, in: survey, .notEmbedded(by: model), from: $1)
    } compute: { chunk in
      let images = try preprocessing.prepare(chunk, beam: survey.observation.beam)
      let vectors = encoder.embed(images.map(\.image))
      return images.enumerated().map { row, image in
        Embedding(cutout: image.cutout, source: image.source, vector: Array(vectors.row(row)))
      }
    } write: {
      try model.end($0, adding: $1, of: survey, in: $2)
    }
  }

  private static func end(
    _ application: ModelApplication<Self>, run: Int, in database: Connection
  ) throws -> Conclusion<Metrics> {
    let (survey, model) = (application.survey, application.model)
    try model.finishEmbeddings(of: survey, in: database)
    let (added, dimensions) = try model.embedded(of: survey, by: run, in: database)
    return {
      Metrics(
        model: model.id, embeddings: try survey.counts(in: $0).cutouts, added: added,
        dimensions: dimensions, notes: application.notes, computed: application.way)
    }
  }

  public static func stands(
    _ application: ModelApplication<Self>, in place: Workplace
  ) async throws -> Bool {
    let (others, missing) = try await place.database.with {
      (
        try Self.others(than: application, in: $0),
        try application.model.notEmbedded(of: application.survey, in: $0)
      )
    }
    if !others.isEmpty {
      place.progress.note("since then they were replaced by those at another scale or precision")
    } else if missing > 0 {
      place.progress.note("\(missing) of them are not there any more")
    }
    return others.isEmpty && missing == 0
  }

  /// Embeddings belong to the model: what is not new is never done again.
  public static func earlier(
    _ options: EmbedStage, of survey: Survey, in database: Connection
  ) throws -> EarlierApplication<Self>? { nil }

  /// That of the newest embeddings: others would be removed.
  public static func precisionBefore(
    _ options: EmbedStage, by model: Catalogue.Model, of survey: Survey, in database: Connection
  ) throws -> Precision? {
    try model.embeddingParameters(of: survey, in: database).max { $0.run < $1.run }
      .map { try EmbedStage.read($0.parameters, form: $0.form).precision }
  }

  /// What was embedded before a kill is gone on with, so nothing is left; but points may be missing.
  public static func tidy(
    _ application: ModelApplication<Self>, in place: Workplace
  ) async throws {
    try await place.database.with {
      try application.model.makeMissingPoints(telling: place.progress, in: $0)
    }
  }

  /// Removes what was embedded at another scale or precision: a model has one space.
  private static func removeOthers(
    _ application: ModelApplication<Self>, in database: Connection, of place: Workplace
  ) throws {
    let replaced = try application.model.removeEmbeddings(
      of: application.survey, madeBy: others(than: application, in: database), in: database)
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
