public import PostgreSQL

/// The principal space of a model's embeddings, a row of `reber.space`.
///
/// Nothing rests on it, nor on the points in it, but questions: they are found from embeddings, and may be found anew.
public struct ModelSpace: Sendable {
  /// How many embeddings there were when it was found.
  public var madeOf: Int

  /// The part of their variance that lies along the axes.
  public var keptVariance: Double

  /// The mean of embeddings of unit length, `[dimensions]`.
  public var mean: [Float]

  /// The axes one behind the other, `[components × dimensions]`.
  public var axes: [Float]

  /// Describes a space.
  public init(madeOf: Int, keptVariance: Double, mean: [Float], axes: [Float]) {
    (self.madeOf, self.keptVariance, self.mean, self.axes) = (madeOf, keptVariance, mean, axes)
  }
}

extension ModelSpace: TableRow {
  public static let table = "reber.space"
  public static let columns = Columns<Self>(
    .column("made_of", \.madeOf), .column("kept_variance", \.keptVariance), .column("mean", \.mean),
    .column("axes", \.axes), make: ModelSpace.init)
}

/// Where an embedding lies in the space of its model.
public struct Point: Sendable {
  /// The source that its image shows.
  public var source: Int

  /// The image.
  public var cutout: Int

  /// The cell whose centre is nearest.
  public var cell: Int

  /// As many numbers as the space has axes, of unit length.
  public var vector: [Float]

  /// Describes a point.
  public init(source: Int, cutout: Int, cell: Int, vector: [Float]) {
    (self.source, self.cutout, self.cell, self.vector) = (source, cutout, cell, vector)
  }
}

extension Point: QueryRow {
  public static let columns = Columns<Self>(
    .column("source_id", \.source), .column("cutout_id", \.cutout), .column("cell", \.cell),
    .column("vector", \.vector), make: Point.init)
}

/// A row of `reber.cell`.
private struct Cell: TableRow {
  var number: Int
  var centre: [Float]

  static let table = "reber.cell"
  static let columns = Columns<Self>(
    .column("cell", \.number), .column("centre", \.centre), make: Cell.init)
}

extension Model {
  /// The space; `nil` where it was not found yet.
  public func space(in database: Connection) throws -> ModelSpace? {
    try database.first(
      "SELECT \(ModelSpace.columns) FROM reber.space WHERE model_id = \(id)", as: ModelSpace.self)
  }

  /// Stores the space in place of one before, whose points go with it.
  public func write(_ space: ModelSpace, in database: Connection) throws {
    try database.transaction { database in
      try database.execute("DELETE FROM reber.space WHERE model_id = \(id)")
      try database.copy([space], with: ["model_id": id])
    }
  }

  /// The surveys that the model has embedded and of which some embeddings have no points, with how many it embedded.
  public func surveysWithoutPoints(
    in database: Connection
  ) throws -> [(survey: Survey, embeddings: Int)] {
    try database.rows(
      """
      SELECT \(Survey.columns, of: "survey"), embeddings
      FROM reber.without_points JOIN reber.survey USING (survey_id)
      WHERE model_id = \(id)
      ORDER BY survey_id
      """, as: Survey.self, Int.self)
  }

  /// The models that have embedded a survey.
  public static func withEmbeddings(in database: Connection) throws -> [Model] {
    try database.rows(
      """
      SELECT \(Model.columns) FROM reber.model
      WHERE model_id IN (SELECT model_id FROM reber.embedding_count)
      ORDER BY model_id
      """, as: Model.self)
  }

  /// The number of the model's embeddings of all surveys.
  public func embeddingCount(in database: Connection) throws -> Int {
    try database.row(
      """
      SELECT coalesce(sum(embeddings), 0)::bigint FROM reber.embedding_count WHERE model_id = \(id)
      """, as: Int.self)
  }

  /// Makes points, as the only process that does.
  ///
  /// - Returns: False, with nothing done, where another process makes some of the model.
  public func makePoints(
    in database: Connection, _ body: (Connection) throws -> Void
  ) throws -> Bool {
    let lock = SessionLock.points(of: id)
    guard try lock.take(in: database) else { return false }
    defer { try? lock.release(in: database) }
    try body(database)
    return true
  }

  /// Some of the model's embeddings, evenly among all or those of a survey, in the order of their cutouts.
  ///
  /// - Returns: About `count`, or all where there are fewer.
  public func embeddings(
    sampled count: Int, of survey: Survey? = nil, in database: Connection
  ) throws -> [Embedding] {
    let stride = try database.row(
      """
      SELECT greatest(1, ceil(sum(embeddings) / \(count)::float8))::bigint FROM reber.embedding_count
      WHERE model_id = \(id) AND (\(survey?.id)::integer IS NULL OR survey_id = \(survey?.id))
      """, as: Int.self)
    return try database.rows(
      """
      SELECT \(Embedding.columns) FROM reber.embedding
      WHERE model_id = \(id) AND (\(survey?.id)::integer IS NULL OR survey_id = \(survey?.id))
          AND hashint8extended(cutout_id, 0) % \(stride) = 0
      ORDER BY cutout_id
      """, as: Embedding.self)
  }

