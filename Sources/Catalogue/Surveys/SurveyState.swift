public import PostgreSQL

/// How far the work on a survey is, in one scheme.
///
/// What is `nil` was not done yet.
public struct SurveyState: Sendable {
  /// Its sources, images and labelled sources.
  public var counts: Survey.Counts
  /// The newest embeddings, clustering and classification.
  public var work: NewestWork
  /// What was made, and from what.
  public var made: Made

  /// What was made, and from what.
  public struct Made: Sendable {
    /// The newest encoder, of whatever survey.
    public var encoder: Int?
    /// The leaves of the newest clustering.
    public var clusters: Int
    /// The newest classifier of the scheme.
    public var classifier: Int?
    /// How many labels taught it.
    public var taught: Int
    /// The classifier of the newest classification.
    public var usedClassifier: Int?
    /// Labelled sources of the scheme.
    public var labelled: Int
    /// Those of them that were labelled since the classifier began to learn; of very many, some.
    public var newer: Int
    /// The catalogue that was published last.
    public var catalogue: String?
    /// Its rows.
    public var rows: Int?
    /// The classification that it holds.
    public var published: Int?
  }
}

extension SurveyState {
  /// How far the work on a survey is.
  public static func of(
    _ survey: Survey, scheme: ClassScheme, in database: Connection
  ) throws -> SurveyState {
    let work = try NewestWork.on(survey, scheme: scheme, in: database)
    return SurveyState(
      counts: try survey.counts(in: database), work: work,
      made: try Made.of(survey, scheme: scheme, work, in: database))
  }
}

extension SurveyState.Made: QueryRow {
  public static let columns = Columns<Self>(
    .column("encoder", \.encoder), .column("clusters", \.clusters),
    .column("classifier", \.classifier), .column("taught", \.taught),
    .column("used_classifier", \.usedClassifier), .column("labelled", \.labelled),
    .column("newer", \.newer),
    .column("catalogue", \.catalogue), .column("rows", \.rows), .column("published", \.published),
    make: SurveyState.Made.init)

  /// How many labels, beside as many as taught the classifier, are looked through for those that came after it.
  private static let newest = 10_000

  fileprivate static func of(
    _ survey: Survey, scheme: ClassScheme, _ work: NewestWork, in database: Connection
  ) throws -> SurveyState.Made {
    try database.row(
      """
      SELECT \(columns)
      FROM (
          SELECT
              (SELECT max(model_id) FROM reber.model WHERE kind = 'encoder') AS encoder,
              (
                  SELECT count(*) FROM reber.cluster
                  WHERE clustering_id = \(work.clustering) AND coalesce(height, 0) = 0
              ) AS clusters,
              (
                  SELECT max(model_id) FROM reber.model_class WHERE class_scheme_id = \(scheme.id)
              ) AS classifier,
              (
                  SELECT model_id FROM reber.prediction
                  WHERE run_id = \(work.classification) AND survey_id = \(survey.id)
                  LIMIT 1
              ) AS used_classifier,
              (
                  SELECT coalesce(sum(sources), 0)::bigint FROM reber.label_count
                  WHERE survey_id = \(survey.id) AND class_scheme_id = \(scheme.id)
                      AND clustering_id = 0 AND annotator = ''
              ) AS labelled
      ) AS newest
      CROSS JOIN LATERAL (
          SELECT coalesce(sum(labels), 0)::bigint AS taught FROM reber.model_class
          WHERE model_class.model_id = classifier
      ) AS teaching
      CROSS JOIN LATERAL (
          SELECT count(DISTINCT source_id) AS newer
          FROM (
              SELECT source_id, labelled_at FROM reber.label
              WHERE survey_id = \(survey.id) AND class_scheme_id = \(scheme.id)
              ORDER BY label_id DESC
              LIMIT \(newest) + taught
          ) AS late
          WHERE labelled_at > (
              SELECT started_at FROM reber.model JOIN reber.run USING (run_id)
              WHERE model_id = classifier
          )
      ) AS since
      LEFT JOIN (
          SELECT name AS catalogue, rows, classification_run_id AS published FROM reber.catalogue
          WHERE survey_id = \(survey.id)
          ORDER BY published_at DESC
          LIMIT 1
      ) AS last ON true
      """, as: SurveyState.Made.self)
  }
}
