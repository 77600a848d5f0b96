public import PostgreSQL

/// An image that a training saw.
///
/// A row of `reber.training_source`. A class is `nil` where the training saw the image alone, and a
/// fold where none held it out; `labels` are the keys of the labels that gave the class, and `heldOut`
/// what the fold that held it out says of it.
public struct TrainingSource: Sendable {
  /// The source.
  public var source: Int

  /// The image of it.
  public var cutout: Int

  /// The class that was learned; `nil` in pre-training, and where tags were learned.
  public var classID: Int16?

  /// The fold it was held out in.
  public var fold: Int?

  /// The labels that the class came from.
  public var labels: [Int]

  /// Its probabilities by the fold that held it out, as those of a `Prediction`; `nil` where none did, or
  /// where the version that learned kept none.
  public var heldOut: [Float]?

  /// Describes an image that a training saw.
  ///
  /// The cutout stays the one that was seen, also when a newer one has become current.
  public init(
    source: Int, cutout: Int, classID: Int16? = nil, fold: Int? = nil, labels: [Int] = [],
    heldOut: [Float]? = nil
  ) {
    self.source = source
    self.cutout = cutout
    self.classID = classID
    self.fold = fold
    self.labels = labels
    self.heldOut = heldOut
  }
}

extension TrainingSource: TableRow {
  public static let table = "reber.training_source"
  public static let columns = Columns<Self>(
    .column("source_id", \.source), .column("cutout_id", \.cutout),
    .column("class_id", \.classID), .column("fold", \.fold), .column("label_ids", \.labels),
    .column("held_out", \.heldOut), make: TrainingSource.init)
}

extension TrainingSource {
  /// Writes what a training saw of a survey; rows of the same run are replaced.
  public static func write(
    _ sources: [TrainingSource], of survey: Survey, run: Int, in database: Connection
  ) throws {
    try Partition(whole: table, key: run).prepare(in: database)
    try database.transaction { database in
      try database.execute(
        "DELETE FROM reber.training_source WHERE run_id = \(run) AND survey_id = \(survey.id)")
      try database.copy(sources, with: ["run_id": run, "survey_id": survey.id])
    }
  }

  /// Whether labels were learned and not the image alone; tags are no class.
  fileprivate static let taught: SQL =
    "(training_source.class_id IS NOT NULL OR training_source.label_ids <> '{}')"

  /// Sources of the survey whose labels a run, or a run it rests on, has learned from, with every
  /// source within `radius` of one of them.
  ///
  /// The same source may stand in a catalogue twice, or in two surveys: a position that was
  /// learned is not new.
  ///
  /// The radius is in arcsec: 10″ for FIRST and LoTSS.
  public static func learned(
    by run: Int, within radius: Double, of survey: Survey, in database: Connection
  ) throws -> Set<Int> {
    let degrees = radius / 3600
    return Set(
      try database.rows(
        """
        WITH learned AS MATERIALIZED (
            SELECT training_source.survey_id, training_source.source_id, source.ra, source.dec
            FROM reber.lineage(\(run))
            JOIN reber.training_source USING (run_id)
            JOIN reber.source USING (survey_id, source_id)
            WHERE \(taught)
        )
        SELECT source_id FROM learned WHERE survey_id = \(survey.id)
        UNION
        SELECT source.source_id
        FROM learned
        JOIN reber.source
            ON source.dec BETWEEN learned.dec - \(degrees) AND learned.dec + \(degrees)
            AND reber.separation(learned.ra, learned.dec, source.ra, source.dec) < \(degrees)
        WHERE source.survey_id = \(survey.id)
        """, as: Int.self))
  }

  /// How many of the sources may lie beside one whose label a run, or a run it rests on, has learned,
  /// without anybody being able to tell: their own position is not known or, of all of them, that of
  /// a learned source.
  public static func countNotCheckable(
    against run: Int, among sources: [Int], of survey: Survey, in database: Connection
  ) throws -> Int {
    try database.row(
      """
      SELECT count(*)
      FROM reber.source
      WHERE survey_id = \(survey.id) AND source_id = ANY (\(sources))
          AND (
              ra IS NULL
              OR EXISTS (
                  SELECT FROM reber.lineage(\(run))
                  JOIN reber.training_source USING (run_id)
                  JOIN reber.source AS learned USING (survey_id, source_id)
                  WHERE \(taught) AND learned.ra IS NULL
              )
          )
      """, as: Int.self)
  }

  /// How many of the sources a run, or a run it rests on, has seen without their labels.
  public static func countSeen(
    by run: Int, among sources: [Int], of survey: Survey, in database: Connection
  ) throws -> Int {
    try database.row(
      """
      SELECT count(DISTINCT source_id)
      FROM reber.lineage(\(run))
      JOIN reber.training_source USING (run_id)
      WHERE survey_id = \(survey.id) AND NOT \(taught)
          AND source_id = ANY (\(sources))
      """, as: Int.self)
  }
}

extension Model {
  /// By class of a classifier, in their order, the probabilities of it that folds gave sources of it which they held
  /// out; `nil` where it kept nothing of that, learned without folds, or learned tags.
  public func heldOut(in database: Connection) throws -> [[Float]]? {
    let own = try database.rows(
      """
      SELECT ARRAY(
          SELECT held_out[ordinal + 1] FROM reber.training_source
          WHERE run_id = \(run) AND training_source.class_id = model_class.class_id
              AND held_out[ordinal + 1] IS NOT NULL
      )
      FROM reber.model_class
      WHERE model_id = \(id)
      ORDER BY ordinal
      """, as: [Float].self)
    return own.allSatisfy(\.isEmpty) ? nil : own
  }

  /// Whether labels of a survey are among those that taught a classifier.
  public func isTaught(by survey: Survey, in database: Connection) throws -> Bool {
    try database.row(
      """
      SELECT EXISTS (
          SELECT FROM reber.training_source
          WHERE run_id = \(run) AND survey_id = \(survey.id) AND \(TrainingSource.taught)
      )
      """, as: Bool.self)
  }
}
