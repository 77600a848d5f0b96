public import PostgreSQL

/// How far labelling is.
///
/// Rates are of all schemes, the rest is of one.
public struct LabelProgress: Sendable {
  /// Sources with an image.
  public var images: Int

  /// Of those, how many somebody labelled.
  public var labelled: Int

  /// Labels that stand, by annotator and class.
  public var counts: [(annotator: String, classID: Int16, sources: Int)]

  /// How fast each annotator was.
  public var rates: [Rate]

  /// How fast an annotator was.
  ///
  /// A row of `reber.labelling_rate`: a pause of more than five minutes is no work.
  public struct Rate: Sendable {
    /// Who.
    public var annotator: String
    /// Decisions: a key for a cluster, a page or a source.
    public var decisions: Int
    /// Sources that got a label which stands.
    public var sources: Int
    /// Time at work, without pauses of more than five minutes.
    public var hours: Double
    /// `nil` for less than two decisions.
    public var decisionsPerHour: Double?
    /// `nil` for less than two decisions.
    public var sourcesPerHour: Double?
  }
}

extension LabelProgress {
  /// How far the labelling of a survey is.
  ///
  /// Its parts are read one after another: labels that come in meanwhile may count in one and not in
  /// another.
  public static func of(
    _ survey: Survey, scheme: ClassScheme, in database: Connection
  ) throws -> LabelProgress {
    let (images, labelled) = try database.row(
      """
      SELECT
          (SELECT count(*) FROM reber.cutout WHERE survey_id = \(survey.id) AND is_current),
          (
              SELECT count(DISTINCT source_id) FROM reber.current_label
              WHERE survey_id = \(survey.id) AND class_scheme_id = \(scheme.id)
          )
      """, as: Int.self, Int.self)
    let counts = try database.rows(
      """
      SELECT annotator, class_id, count(*) FROM reber.current_label
      WHERE survey_id = \(survey.id) AND class_scheme_id = \(scheme.id)
      GROUP BY annotator, class_id
      ORDER BY annotator, class_id
      """, as: String.self, Int16.self, Int.self)
    return LabelProgress(
      images: images, labelled: labelled,
      counts: counts.map { (annotator: $0, classID: $1, sources: $2) },
      rates: try Rate.all(of: survey, in: database))
  }

}

extension LabelProgress.Rate: QueryRow {
  public static let columns = Columns<Self>(
    .column("annotator", \.annotator), .column("decisions", \.decisions),
    .column("sources", \.sources), .column("hours", \.hours),
    .column("decisions_per_hour", \.decisionsPerHour),
    .column("sources_per_hour", \.sourcesPerHour), make: LabelProgress.Rate.init)

  /// How fast each annotator of a survey was, from the log of decisions.
  ///
  /// By name; somebody who has decided nothing is not among them.
  public static func all(
    of survey: Survey, in database: Connection
  ) throws -> [LabelProgress.Rate] {
    try database.rows(
      """
      SELECT \(columns) FROM reber.labelling_rate
      WHERE survey_id = \(survey.id) ORDER BY annotator
      """, as: LabelProgress.Rate.self)
  }
}

/// What an annotator says of a source that others have labelled too.
public struct SharedLabel: Sendable {
  /// The source.
  public var source: Int
  /// Its name.
  public var name: String
  /// Who says so.
  public var annotator: String
  /// The class.
  public var classID: Int16
}

extension SharedLabel: QueryRow {
  public static let columns = Columns<Self>(
    .column("source_id", \.source), .column("source.name", \.name),
    .column("annotator", \.annotator), .column("class_id", \.classID), make: SharedLabel.init)

  /// What every annotator says of every source of a survey that at least two of them have labelled,
  /// in the order of the sources.
  public static func all(
    of survey: Survey, scheme: ClassScheme, in database: Connection
  ) throws -> [SharedLabel] {
    try database.rows(
      """
      SELECT \(columns)
      FROM (
          SELECT current_label.*, count(*) OVER (PARTITION BY source_id) AS annotators
          FROM reber.current_label
          WHERE survey_id = \(survey.id) AND class_scheme_id = \(scheme.id)
      ) AS label
      JOIN reber.source USING (survey_id, source_id)
      WHERE annotators > 1
      ORDER BY source_id, annotator
      """, as: SharedLabel.self)
  }
}

extension Annotation {
  /// Which sources to ask the annotator about, one by one.
  public enum Order: String, Sendable, CaseIterable {
    /// Those that the classifier is least sure of.
    case doubtful
    /// Those that are unlike everything else.
    case outliers
    /// Evenly over the survey, in an order that is the same for every annotator.
    case spread
    /// Those that others have labelled.
    case shared
  }

  /// Sources with an image that the annotator has not labelled.
  ///
  /// `order` says which come first; those in `skipped` are left out.
  public func unlabelled(
    by order: Order, work: NewestWork, excluding skipped: [Int], count: Int,
    in database: Connection
  ) throws -> [String] {
    try database.transaction { database in
      // Few sources are expected to be without a label, and lists would be gone through once each.
      try database.script("SET LOCAL enable_nestloop = off")
      return try database.rows(
        """
        SELECT source.name
        FROM reber.source
        JOIN reber.cutout ON cutout.survey_id = source.survey_id
            AND cutout.source_id = source.source_id AND cutout.is_current
        LEFT JOIN LATERAL (\(own(of: "source.source_id"))) AS own ON true
        \(order.joined(self, work))
        WHERE source.survey_id = \(survey.id) AND own.class_id IS NULL
            AND NOT source.source_id = ANY (\(skipped))
        ORDER BY \(raw: order.key), source.source_id
        LIMIT \(count)
        """, as: String.self)
    }
  }
}

extension Annotation.Order {
  fileprivate var key: String {
    switch self {
    case .doubtful: "prediction.probability NULLS LAST"
    case .outliers: "member.outlier_score DESC NULLS LAST"
    case .spread: "hashint8(source.source_id)"
    case .shared: "other.annotators DESC"
    }
  }

  fileprivate func joined(_ annotation: Annotation, _ work: NewestWork) -> SQL {
    let survey = annotation.survey.id
    return switch self {
    case .doubtful:
      """
      LEFT JOIN reber.prediction ON prediction.run_id = \(work.classification)
          AND prediction.survey_id = \(survey) AND prediction.source_id = source.source_id
      """
    case .outliers:
      """
      LEFT JOIN reber.cluster_member AS member ON member.clustering_id = \(work.clustering)
          AND member.survey_id = \(survey) AND member.source_id = source.source_id
      """
    case .spread: ""
    case .shared:
      """
      JOIN (
          SELECT source_id, count(*) AS annotators FROM reber.current_label
          WHERE survey_id = \(survey) AND class_scheme_id = \(annotation.scheme.id)
          GROUP BY source_id
      ) AS other ON other.source_id = source.source_id
      """
    }
  }
}
