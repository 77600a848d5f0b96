public import PostgreSQL

extension Model {
  /// The surveys whose images taught the model, by name.
  ///
  /// For a classifier, those whose labels did.
  public func taughtBy(in database: Connection) throws -> [Survey] {
    let names = try database.rows(
      """
      SELECT name FROM reber.survey
      WHERE survey_id IN (SELECT survey_id FROM reber.training_source WHERE run_id = \(run))
      """, as: String.self)
    return try Survey.all(in: database).filter { names.contains($0.name) }
  }

  /// The newest classifier that began from the model, or from one that did.
  ///
  /// - Returns: `nil` where none did.
  public func newestClassifier(in database: Connection) throws -> Model? {
    let found = try database.first(
      """
      WITH RECURSIVE descendant AS (
          SELECT model_id, kind FROM reber.model WHERE parent_model_id = \(id)
          UNION
          SELECT model.model_id, model.kind
          FROM reber.model JOIN descendant ON model.parent_model_id = descendant.model_id
      )
      SELECT max(model_id) FROM descendant WHERE kind = 'classifier'
      """, as: Int?.self)
    guard let found, let number = found else { return nil }
    return try Model.find(.classifier, numbered: number, in: database)
  }

  /// The sources of a survey whose images taught the model.
  ///
  /// For a classifier, those whose labels did.
  public func sources(learnedOf survey: Survey, in database: Connection) throws -> Set<Int> {
    Set(
      try database.rows(
        """
        SELECT source_id FROM reber.training_source
        WHERE run_id = \(run) AND survey_id = \(survey.id)
        """, as: Int.self))
  }
}

/// How a classification shares a survey's sources out among the classes, those left out that taught
/// the classifier.
public struct ClassBalance: Codable, Sendable {
  /// Sources by their most probable class.
  public var sources: [String: Int]

  /// The mean probability of the most probable class; `nil` of no sources.
  public var confidence: Double?

  /// Wraps a balance.
  ///
  /// The confidence is `nil` where there is no source.
  public init(sources: [String: Int], confidence: Double?) {
    self.sources = sources
    self.confidence = confidence
  }
}

extension Classification {
  /// The newest finished classification of a survey by a classifier, if there is one.
  ///
  /// A run that is unfinished, or that classified other surveys alone, does not count.
  public static func newest(
    of survey: Survey, by model: Model, in database: Connection
  ) throws -> Classification? {
    try database.first(
      """
      SELECT run_id, \(model.id), \(survey.id)
      FROM reber.run
      WHERE stage = \(StageName.classify) AND status = 'finished' AND EXISTS (
          SELECT FROM reber.prediction
          WHERE prediction.run_id = run.run_id AND survey_id = \(survey.id) AND model_id = \(model.id)
      )
      ORDER BY run_id DESC
      LIMIT 1
      """, as: Classification.self)
  }

  /// The balance of the classification, which a classifier made.
  ///
  /// Sources count by their most probable class; the confidence is the mean of its probability.
  public func balance(by model: Model, in database: Connection) throws -> ClassBalance {
    let rows = try database.rows(
      """
      SELECT class.name, count(*), sum(probability::float8)
      FROM reber.prediction
      JOIN reber.class USING (class_scheme_id, class_id)
      WHERE prediction.run_id = \(run) AND survey_id = \(survey) AND NOT EXISTS (
          SELECT FROM reber.training_source AS taught
          WHERE taught.run_id = \(model.run) AND taught.survey_id = prediction.survey_id
              AND taught.source_id = prediction.source_id
      )
      GROUP BY class.name
      """, as: String.self, Int.self, Double.self)
    let total = rows.reduce(0) { $0 + $1.1 }
    return ClassBalance(
      sources: Dictionary(rows.map { ($0.0, $0.1) }, uniquingKeysWith: { $1 }),
      confidence: total > 0 ? rows.reduce(0) { $0 + $1.2 } / Double(total) : nil)
  }
}
