public import PostgreSQL

/// The chain from a source's published probability back to what it rests on.
///
/// Each part is read from the rows that the runs left; nothing of it is kept apart.
public struct Lineage: Sendable, Codable {
  /// The source's name in its survey.
  public var source: String

  /// The survey.
  public var survey: String

  /// The newest prediction.
  public var prediction: Predicted

  /// The image that was classified.
  public var image: Image

  /// The model that gave the probability, and those it began from.
  public var models: [Weights]

  /// The runs it rests on, newest first.
  public var steps: [Step]

  /// How many labels taught the model, by annotator and class.
  public var labels: [Taught]

  /// A class and its probability.
  ///
  /// The run is the classification that said so.
  public struct Predicted: Sendable, Codable {
    /// The most probable class.
    public var className: String
    /// Its probability.
    public var probability: Float
    /// The classification run.
    public var run: Int
  }

  /// An image's digests.
  ///
  /// The file is `nil` where the run that ingested it has not kept its name.
  public struct Image: Sendable, Codable {
    /// The key in `reber.cutout`.
    public var cutout: Int
    /// SHA-256 of the stored pixels.
    public var pixelsSHA256: String
    /// SHA-256 of the image file.
    public var fileSHA256: String
    /// The path the file was read from.
    public var file: String?
  }

  /// A model's digest.
  ///
  /// Models come the newest first: a classifier, then the encoder that it began from.
  public struct Weights: Sendable, Codable {
    /// The key in `reber.model`.
    public var model: Int
    /// `encoder` or `classifier`.
    public var kind: String
    /// SHA-256 of the weights.
    public var sha256: String
    /// The run that trained it.
    public var run: Int
  }

  /// A run on the way.
  public struct Step: Sendable, Codable {
    /// The run.
    public var run: Int
    /// Its stage.
    public var stage: String
    /// What its rows were to the next run.
    public var role: String
    /// Parameters, seed, code version, host, account and times.
    public var detail: JSON
  }

  /// Labels of one annotator and class.
  ///
  /// Those that taught the classifier, wherever in its lineage.
  public struct Taught: Sendable, Codable {
    /// Who gave them.
    public var annotator: String
    /// The class; `not` and the tag, where it does not apply.
    public var className: String
    /// How many.
    public var labels: Int
  }
}

extension Lineage {
  /// The lineage of the newest prediction for a source.
  ///
  /// - Throws: `CatalogueError.unknownSource`, or `missing` where it was never classified.
  public static func of(
    source name: String, in survey: Survey, database: Connection
  ) throws -> Lineage {
    guard let name = try Source.name(ofOneCalled: name, in: survey, database) else {
      throw CatalogueError.unknownSource(name, survey: survey.name)
    }
    guard let (prediction, image, model) = try newest(name, survey, database) else {
      throw CatalogueError.missing(
        "prediction for '\(name)'", hint: "make one with 'reber classify'")
    }
    return Lineage(
      source: name, survey: survey.name, prediction: prediction, image: image,
      models: try models(from: model, database),
      steps: try steps(name, survey, database),
      labels: try labels(of: prediction.run, database))
  }

  private static func newest(
    _ name: String, _ survey: Survey, _ database: Connection
  ) throws -> (Predicted, Image, Int)? {
    try database.first(
      """
      SELECT \(Predicted.columns), \(Image.columns), prediction.model_id
      FROM reber.prediction
      JOIN reber.source USING (survey_id, source_id)
      JOIN reber.cutout USING (survey_id, cutout_id)
      JOIN reber.class USING (class_scheme_id, class_id)
      JOIN reber.image ON image.survey_id = cutout.survey_id AND image.sha256 = cutout.image_sha256
      WHERE prediction.survey_id = \(survey.id) AND source.name = \(name)
      ORDER BY prediction.run_id DESC
      LIMIT 1
      """, as: Predicted.self, Image.self, Int.self)
  }

  private static func models(from model: Int, _ database: Connection) throws -> [Weights] {
    try database.rows(
      """
      WITH RECURSIVE ancestor (model_id) AS (
          SELECT \(model)
          UNION
          SELECT parent_model_id FROM reber.model JOIN ancestor USING (model_id)
          WHERE parent_model_id IS NOT NULL
      )
      SELECT \(Weights.columns)
      FROM reber.model
      JOIN ancestor USING (model_id)
      ORDER BY model_id DESC
      """, as: Weights.self)
  }

  private static func steps(
    _ name: String, _ survey: Survey, _ database: Connection
  ) throws -> [Step] {
    try database.rows(
      "SELECT \(Step.columns) FROM reber.source_lineage(\(survey.name), \(name))", as: Step.self)
  }

  private static func labels(of run: Int, _ database: Connection) throws -> [Taught] {
    try database.rows(
      """
      SELECT \(Taught.columns)
      FROM reber.lineage(\(run))
      JOIN reber.training_source USING (run_id)
      JOIN reber.label ON label.label_id = ANY (training_source.label_ids)
      JOIN reber.class ON class.class_scheme_id = label.class_scheme_id
          AND class.class_id = label.class_id
      GROUP BY label.annotator, class.name, class.class_id, denies
      ORDER BY label.annotator, class.class_id, denies
      """, as: Taught.self)
  }
}

extension Lineage.Predicted: QueryRow {
  public static let columns = Columns<Self>(
    .column("class.name", \.className), .column("prediction.probability", \.probability),
    .column("prediction.run_id", \.run), make: Lineage.Predicted.init)
}

extension Lineage.Image: QueryRow {
  public static let columns = Columns<Self>(
    .column("cutout.cutout_id", \.cutout),
    .expression("encode(cutout.sha256, 'hex')", as: "sha256", \.pixelsSHA256),
    .expression("encode(cutout.image_sha256, 'hex')", as: "image_sha256", \.fileSHA256),
    .column("image.file", \.file),
    make: Lineage.Image.init)
}

extension Lineage.Weights: QueryRow {
  public static let columns = Columns<Self>(
    .column("model_id", \.model), .column("kind", \.kind), .column("sha256", \.sha256),
    .column("run_id", \.run), make: Lineage.Weights.init)
}

extension Lineage.Step: QueryRow {
  public static let columns = Columns<Self>(
    .column("run_id", \.run), .column("stage", \.stage), .column("role", \.role),
    .column("detail", \.detail), make: Lineage.Step.init)
}

extension Lineage.Taught: QueryRow {
  public static let columns = Columns<Self>(
    .column("label.annotator", \.annotator),
    .expression(
      "CASE WHEN denies THEN 'not ' ELSE '' END || class.name", as: "class_name", \.className),
    .expression("count(*)", as: "labels", \.labels), make: Lineage.Taught.init)
}