  /// The embeddings of a survey, current or not, behind one of them in the order of their cutouts.
  ///
  /// - Returns: At most `count`; none behind the last.
  public func embeddings(
    of survey: Survey, behind cutout: Int, atMost count: Int, in database: Connection
  ) throws -> [Embedding] {
    try database.rows(
      """
      SELECT \(Embedding.columns) FROM \(raw: Partition.embeddings(of: survey, by: id).table)
      WHERE survey_id = \(survey.id) AND cutout_id > \(cutout)
      ORDER BY cutout_id
      LIMIT \(count)
      """, as: Embedding.self)
  }

  /// Gives the points of a survey's current cutouts, in the order of their sources; they come by binary COPY.
  ///
  /// - Returns: Whether the survey has points.
  public func forEachPoint(
    of survey: Survey, in database: Connection, _ body: (Point) throws -> Void
  ) throws -> Bool {
    let part = try database.first(
      """
      SELECT part FROM reber.point_set
      WHERE model_id = \(id) AND survey_id = \(survey.id) AND part IS NOT NULL
      """, as: String.self)
    guard let part else { return false }
    try database.copy(
      outOf: """
        SELECT \(Point.columns, of: "point")
        FROM reber_partition.\(identifier: part) AS point
        JOIN reber.cutout ON cutout.survey_id = \(raw: String(survey.id))
            AND cutout.cutout_id = point.cutout_id
        WHERE cutout.is_current
        ORDER BY point.source_id
        """, as: Point.self, forEach: body)
    return true
  }

  /// Replaces the points of a survey by others, which are loaded piece by piece.
  ///
  /// Who asks meanwhile has those before, which are removed as soon as nobody reads them, or the next time.
  ///
  /// - Parameters:
  ///   - survey: The survey.
  ///   - centres: Of each cell, of unit length.
  ///   - database: The connection.
  ///   - next: The next points; none at the end.
  /// - Throws: `PostgresError`, or what `next` throws; the points before stay then.
  public func replacePoints(
    of survey: Survey, centres: [[Float]], in database: Connection, next: () throws -> [Point]
  ) throws {
    try dropFormerPoints(of: survey, in: database)
    // What is embedded from here on is not among them.
    let stale = try database.row(
      """
      INSERT INTO reber.point_set (model_id, survey_id) VALUES (\(id), \(survey.id))
      ON CONFLICT (model_id, survey_id) DO UPDATE SET stale = point_set.stale
      RETURNING stale
      """, as: Int32.self)
    let part = try database.row(
      "SELECT reber.open_points(\(id), \(Int32(survey.id)))", as: String.self)
    var count = 0
    while case let points = try next(), !points.isEmpty {
      count += try database.copy(into: "reber_partition.\(part)_draft", Point.columns) { writer in
        for point in points { try writer.write(point) }
      }
    }
    try database.execute("SELECT reber.order_points(\(part))")
    try database.transaction { database in
      try database.execute(
        """
        UPDATE reber.point_set SET part = \(part), points = \(count), stale = stale - \(stale)
        WHERE model_id = \(id) AND survey_id = \(survey.id)
        """)
      try database.execute(
        "DELETE FROM reber.cell WHERE model_id = \(id) AND survey_id = \(survey.id)")
      try database.copy(
        centres.enumerated().map { Cell(number: $0, centre: $1) },
        with: ["model_id": id, "survey_id": survey.id])
    }
    try dropFormerPoints(of: survey, in: database)
  }

  /// Removes points that are no longer asked for, where nobody reads them.
  private func dropFormerPoints(of survey: Survey, in database: Connection) throws {
    do {
      try database.transaction { database in
        try database.script("SET LOCAL lock_timeout = '100ms'")
        try database.execute("SELECT reber.drop_points(\(id), \(Int32(survey.id)))")
      }
    } catch let error as PostgresError where error.state == .lockNotAvailable {}
  }
}

extension Survey {
  /// The sources of the survey that are most like one of them in the space of the newest model that has embedded it, the
  /// most alike first.
  ///
  /// - Returns: Keys of sources and distances, 1 − the cosine of the angle between points; none without an embedding.
  public func mostAlike(
    to source: String, count: Int, in database: Connection
  ) throws -> [(source: Int, distance: Double)] {
    try database.rows(
      """
      SELECT source_id, distance
      FROM reber.most_alike(\(name), \(source), \(Int32(count)), of_survey => \(name)) AS near
      JOIN reber.source ON source.survey_id = \(id) AND source.name = near.name
      ORDER BY distance, source_id
      """, as: Int.self, Double.self)
  }
}
