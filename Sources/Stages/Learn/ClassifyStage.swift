public import Catalogue
import Morphology
public import NeuralNetwork
public import PostgreSQL
import Tensor

/// Gives every image of a survey a probability for each class.
public typealias ClassifyStage = ModelStage<ClassifyTask>

/// Probabilities of classes, and how unlike an image is to all that was labelled.
public enum ClassifyTask: ModelTask {
  public static let stage = StageName.classify
  public static let kind = Catalogue.Model.Kind.classifier

  /// What classification did.
  public struct Metrics: Stored {
    /// The classifier.
    public var model: Int
    /// Sources that were classified.
    public var sources: Int
    /// Of those, sources whose prediction was taken over from an earlier run; `nil` where none was to be.
    public var carried: Int?
    /// Sources without an image, which cannot be.
    public var withoutImage: Int
    /// Sources by their most probable class, or by tag that is said to apply.
    public var byClass: [String: Int]
    /// Of those, sources whose most probable class, or whose tag, has at least 99%.
    public var sure: [String: Int]
    /// Sources that lie farther from everything labelled than 99% of the held-out labelled sources;
    /// `nil` where the classifier does not know.
    public var unlike: Int?
    /// How the survey's scale goes with the classifier's, where there is anything to say.
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
    if isFirst {
      try Prediction.begin(run: run, in: database)
      if let earlier = application.earlier {
        try Prediction.carry(from: earlier.run, to: run, of: survey, in: database)
      }
      try Piece.divide(
        run, into: .notClassified(in: run), of: survey, size: place.sharing.pieceSize,
        in: database)
    }
    let (scheme, classes) = try model.classes(in: database)
    let classifier = try model.classifier(
      classes: classes.count, preparedBy: application.match.preprocessing, on: place.engine,
      computing: application.options.precision, in: database)
    return Together(
      perform: { work in
        try await work.perform("classifying images") {
          try StoredCutout.all(of: $0, in: survey, .notClassified(in: run), from: $1)
        } compute: {
          try classifier.predictions(for: $0, beam: survey.observation.beam)
        } write: {
          try model.end($0, adding: $1, of: survey, scheme: scheme, classes: classes, in: $2)
        }
      },
      end: { try end(application, scheme, run: run, in: $0) })
  }

  private static func end(
    _ application: ModelApplication<Self>, _ scheme: ClassScheme, run: Int,
    in database: Connection
  ) throws -> Conclusion<Metrics> {
    let survey = application.survey
    let counts = try survey.counts(in: database)
    let carried = try application.earlier.map {
      try Prediction.carried(from: $0.run, of: survey, in: database)
    }
    try Prediction.finish(run: run, in: database)
    return {
      try metrics(
        of: application, scheme, carried: carried,
        withoutImage: counts.sources - counts.cutouts, run: run, in: $0)
    }
  }

  public static func stands(
    _ application: ModelApplication<Self>, in place: Workplace
  ) async throws -> Bool { true }

  public static func earlier(
    _ options: ClassifyStage, of survey: Survey, in database: Connection
  ) throws -> EarlierApplication<Self>? {
    try newest(options, of: survey, in: database) { $0 }.map {
      EarlierApplication(
        run: $0.run, options: $0.options,
        isWhole: try Prediction.isWhole($0.run, of: survey, in: database))
    }
  }

  public static func precisionBefore(
    _ options: ClassifyStage, by model: Catalogue.Model, of survey: Survey, in database: Connection
  ) throws -> Precision? {
    try newest(options, of: survey, in: database) { $0.computing(.float32) }?.options.precision
  }

  /// The newest classification that was asked the same, as `alike` makes options that count as the same.
  private static func newest(
    _ options: ClassifyStage, of survey: Survey, in database: Connection,
    alike: (ClassifyStage) -> ClassifyStage
  ) throws -> (run: Int, options: ClassifyStage)? {
    let wanted = try alike(options).comparable
    for run in try Classification.runs(of: survey, in: database) {
      let made = try Run.parameters(of: run, in: database)
      let asked = try ClassifyStage.read(made.parameters, form: made.form)
      if try alike(asked).comparable == wanted { return (run, asked) }
    }
    return nil
  }

  public static func tidy(
    _ application: ModelApplication<Self>, in place: Workplace
  ) async throws {
    try await place.database.with { try Prediction.removeLeft(of: application.survey, in: $0) }
  }

  private static func metrics(
    of application: ModelApplication<Self>, _ scheme: ClassScheme, carried: Int?,
    withoutImage: Int, run: Int, in database: Connection
  ) throws -> Metrics {
    let survey = application.survey
    let found =
      try scheme.isTags
      ? Prediction.tagCounts(of: survey, run: run, in: database)
      : Prediction.classCounts(of: survey, run: run, in: database)
    return Metrics(
      model: application.model.id,
      sources: try Prediction.count(of: survey, run: run, in: database),
      carried: carried, withoutImage: withoutImage,
      byClass: Dictionary(found.map { ($0.name, $0.sources) }, uniquingKeysWith: { $1 }),
      sure: Dictionary(found.map { ($0.name, $0.sure) }, uniquingKeysWith: { $1 }),
      unlike: try Prediction.count(of: survey, unlikeAtLeast: 0.99, run: run, in: database),
      notes: application.notes, computed: application.way)
  }
}

extension ClassifyStage {
  /// What decides the predictions of an image: not of which images, nor what the survey was called.
  fileprivate var comparable: JSON {
    get throws {
      var options = self
      (options.survey, options.onlyNew) = ("", nil)
      return try JSON(encoding: options)
    }
  }
}

extension Classifier {
  /// What the classifier says of images from a survey of a beam in arcsec.
  func predictions(
    for cutouts: [StoredCutout], beam: Double?
  ) throws -> [Prediction] {
    let images = try preprocessing.prepare(cutouts, beam: beam)
    let (table, unlikeness) = try judge(images.map(\.image))
    return images.enumerated().map { row, image in
      Prediction(
        source: image.source, cutout: image.cutout, probabilities: Array(table.row(row)),
        unlikeness: unlikeness?[row])
    }
  }
}
