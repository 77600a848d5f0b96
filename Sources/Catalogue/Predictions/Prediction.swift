public import PostgreSQL

/// The class probabilities of a source.
///
/// A row of `reber.prediction`. Probabilities are in the order of the model's classes and add up to 1, but for
/// tags, of which each has its own; `unlikeness` is `nil` for classifiers that have no labelled space.
public struct Prediction: Sendable {
  /// The source.
  public var source: Int

  /// The image it was made from.
  public var cutout: Int

  /// In the order of the model's classes; they sum to 1, but for tags.
  public var probabilities: [Float]

  /// The part of the labelled sources, each held out, that lie nearer to what was labelled; `nil` where
  /// the model does not know.
  public var unlikeness: Float?

  /// Describes a prediction.
  ///
  /// The cutout is the key of what was classified.
  public init(source: Int, cutout: Int, probabilities: [Float], unlikeness: Float? = nil) {
    self.source = source
    self.cutout = cutout
    self.probabilities = probabilities
    self.unlikeness = unlikeness
  }
}

extension Prediction: QueryRow {
  public static let columns = Columns<Self>(
    .column("source_id", \.source), .column("cutout_id", \.cutout),
    .column("probabilities", \.probabilities), .column("unlikeness", \.unlikeness),
    make: Prediction.init)
}

/// A class that a classifier can give.
///
/// A row of `reber.model_class`, whose ordinal is its place among the probabilities.
public struct ModelClass: Sendable {
  /// The class within the scheme.
  public var id: Int16

  /// Its name.
  public var name: String

  /// How many labelled sources taught it.
  public var labels: Int

  /// Of a tag the probability from which it is said to apply.
  public var threshold: Float?

  /// Describes a class of a model.
  ///
  /// `labels` is how many sources taught it; a threshold has only a tag.
  public init(id: Int16, name: String, labels: Int, threshold: Float? = nil) {
    self.threshold = threshold
    self.id = id
    self.name = name
    self.labels = labels
  }
}

extension ModelClass: QueryRow {
  public static let columns = Columns<Self>(
    .column("class_id", \.id), .column("class.name", \.name), .column("labels", \.labels),
    .column("threshold", \.threshold), make: ModelClass.init)
}

extension Model {
  /// Stores which classes a classifier gives, in the order of its probabilities; once.
  ///
  /// What is there already is left, so that a run which was stopped behind it goes on.
  public func write(
    _ classes: [ModelClass], scheme: ClassScheme, in database: Connection
  ) throws {
    for (ordinal, item) in classes.enumerated() {
      try database.execute(
        """
        INSERT INTO reber.model_class (
            model_id, ordinal, class_scheme_id, class_id, labels, threshold
        )
        VALUES (
            \(id), \(ordinal), \(scheme.id), \(item.id), \(item.labels), \(item.threshold)
        )
        ON CONFLICT DO NOTHING
        """)
    }
  }

  /// The classifier's scheme and its classes in the order of its probabilities.
  ///
  /// - Throws: `CatalogueError.missing` for a model that has none, which is an encoder.
  public func classes(
    in database: Connection
  ) throws -> (scheme: ClassScheme, classes: [ModelClass]) {
    let rows = try database.rows(
      """
      SELECT class_scheme.name, \(ModelClass.columns)
      FROM reber.model_class
      JOIN reber.class USING (class_scheme_id, class_id)
      JOIN reber.class_scheme USING (class_scheme_id)
      WHERE model_id = \(id)
      ORDER BY ordinal
      """, as: String.self, ModelClass.self)
    guard let scheme = rows.first?.0 else {
      throw CatalogueError.missing(
        "class of model \(id)", hint: "name a classifier: 'reber finetune' makes one")
    }
    return (
      try ClassScheme.named(scheme, in: database),
      rows.map(\.1)
    )
  }

  /// Adds predictions without a piece, behind ``Prediction/begin(run:in:)``: for surveys that are made up.
  package func write(
    _ predictions: [Prediction], of survey: Survey, scheme: ClassScheme, classes: [ModelClass],
    run: Int, in database: Connection
  ) throws {
    try database.copy(
      predictions.compactMap { MostProbable($0, of: classes) },
      into: Partition.predictions(of: run).table,
      with: [
        "run_id": run, "survey_id": survey.id, "model_id": id, "class_scheme_id": scheme.id,
      ])
  }

