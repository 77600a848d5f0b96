public import PostgreSQL

/// A trained network, a row of `reber.model`.
///
/// Its weights are apart, in `reber.model_weights`, for they are megabytes.
public struct Model: Sendable {
  /// The key in `reber.model`.
  public var id: Int

  /// The run that trained it.
  public var run: Int

  /// What it gives.
  public var kind: Kind

  /// Architecture, pre-processing, calibration: what is needed to use the weights.
  public var description: JSON

  /// SHA-256 of the weights.
  public var sha256: String

  /// The form that the description is stored in.
  public var form: Int

  /// What it is called beside its number.
  public var name: String?

  /// The form that this version stores it in; 0 is that of versions that kept none.
  static let form = 1

  /// What a model gives.
  ///
  /// An encoder has no classes; a classifier holds the encoder that it is made of.
  public enum Kind: String, Codable, PostgresColumn {
    /// Embeddings.
    case encoder
    /// Class probabilities.
    case classifier
  }
}

extension Model: QueryRow {
  public static let columns = Columns<Self>(
    .column("model_id", \.id), .column("run_id", \.run), .column("kind", \.kind),
    .column("description", \.description), .column("sha256", \.sha256),
    .column("form", \.form), .column("name", \.name), make: Model.init)
}

extension Model {
  /// Stores a model; the same run's model is stored once.
  ///
  /// - Returns: The key of the model, or of that which the run has stored before.
  /// - Throws: `CatalogueError.taken` where another has the name; nothing is stored then.
  public static func write(
    run: Int, kind: Kind, name: String? = nil, parent: Int? = nil, description: JSON,
    weights: [UInt8], sha256: String, in database: Connection
  ) throws -> Int {
    try database.transaction { database in
      let stored = try database.first(
        "SELECT model_id FROM reber.model WHERE run_id = \(run)", as: Int.self)
      if let stored { return stored }
      if let name { try checkFree(name, in: database) }
      let model = try database.row(
        """
        INSERT INTO reber.model (run_id, kind, name, parent_model_id, description, sha256, form)
        VALUES (\(run), \(kind), \(name), \(parent), \(description), \(sha256), \(form))
        RETURNING model_id
        """, as: Int.self)
      try database.execute(
        "INSERT INTO reber.model_weights (model_id, weights) VALUES (\(model), \(weights))")
      return model
    }
  }

  /// The run that made the model of that name, where there is one.
  public static func run(ofNamed name: String, in database: Connection) throws -> Int? {
    try database.first("SELECT run_id FROM reber.model WHERE name = \(name)", as: Int.self)
  }

  /// Refuses a name that a model cannot get.
  ///
  /// - Throws: `CatalogueError.badName`, or `CatalogueError.taken` where another model has it.
  public static func checkFree(_ name: String, in database: Connection) throws {
    try Survey.check(name: name)
    if try run(ofNamed: name, in: database) != nil { throw CatalogueError.taken(name) }
  }

  /// The model of that number, of any kind.
  ///
  /// - Throws: `PostgresError` of kind `decoding` where there is none.
  public static func numbered(_ id: Int, in database: Connection) throws -> Model {
    try database.row("SELECT \(columns) FROM reber.model WHERE model_id = \(id)", as: Model.self)
  }

  /// The weights, in the safetensors layout.
  ///
  /// Some megabytes, read whole.
  public func weights(in database: Connection) throws -> [UInt8] {
    try database.row(
      "SELECT weights FROM reber.model_weights WHERE model_id = \(id)", as: [UInt8].self)
  }
}

/// The newest state of an unfinished training.
///
/// A row of `reber.checkpoint`, which goes when the run is finished. The state is in the safetensors
/// layout.
public struct Checkpoint: Sendable {
  /// Steps done.
  public var step: Int

  /// Everything that the training needs to go on.
  public var state: [UInt8]

  /// The form that this version stores states in; it goes up when tensors get other names or mean
  /// something else.
  static let form = 1

  /// The forms that it can go on from; 0 is that of versions that kept none.
  static let readable = 0...1

  /// A checkpoint as a run has it.
  public init(step: Int, state: [UInt8]) { (self.step, self.state) = (step, state) }

  /// The checkpoint of a run, or of a piece of it, if it has one.
  ///
  /// Its form is checked where the run is opened.
  public static func read(
    run: Int, piece: Int = wholeRun, in database: Connection
  ) throws -> Checkpoint? {
    try database.first(
      """
      SELECT \(Checkpoint.columns) FROM reber.checkpoint
      WHERE run_id = \(run) AND piece = \(Int32(piece))
      """, as: Checkpoint.self)
  }

  /// The number that stands for a whole run among those of pieces.
  public static let wholeRun = -1

  /// Replaces the run's checkpoint, and adds what the training curve has gained since.
  ///
  /// Both are one transaction: a curve never tells of steps that the checkpoint has not made.
  public static func write(
    run: Int, step: Int, state: [UInt8], curve: [CurvePoint], in database: Connection
  ) throws {
    try database.transaction { database in
      try database.execute(
        """
        INSERT INTO reber.checkpoint (run_id, step, state, form)
        VALUES (\(run), \(step), \(state), \(form))
        \(raw: replacing)
        """)
      try CurvePoint.write(curve, run: run, in: database)
    }
  }

  /// The end of a statement that inserts a checkpoint, where there is one already.
  static let replacing = """
    ON CONFLICT (run_id, piece) DO UPDATE
    SET (step, state, form, saved_at)
        = (excluded.step, excluded.state, excluded.form, clock_timestamp())
    """
}

extension Checkpoint: QueryRow {
  public static let columns = Columns<Self>(
    .column("step", \.step), .column("state", \.state), make: Checkpoint.init(step:state:))
}

/// A point of a training curve.
///
/// A row of `reber.training_curve`; a run may have several series, such as one a fold.
public struct CurvePoint: Sendable, Codable {
  /// Which curve: `loss`, `accuracy`, ….
  public var series: String

  /// The step or epoch, from 1.
  public var step: Int

  /// The value there.
  public var value: Double

  /// Describes a point.
  public init(series: String, step: Int, value: Double) {
    self.series = series
    self.step = step
    self.value = value
  }

  /// Adds points to a run's curves; a point that is there is left.
  ///
  /// So steps that are made again after a kill do not stand twice.
  public static func write(_ curve: [CurvePoint], run: Int, in database: Connection) throws {
    for point in curve {
      try database.execute(
        """
        INSERT INTO reber.training_curve (run_id, \(CurvePoint.columns))
        VALUES (\(run), \(values: point))
        ON CONFLICT DO NOTHING
        """)
    }
  }

  /// The mean of the points of a curve after a step; `nil` where there is none.
  public static func mean(
    _ series: String, run: Int, after step: Int, in database: Connection
  ) throws -> Double? {
    try database.row(
      """
      SELECT avg(value) FROM reber.training_curve
      WHERE run_id = \(run) AND series = \(series) AND step > \(step)
      """, as: Double?.self)
  }
}

extension CurvePoint: QueryRow {
  public static let columns = Columns<Self>(
    .column("series", \.series), .column("step", \.step), .column("value", \.value),
    make: CurvePoint.init)
}
