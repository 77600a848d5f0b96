public import PostgreSQL

/// The newest work on a survey that pages show.
///
/// What is `nil` was not done yet.
public struct NewestWork: Sendable, Equatable {
  /// The newest clustering.
  public var clustering: Int?
  /// The newest finished classification in the scheme that was asked about.
  public var classification: Int?
  /// The model of the embeddings: that of the clustering, or the newest that has embedded.
  public var model: Int?
  /// How many sources that model has embedded.
  public var embedded: Int
  /// The table of their points: made anew they have another one.
  public var points: String?
}

extension NewestWork {
  /// The newest clustering, classification and embeddings of a survey.
  ///
  /// The classification is the newest in `scheme`: classes of another have other meanings by the same numbers. Without
  /// one it is the newest of all.
  public static func on(
    _ survey: Survey, scheme: ClassScheme? = nil, in database: Connection
  ) throws -> NewestWork {
    try database.row(
      """
      SELECT clustering, classification, model,
          (
              SELECT coalesce(sum(embeddings), 0)::bigint FROM reber.embedding_count
              WHERE survey_id = \(survey.id) AND model_id = newest.model
          ) AS embedded,
          (
              SELECT part FROM reber.point_set
              WHERE survey_id = \(survey.id) AND model_id = newest.model
          ) AS points
      FROM (
          SELECT
              (
                  SELECT max(clustering_id) FROM reber.clustering WHERE survey_id = \(survey.id)
              ) AS clustering,
              (
                  \(Classification.runs(of: survey, scheme: scheme)) ORDER BY run.run_id DESC LIMIT 1
              ) AS classification,
              coalesce(
                  (
                      SELECT model_id FROM reber.clustering WHERE survey_id = \(survey.id)
                      ORDER BY clustering_id DESC LIMIT 1
                  ),
                  (
                      SELECT max(model_id) FROM reber.embedding_count
                      WHERE survey_id = \(survey.id) AND embeddings > 0
                  )
              ) AS model
      ) AS newest
      """, as: NewestWork.self)
  }
}

extension NewestWork: QueryRow {
  public static let columns = Columns<Self>(
    .column("clustering", \.clustering), .column("classification", \.classification),
    .column("model", \.model), .column("embedded", \.embedded),
    .column("points", \.points), make: NewestWork.init)
}

extension NewestWork {
  /// What the classifier says of a source.
  public struct Opinion: Sendable {
    /// The likeliest class.
    public var classID: Int16
    /// Its probability.
    public var probability: Float
  }

  /// What the newest classification says of some sources, by their keys.
  public func predictions(
    of sources: [Int], in survey: Survey, _ database: Connection
  ) throws -> [Int: Opinion] {
    let rows = try database.rows(
      """
      SELECT source_id, class_id, probability FROM reber.prediction
      WHERE run_id = \(classification) AND survey_id = \(survey.id)
          AND source_id = ANY (\(sources))
      """, as: Int.self, Int16.self, Float.self)
    return Dictionary(
      rows.map { ($0, Opinion(classID: $1, probability: $2)) }, uniquingKeysWith: { $1 })
  }

  /// The consensus of the annotators and the newest prediction of every source of a survey that has
  /// either.
  ///
  /// Several tags are no class: a source that has them counts as one without a label.
  public func knownClasses(
    of survey: Survey, scheme: ClassScheme, in database: Connection
  ) throws -> [Int: (label: Int16?, prediction: Int16?)] {
    let rows = try database.rows(
      """
      SELECT source_id, label.class_id, prediction.class_id
      FROM (
          SELECT source_id, min(class_id) AS class_id FROM reber.consensus
          WHERE survey_id = \(survey.id) AND class_scheme_id = \(scheme.id)
          GROUP BY source_id
          HAVING count(*) = 1
      ) AS label
      FULL JOIN (
          SELECT source_id, class_id FROM reber.prediction
          WHERE run_id = \(classification) AND survey_id = \(survey.id)
      ) AS prediction USING (source_id)
      """, as: Int.self, Int16?.self, Int16?.self)
    return Dictionary(
      rows.map { ($0, (label: $1, prediction: $2)) }, uniquingKeysWith: { a, _ in a })
  }
}