  /// Ends a piece and adds its predictions, in one statement, behind ``Prediction/begin(run:in:)``.
  ///
  /// Each gets its most probable class as a column of its own, for queries.
  ///
  /// - Returns: Their number; `nil`, with nothing added, where the lease had ended before.
  /// - Throws: `PostgresError` of state `uniqueViolation` where the run has classified one of them.
  public func end(
    _ piece: Piece, adding predictions: [Prediction], of survey: Survey, scheme: ClassScheme,
    classes: [ModelClass], in database: Connection
  ) throws -> Int? {
    try piece.end(
      adding: predictions.compactMap { MostProbable($0, of: classes) },
      to: Partition.predictions(of: piece.run).table,
      with: [
        "run_id": piece.run, "survey_id": survey.id, "model_id": id, "class_scheme_id": scheme.id,
      ], in: database)
  }
}

/// A prediction with its most probable class.
private struct MostProbable: TableRow {
  var prediction: Prediction
  var classID: Int16
  var probability: Float

  static let table = "reber.prediction"
  static let columns = Columns<Self>(
    .group(\.prediction, Prediction.columns), .column("class_id", \.classID),
    .column("probability", \.probability), make: MostProbable.init)
}

extension MostProbable {
  init?(_ prediction: Prediction, of classes: [ModelClass]) {
    let probabilities = prediction.probabilities
    guard let best = probabilities.indices.max(by: { probabilities[$0] < probabilities[$1] })
    else { return nil }
    self.init(
      prediction: prediction, classID: classes[best].id, probability: probabilities[best])
  }
}

/// What a finished run says of a survey's sources.
///
/// A run of stage `classify` and a survey that it classified.
public struct Classification: Sendable {
  /// The run that predicted.
  public var run: Int

  /// Its classifier.
  public var model: Int

  /// The key of the survey.
  public var survey: Int
}

extension Classification: QueryRow {
  public static let columns = Columns<Self>(
    .column("run_id", \.run), .column("model_id", \.model), .column("survey_id", \.survey),
    make: Classification.init)

  /// The finished runs that have classified a survey, each found by one row.
  static func runs(of survey: Survey, scheme: ClassScheme? = nil) -> SQL {
    let isOfScheme: SQL =
      scheme.map { scheme in
        """
        AND EXISTS (
            SELECT FROM reber.model_class
            WHERE model_class.model_id = one.model_id AND class_scheme_id = \(scheme.id)
        )
        """
      } ?? ""
    return """
      SELECT run.run_id
      FROM reber.run
      CROSS JOIN LATERAL (
          SELECT model_id FROM reber.prediction
          WHERE prediction.run_id = run.run_id AND prediction.survey_id = \(survey.id)
          LIMIT 1
      ) AS one
      WHERE run.stage = \(StageName.classify) AND run.status = 'finished' \(isOfScheme)
      """
  }

  /// The finished runs that have classified a survey, newest first.
  public static func runs(of survey: Survey, in database: Connection) throws -> [Int] {
    try database.rows("\(runs(of: survey)) ORDER BY run.run_id DESC", as: Int.self)
  }

  /// The newest finished classification of a survey, or the run of that number.
  ///
  /// - Throws: `CatalogueError.missing`.
  public static func find(
    of survey: Survey, run: Int? = nil, in database: Connection
  ) throws -> Classification {
    let found = try database.first(
      """
      SELECT \(columns)
      FROM reber.run
      JOIN LATERAL (
          SELECT model_id, survey_id FROM reber.prediction
          WHERE prediction.run_id = run.run_id AND survey_id = \(survey.id)
          LIMIT 1
      ) AS prediction ON true
      WHERE stage = \(StageName.classify) AND status = 'finished' AND run_id = coalesce(\(run), run_id)
      ORDER BY run_id DESC
      LIMIT 1
      """, as: Classification.self)
    guard let found else {
      throw CatalogueError.missing(
        "finished classification of '\(survey.name)'", hint: "make one with 'reber classify'")
    }
    return found
  }
}

