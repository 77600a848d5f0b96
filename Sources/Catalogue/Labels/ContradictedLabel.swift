public import PostgreSQL

/// A labelled source that the fold which held it out calls something else.
///
/// A row of `reber.contradicted_label`, where it is no longer once somebody labels the source again.
public struct ContradictedLabel: Sendable, Codable {
  /// The source.
  public var id: Int

  /// Its name within the survey.
  public var source: String

  /// ICRS, degrees.
  public var ra: Double?

  /// ICRS, degrees.
  public var dec: Double?

  /// What it is said to be by its labels.
  public var label: String

  /// Who says so.
  public var annotators: [String]

  /// The probability of that class by the fold that held the source out.
  public var probability: Float

  /// What that fold says.
  public var said: String

  /// The probability of what it says.
  public var saidProbability: Float

  /// The logarithm of how much more probable that is.
  public var doubt: Float
}

extension ContradictedLabel: QueryRow {
  public static let columns = Columns<Self>(
    .column("source_id", \.id), .column("source.name", \.source), .column("source.ra", \.ra),
    .column("source.dec", \.dec), .column("own.name", \.label),
    .expression(
      "ARRAY(SELECT DISTINCT annotator FROM reber.label WHERE label_id = ANY (label_ids) ORDER BY 1)",
      as: "annotators", \.annotators),
    .column("contradicted_label.probability", \.probability), .column("other.name", \.said),
    .column("said_probability", \.saidProbability), .column("doubt", \.doubt),
    make: ContradictedLabel.init)

  /// The labels of a survey that the folds of a classifier contradict, the most doubtful first.
  ///
  /// - Parameters:
  ///   - model: The classifier.
  ///   - survey: The survey.
  ///   - count: The most to give.
  ///   - first: How many of the most doubtful are left out.
  ///   - database: The connection.
  /// - Returns: As many as there are, up to `count`.
  /// - Throws: `PostgresError`.
  public static func all(
    by model: Model, of survey: Survey, count: Int = .max, after first: Int = 0,
    in database: Connection
  ) throws -> [ContradictedLabel] {
    try database.rows(
      """
      SELECT \(columns)
      FROM reber.contradicted_label
      JOIN reber.source USING (survey_id, source_id)
      JOIN reber.class AS own USING (class_scheme_id, class_id)
      JOIN reber.class AS other ON other.class_scheme_id = contradicted_label.class_scheme_id
          AND other.class_id = said_class_id
      WHERE contradicted_label.run_id = \(model.run) AND model_id = \(model.id)
          AND survey_id = \(survey.id)
      ORDER BY doubt DESC, source_id
      LIMIT \(count) OFFSET \(first)
      """, as: ContradictedLabel.self)
  }

  /// How many labels of a survey the folds of a classifier contradict.
  public static func count(
    by model: Model, of survey: Survey, in database: Connection
  ) throws -> Int {
    try database.row(
      """
      SELECT count(*) FROM reber.contradicted_label
      WHERE run_id = \(model.run) AND model_id = \(model.id) AND survey_id = \(survey.id)
      """, as: Int.self)
  }
}

extension Model {
  /// The classifiers of a scheme whose folds held labelled sources of a survey out and kept what they say of them,
  /// the newest first.
  public static func auditors(
    of survey: Survey, scheme: ClassScheme, in database: Connection
  ) throws -> [Model] {
    try database.rows(
      """
      SELECT \(columns) FROM reber.model
      WHERE kind = 'classifier'
          AND EXISTS (
              SELECT FROM reber.model_class
              WHERE model_class.model_id = model.model_id AND class_scheme_id = \(scheme.id)
          )
          AND EXISTS (
              SELECT FROM reber.training_source
              WHERE training_source.run_id = model.run_id AND survey_id = \(survey.id)
                  AND held_out IS NOT NULL
          )
      ORDER BY model_id DESC
      """, as: Model.self)
  }

  /// The classifier whose folds say something of a survey's labels: the newest, or the one that is called so.
  ///
  /// - Throws: `CatalogueError.missing` where no fold held a source of the survey out, or the classifier was taught
  ///   by a version that kept nothing of it.
  public static func auditor(
    of survey: Survey, scheme: ClassScheme, called name: ModelName? = nil, in database: Connection
  ) throws -> Model {
    let wanted = try name.map { try find(.classifier, called: $0, in: database).id }
    let found = try auditors(of: survey, scheme: scheme, in: database)
      .first { wanted == nil || $0.id == wanted }
    guard let found else {
      throw CatalogueError.missing(
        "classifier with folds that held labels of survey '\(survey.name)' out",
        hint: """
          fine-tune again, with folds: 'reber finetune --survey \(survey.name) --scheme \(scheme.name) --again'. \
          Earlier versions kept nothing of what folds say
          """)
    }
    return found
  }
}
