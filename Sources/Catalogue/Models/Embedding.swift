public import PostgreSQL

/// Where an image lies in the space that a model learned.
///
/// A row of `reber.embedding`. Vectors of one model have one length, and are not normalised.
public struct Embedding: Sendable {
  /// The image.
  public var cutout: Int

  /// The source it shows.
  public var source: Int

  /// The position, as many numbers as the model's embedding has dimensions.
  public var vector: [Float]

  /// Describes an embedding.
  ///
  /// The cutout is the key of what was embedded, the source that of what it shows.
  public init(cutout: Int, source: Int, vector: [Float]) {
    self.cutout = cutout
    self.source = source
    self.vector = vector
  }
}

extension Embedding: TableRow {
  public static let table = "reber.embedding"
  public static let columns = Columns<Self>(
    .column("cutout_id", \.cutout), .column("source_id", \.source), .column("vector", \.vector),
    make: Embedding.init)
}

extension Model {
  /// Makes room for embeddings of a survey.
  ///
  /// New ones are not to be seen until ``finishEmbeddings(of:in:)``. Until ``leaveEmbeddings(of:in:)``, or as long
  /// as the connection lives, no other can embed the survey by the model.
  ///
  /// - Throws: `CatalogueError.beingEmbedded` where another does.
  public func beginEmbeddings(of survey: Survey, in database: Connection) throws {
    guard try SessionLock.embeddings(of: survey, by: id).take(in: database) else {
      throw CatalogueError.beingEmbedded(survey: survey.name, model: id)
    }
    try database.execute("SELECT reber.open_embeddings(\(id), \(Int32(survey.id)))")
  }

  /// Lets other processes of the same run embed the survey too, behind ``beginEmbeddings(of:in:)``.
  public func letJoinEmbeddings(of survey: Survey, in database: Connection) throws {
    try SessionLock.embeddings(of: survey, by: id).letShare(in: database)
  }

  /// Embeds a survey beside others of the same run.
  ///
  /// - Throws: `CatalogueError.beingEmbedded` where another run does.
  public func joinEmbeddings(of survey: Survey, in database: Connection) throws {
    guard try SessionLock.embeddings(of: survey, by: id).share(in: database) else {
      throw CatalogueError.beingEmbedded(survey: survey.name, model: id)
    }
  }

  /// Embeds the survey no more.
  public func leaveEmbeddings(of survey: Survey, in database: Connection) throws {
    try SessionLock.embeddings(of: survey, by: id).release(in: database)
  }

  /// How many of the survey's embeddings a run has made, and how many numbers each has.
  public func embedded(
    of survey: Survey, by run: Int, in database: Connection
  ) throws -> (count: Int, dimensions: Int) {
    let (count, dimensions) = try database.row(
      """
      SELECT count(*) FILTER (WHERE run_id = \(run)), coalesce(max(cardinality(vector)), 0)
      FROM reber.embedding
      WHERE model_id = \(id) AND survey_id = \(survey.id)
      """, as: Int.self, Int.self)
    return (count, dimensions)
  }

  /// Makes the survey's embeddings part of `reber.embedding`, with its indexes, and gives the survey that of parts
  /// of names where the server has pg_trgm since the survey was ingested: beside embedding it takes no time.
  public func finishEmbeddings(of survey: Survey, in database: Connection) throws {
    try Partition.embeddings(of: survey, by: id).attach(in: database)
    try count(of: survey, in: database)
    try database.execute(
      """
      UPDATE reber.point_set SET stale = stale + 1
      WHERE model_id = \(id) AND survey_id = \(survey.id)
      """)
    try database.execute("SELECT reber.index_names(\(survey.id)::integer)")
  }

  /// Keeps how many embeddings of a survey there are.
  private func count(of survey: Survey, in database: Connection) throws {
    try database.execute("SELECT reber.count_embeddings(\(survey.id)::integer, \(id))")
  }

  /// Adds embeddings without a piece, behind ``beginEmbeddings(of:in:)``: for surveys that are made up.
  ///
  /// - Throws: `PostgresError` of state `uniqueViolation` where the model has embedded one of the cutouts.
  package func write(
    _ embeddings: [Embedding], of survey: Survey, run: Int, in database: Connection
  ) throws {
    try database.copy(
      embeddings, into: Partition.embeddings(of: survey, by: id).table,
      with: ["model_id": id, "survey_id": survey.id, "run_id": run])
  }

  /// Ends a piece and adds its embeddings, in one statement, behind ``beginEmbeddings(of:in:)``.
  ///
  /// - Returns: Their number; `nil`, with nothing added, where the lease had ended before.
  /// - Throws: `PostgresError` of state `uniqueViolation` where the model has embedded one of the cutouts.
  public func end(
    _ piece: Piece, adding embeddings: [Embedding], of survey: Survey, in database: Connection
  ) throws -> Int? {
    try piece.end(
      adding: embeddings, to: Partition.embeddings(of: survey, by: id).table,
      with: ["model_id": id, "survey_id": survey.id, "run_id": piece.run], in: database)
  }