extension Prediction {
  /// The predictions of a classification run for a survey, in the order of their sources.
  ///
  /// All at once, with the probabilities of every class.
  public static func all(
    of survey: Survey, run: Int, in database: Connection
  ) throws -> [Prediction] {
    try database.rows(
      """
      SELECT \(columns) FROM reber.prediction
      WHERE run_id = \(run) AND survey_id = \(survey.id)
      ORDER BY source_id
      """, as: Prediction.self)
  }

  /// The probabilities of a survey's newest classification in a scheme, `[rows, classes of the scheme]` row by row.
  ///
  /// A source that it left out may be anything.
  ///
  /// - Parameters:
  ///   - survey: The survey.
  ///   - scheme: The class scheme.
  ///   - rows: The row of each source that is wanted.
  ///   - database: The database.
  /// - Returns: `nil` where the newest classification is of another scheme, or there is none.
  /// - Throws: `PostgresError`.
  public static func table(
    of survey: Survey, scheme: ClassScheme, rows: [Int: Int], in database: Connection
  ) throws -> [Float]? {
    guard let run = try NewestWork.on(survey, in: database).classification else { return nil }
    let found = try Classification.find(of: survey, run: run, in: database)
    let model = try Model.find(.classifier, numbered: found.model, in: database)
    let (ownScheme, classes) = try model.classes(in: database)
    guard ownScheme.id == scheme.id else { return nil }
    let width = scheme.classes.count
    let places = classes.map { item in scheme.classes.firstIndex { $0.id == item.id } }
    var table = [Float](repeating: 1 / Float(max(1, width)), count: rows.count * width)
    let predictions = try database.rows(
      """
      SELECT \(columns) FROM reber.prediction
      WHERE run_id = \(run) AND survey_id = \(survey.id) AND source_id = ANY (\(Array(rows.keys)))
      """, as: Prediction.self)
    for prediction in predictions {
      guard let row = rows[prediction.source] else { continue }
      for column in 0..<width { table[row * width + column] = 0 }
      for (column, value) in zip(places, prediction.probabilities) {
        if let column { table[row * width + column] = value }
      }
    }
    return table
  }

  /// Makes room for the predictions of a run.
  ///
  /// They are not to be seen until ``finish(run:in:)``.
  public static func begin(run: Int, in database: Connection) throws {
    try Partition.predictions(of: run).open(in: database)
  }

  /// What an earlier run said of images of a survey that are current still.
  private static func standing(from earlier: Int, of survey: Survey) -> SQL {
    """
    FROM reber.prediction
    JOIN reber.cutout USING (survey_id, cutout_id)
    WHERE prediction.run_id = \(earlier) AND prediction.survey_id = \(survey.id) AND is_current
    """
  }

  /// Takes over what an earlier run said of images that are current still, behind ``begin(run:in:)``.
  public static func carry(
    from earlier: Int, to run: Int, of survey: Survey, in database: Connection
  ) throws {
    let partition = Partition.predictions(of: run)
    // Nobody writes to a table that is attached.
    if try partition.isAttached(in: database) { return }
    try database.execute(
      """
      INSERT INTO \(raw: partition.table) (
          run_id, source_id, cutout_id, model_id, survey_id, class_scheme_id, probability, unlikeness,
          class_id, probabilities
      )
      SELECT \(run), prediction.source_id, cutout_id, model_id, survey_id, class_scheme_id, probability,
          unlikeness, class_id, probabilities
      \(standing(from: earlier, of: survey))
      ORDER BY prediction.source_id
      ON CONFLICT DO NOTHING
      """)
  }

  /// How many predictions of an earlier run are of images that are current still.
  public static func carried(
    from earlier: Int, of survey: Survey, in database: Connection
  ) throws -> Int {
    try database.row("SELECT count(*) \(standing(from: earlier, of: survey))", as: Int.self)
  }

  /// Whether a run has classified just the images of a survey that are current.
  public static func isWhole(
    _ run: Int, of survey: Survey, in database: Connection
  ) throws -> Bool {
    try database.row(
      """
      SELECT count(*) FILTER (WHERE is_current) = count(*)
          AND count(*) = (
              SELECT count(*) FROM reber.cutout WHERE survey_id = \(survey.id) AND is_current
          )
      FROM reber.prediction
      JOIN reber.cutout USING (survey_id, cutout_id)
      WHERE prediction.run_id = \(run) AND prediction.survey_id = \(survey.id)
      """, as: Bool.self)
  }

