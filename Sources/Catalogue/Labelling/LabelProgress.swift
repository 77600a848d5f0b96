public import PostgreSQL

/// How far labelling is.
///
/// Rates are of all schemes, the rest is of one.
public struct LabelProgress: Sendable {
  /// Sources with an image.
  public var images: Int

  /// Of those, how many somebody labelled.
  public var labelled: Int

  /// Sources that every annotator has given a class, or a tag.
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
    let images = try survey.counts(in: database).cutouts
    let counts = try database.rows(
      """
      SELECT annotator, class_id, sum(sources)::bigint FROM reber.label_count
      WHERE survey_id = \(survey.id) AND class_scheme_id = \(scheme.id) AND clustering_id = 0
      GROUP BY annotator, class_id
      HAVING sum(sources) > 0
      ORDER BY annotator, class_id
      """, as: String.self, Int16.self, Int.self)
    let consensus = counts.prefix { $0.0.isEmpty }
    return LabelProgress(
      images: images,
      labelled: scheme.isTags
        ? try scheme.tagged(of: survey, in: database) : consensus.reduce(0) { $0 + $1.2 },
      counts: counts.dropFirst(consensus.count).map { (annotator: $0, classID: $1, sources: $2) },
      rates: try Rate.all(of: survey, in: database))
  }
}

extension ClassScheme {
  /// How many sources of a survey have a label of the scheme that counts.
  public func labelled(of survey: Survey, in database: Connection) throws -> Int {
    if isTags { return try tagged(of: survey, in: database) }
    return try database.row(
      """
      SELECT coalesce(sum(sources), 0)::bigint FROM reber.label_count
      WHERE survey_id = \(survey.id) AND class_scheme_id = \(id) AND clustering_id = 0
          AND annotator = ''
      """, as: Int.self)
  }

  /// How many sources of a survey somebody says something of: that a tag applies, or that it does not.
  fileprivate func tagged(of survey: Survey, in database: Connection) throws -> Int {
    try database.row(
      """
      SELECT count(DISTINCT source_id) FROM reber.agreed
      WHERE survey_id = \(survey.id) AND class_scheme_id = \(id) AND class_id IS NOT NULL
      """, as: Int.self)
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
  /// Whether the annotator says that the tag does not apply.
  public var denies: Bool
  /// The label, which is greater than those of before.
  public var label: Int
  /// Whether it was given without seeing what the first annotator said.
  public var isSecond: Bool
}

extension SharedLabel: QueryRow {
  public static let columns = Columns<Self>(
    .column("source_id", \.source), .column("source.name", \.name),
    .column("annotator", \.annotator), .column("label.class_id", \.classID),
    .column("label.denies", \.denies), .column("label.label_id", \.label),
    .expression("label.method = 'second'", as: "is_second", \.isSecond), make: SharedLabel.init)

  /// What every annotator says of every source of a survey that at least two of them have labelled, or
  /// of each of its tags of which at least two say something, in the order of the sources.
  public static func all(
    of survey: Survey, scheme: ClassScheme, in database: Connection
  ) throws -> [SharedLabel] {
    try database.rows(
      """
      SELECT \(columns)
      FROM reber.agreed
      JOIN reber.current_label AS label USING (survey_id, source_id, class_scheme_id, tag)
      JOIN reber.source USING (survey_id, source_id)
      WHERE survey_id = \(survey.id) AND class_scheme_id = \(scheme.id) AND all_votes > 1
      ORDER BY source_id, label.tag, annotator
      """, as: SharedLabel.self)
  }
}

extension Annotation {
  /// Which sources to ask the annotator about, one by one.
  public enum Order: String, Sendable, CaseIterable {
    /// Those whose labels would help a classifier most; evenly over the survey where there is no embedding.
    case suggested
    /// Those that the classifier is least sure of.
    case doubtful
    /// Those that are unlike everything else.
    case outliers
    /// Evenly over the survey, in an order that is the same for every annotator.
    case spread
    /// Those that others have labelled.
    case shared
    /// Those that are least like anything labelled.
    case unlike
    /// The share that one other has labelled and that is asked about again, blindly.
    case second
    /// Those whose labels the newest classifier's folds contradict, whoever gave them.
    case contradicted
    /// Those that the annotator has labelled, each once more, of longest ago first.
    case again

    /// The orders that a scheme can have, the usual one first.
    ///
    /// Of tags a classifier can be sure of one and doubt another.
    public static func all(of scheme: ClassScheme) -> [Self] {
      scheme.isTags ? [.spread, .outliers, .shared, .unlike, .second] : allCases
    }
  }
}
