public import PostgreSQL

/// What is said of a model in a list.
public struct ModelSummary: Sendable, Codable {
  /// The key in `reber.model`.
  public var id: Int
  /// What it is called beside its number.
  public var name: String?
  /// What it gives.
  public var kind: Model.Kind
  /// The model that its training began from.
  public var parent: Int?
  /// The run that made it.
  public var run: Int
  /// The run's stage.
  public var stage: String
  /// The surveys that taught it, divided by commas.
  public var survey: String?
  /// When that run began, ISO 8601.
  public var startedAt: String
  /// Its classes, in the order of its probabilities, divided by commas; `nil` of an encoder.
  public var classes: String?
  /// The size of its weights.
  public var bytes: Int
  /// SHA-256 of its weights.
  public var sha256: String

  /// Its name, and its number in brackets, or the number alone.
  public var called: String { name.map { "\($0) (\(id))" } ?? "\(id)" }
}

extension ModelSummary: QueryRow {
  public static let columns = Columns<Self>(
    .column("model_id", \.id), .column("model.name", \.name), .column("kind", \.kind),
    .column("parent_model_id", \.parent), .column("run_id", \.run), .column("stage", \.stage),
    .expression(surveyOfRun, as: "survey", \.survey),
    .expression(utc("started_at"), as: "started_at", \.startedAt),
    .expression(
      """
      (
          SELECT string_agg(class.name, ', ' ORDER BY ordinal)
          FROM reber.model_class JOIN reber.class USING (class_scheme_id, class_id)
          WHERE model_class.model_id = model.model_id
      )
      """, as: "classes", \.classes),
    .expression("octet_length(weights)", as: "bytes", \.bytes), .column("sha256", \.sha256),
    make: ModelSummary.init)

  /// All models, oldest first.
  public static func all(in database: Connection) throws -> [ModelSummary] {
    try database.rows("SELECT \(columns) \(tables) ORDER BY model_id", as: ModelSummary.self)
  }

  /// What is said of one model.
  public static func of(_ model: Model, in database: Connection) throws -> ModelSummary {
    try database.row(
      "SELECT \(columns) \(tables) WHERE model_id = \(model.id)", as: ModelSummary.self)
  }

  private static let tables: SQL = """
    FROM reber.model
    JOIN reber.run USING (run_id)
    JOIN reber.model_weights USING (model_id)
    """
}

/// A run that a model rests on.
public struct ModelStep: Sendable, Codable {
  /// The key in `reber.run`.
  public var run: Int
  /// Its stage.
  public var stage: String
  /// The surveys that it was asked for, divided by commas.
  public var survey: String?
  /// When it began, ISO 8601.
  public var startedAt: String
  /// The version of the code that ran.
  public var codeVersion: String
  /// Its options.
  public var parameters: JSON
}

extension ModelStep: QueryRow {
  public static let columns = Columns<Self>(
    .column("run_id", \.run), .column("stage", \.stage),
    .expression(surveyOfRun, as: "survey", \.survey),
    .expression(utc("started_at"), as: "started_at", \.startedAt),
    .column("code_version", \.codeVersion), .column("parameters", \.parameters),
    make: ModelStep.init)
}

extension Model {
  /// The run that made the model and those that it rests on, nearest first.
  public func steps(in database: Connection) throws -> [ModelStep] {
    try database.rows(
      """
      SELECT \(ModelStep.columns)
      FROM reber.lineage(\(run))
      JOIN reber.run USING (run_id)
      ORDER BY depth, run_id
      """, as: ModelStep.self)
  }
}