  /// Makes the predictions of a run part of `reber.prediction`, with its indexes.
  public static func finish(run: Int, in database: Connection) throws {
    try Partition.predictions(of: run).attach(in: database)
  }

  /// Removes predictions of a survey's sources by runs that were stopped and that nobody is at.
  ///
  /// Once a later run has finished, nobody goes on with them. A run that is asked for again all the same begins
  /// anew.
  public static func removeLeft(of survey: Survey, in database: Connection) throws {
    for run in try Partition.unattached(to: "reber.prediction", in: database) {
      let partition = Partition.predictions(of: run)
      try database.transaction { database in
        guard try Run.isLetGo(run, in: database), try partition.exists(in: database) else { return }
        let others = try database.row(
          "SELECT EXISTS (SELECT FROM \(raw: partition.table) WHERE survey_id <> \(survey.id))",
          as: Bool.self)
        if !others { try partition.removeUnattached(in: database) }
      }
    }
  }

  /// How many sources a classification run found at least so unlike anything labelled; `nil` where
  /// its classifier does not know.
  public static func count(
    of survey: Survey, unlikeAtLeast bound: Float, run: Int, in database: Connection
  ) throws -> Int? {
    let (known, unlike) = try database.row(
      """
      SELECT count(unlikeness), count(*) FILTER (WHERE unlikeness >= \(bound))
      FROM reber.prediction
      WHERE run_id = \(run) AND survey_id = \(survey.id)
      """, as: Int.self, Int.self)
    return known > 0 ? unlike : nil
  }

  /// The most probable class of each source that a classification run has classified.
  ///
  /// By the sources' keys, as names of classes.
  public static func classes(
    of survey: Survey, run: Int, in database: Connection
  ) throws -> [Int: String] {
    try database.table(
      """
      SELECT source_id, class.name
      FROM reber.prediction
      JOIN reber.class USING (class_scheme_id, class_id)
      WHERE run_id = \(run) AND survey_id = \(survey.id)
      """, by: Int.self, String.self)
  }

  /// Sources by tag that is said to apply, and those that have it with at least 99%, in the scheme's order.
  public static func tagCounts(
    of survey: Survey, run: Int, in database: Connection
  ) throws -> [(name: String, sources: Int, sure: Int)] {
    try database.rows(
      """
      SELECT class.name,
          count(*) FILTER (WHERE given.probability >= coalesce(threshold, 0.5)),
          count(*) FILTER (WHERE given.probability >= 0.99)
      FROM reber.prediction
      CROSS JOIN unnest(probabilities) WITH ORDINALITY AS given (probability, place)
      JOIN reber.model_class ON model_class.model_id = prediction.model_id
          AND model_class.ordinal = given.place - 1
      JOIN reber.class ON class.class_scheme_id = model_class.class_scheme_id
          AND class.class_id = model_class.class_id
      WHERE run_id = \(run) AND survey_id = \(survey.id)
      GROUP BY ordinal, class.name
      ORDER BY ordinal
      """, as: String.self, Int.self, Int.self
    ).map { (name: $0, sources: $1, sure: $2) }
  }

  /// How many sources of a survey a run has classified.
  public static func count(of survey: Survey, run: Int, in database: Connection) throws -> Int {
    try database.row(
      "SELECT count(*) FROM reber.prediction WHERE run_id = \(run) AND survey_id = \(survey.id)",
      as: Int.self)
  }

  /// Sources by their most probable class, and those of at least 99%, in the scheme's order.
  ///
  /// Classes that are nobody's most probable one are left out.
  public static func classCounts(
    of survey: Survey, run: Int, in database: Connection
  ) throws -> [(name: String, sources: Int, sure: Int)] {
    try database.rows(
      """
      SELECT class.name, count(*), count(*) FILTER (WHERE probability >= 0.99)
      FROM reber.prediction
      JOIN reber.class USING (class_scheme_id, class_id)
      WHERE run_id = \(run) AND survey_id = \(survey.id)
      GROUP BY class.class_id, class.name
      ORDER BY class.class_id
      """, as: String.self, Int.self, Int.self
    ).map { (name: $0, sources: $1, sure: $2) }
  }
}