  /// The embeddings of a survey's current cutouts, in the order of their sources.
  ///
  /// They come by binary COPY; sources whose cutout has no embedding by the model are left out. `progress` is told of
  /// every few thousand how many there are so far.
  public func embeddings(
    of survey: Survey, in database: Connection, progress: (Int) -> Void = { _ in }
  ) throws -> [Embedding] {
    var embeddings: [Embedding] = []
    try database.copy(
      outOf: """
        SELECT \(Embedding.columns, of: "embedding")
        FROM reber.embedding
        JOIN reber.cutout USING (survey_id, cutout_id)
        WHERE model_id = \(raw: String(id)) AND embedding.survey_id = \(raw: String(survey.id))
            AND cutout.is_current
        ORDER BY embedding.source_id
        """, as: Embedding.self
    ) {
      embeddings.append($0)
      if embeddings.count % 4096 == 0 { progress(embeddings.count) }
    }
    return embeddings
  }

  /// The runs that embedded the survey's current cutouts.
  ///
  /// They are what a run that reads those embeddings rests on, with the role `embeddings`.
  public func embeddingRuns(of survey: Survey, in database: Connection) throws -> [Work.Parent] {
    try database.rows(
      """
      SELECT DISTINCT embedding.run_id
      FROM reber.embedding
      JOIN reber.cutout USING (survey_id, cutout_id)
      WHERE model_id = \(id) AND embedding.survey_id = \(survey.id) AND cutout.is_current
      """, as: Int.self
    ).map { Work.Parent(run: $0, role: "embeddings") }
  }

  /// What the runs were asked that made the model's embeddings of a survey, also those that ended
  /// before they had made all.
  ///
  /// The parameters are in the form that `Stored.read(_:form:)` of their stage takes.
  public func embeddingParameters(
    of survey: Survey, in database: Connection
  ) throws -> [(run: Int, parameters: JSON, form: Int)] {
    let partition = Partition.embeddings(of: survey, by: id)
    guard try partition.exists(in: database) else { return [] }
    return try database.rows(
      """
      SELECT run_id, parameters, form
      FROM reber.run
      WHERE run_id IN (SELECT run_id FROM \(raw: partition.table))
      """, as: Int.self, JSON.self, Int.self)
  }

  /// Removes the model's embeddings of a survey that some runs made, behind
  /// ``beginEmbeddings(of:in:)``; gives their number.
  public func removeEmbeddings(
    of survey: Survey, madeBy runs: [Int], in database: Connection
  ) throws -> Int {
    let removed = try database.row(
      """
      WITH removed AS (
          DELETE FROM \(raw: Partition.embeddings(of: survey, by: id).table)
          WHERE run_id = ANY (\(runs))
          RETURNING cutout_id
      )
      SELECT count(*) FROM removed
      """, as: Int.self)
    try count(of: survey, in: database)
    // A space that was found from others is found anew.
    if removed > 0 {
      try database.execute("UPDATE reber.space SET made_of = 0 WHERE model_id = \(id)")
    }
    return removed
  }

  /// How many of the survey's current cutouts have no embedding by the model.
  ///
  /// 0 for a survey without images.
  public func notEmbedded(of survey: Survey, in database: Connection) throws -> Int {
    try database.row(
      """
      SELECT count(*)
      FROM reber.cutout
      WHERE survey_id = \(survey.id) AND is_current AND NOT EXISTS (
          SELECT FROM reber.embedding AS done
          WHERE done.model_id = \(id) AND done.survey_id = cutout.survey_id
              AND done.cutout_id = cutout.cutout_id
      )
      """, as: Int.self)
  }
}

extension Model {
  /// The encoder in whose space a classifier's sources are shown: the one that it began from, or
  /// the newest other one that has embedded current cutouts of the survey; `nil` where none has.
  public func encoder(showing survey: Survey, in database: Connection) throws -> Model? {
    let found = try database.first(
      """
      SELECT model.model_id
      FROM reber.model
      WHERE kind = 'encoder' AND EXISTS (
          SELECT FROM reber.embedding
          JOIN reber.cutout USING (survey_id, cutout_id)
          WHERE embedding.model_id = model.model_id AND embedding.survey_id = \(survey.id)
              AND cutout.is_current
      )
      ORDER BY
          model_id = (SELECT parent_model_id FROM reber.model WHERE model_id = \(id))
              DESC NULLS LAST,
          model_id DESC
      LIMIT 1
      """, as: Int.self)
    return try found.map { try Model.find(.encoder, numbered: $0, in: database) }
  }
}
