public import PostgreSQL

/// What an annotator says of a source now.
///
/// The time is ISO 8601 in UTC; the position, in degrees, is `nil` where the catalogue has none.
public struct ListedLabel: Sendable, Codable, Equatable {
  /// The source's name.
  public var source: String
  /// Right ascension, ICRS, degrees.
  public var ra: Double?
  /// Declination, ICRS, degrees.
  public var dec: Double?
  /// The class, or the tag.
  public var className: String
  /// Whether the annotator says that the tag does not apply.
  public var denies: Bool
  /// Who says so.
  public var annotator: String
  /// How surely, 0 to 1.
  public var confidence: Float
  /// `single`, `cluster` or `import`.
  public var method: String
  /// When, ISO 8601.
  public var labelledAt: String
}

extension ListedLabel: QueryRow {
  public static let columns = Columns<Self>(
    .column("source.name", \.source), .column("source.ra", \.ra), .column("source.dec", \.dec),
    .column("class.name", \.className), .column("denies", \.denies),
    .column("annotator", \.annotator),
    .column("confidence", \.confidence), .column("method", \.method),
    .expression(utc("labelled_at"), as: "labelled_at", \.labelledAt), make: ListedLabel.init)

  /// The labels of a survey that count now, in the order of sources, annotators and classes.
  ///
  /// Of each annotator the newest of a source or of its tag counts, and none where that withdrew it.
  public static func all(
    of survey: Survey, scheme: ClassScheme, in database: Connection
  ) throws -> [ListedLabel] {
    try database.rows(
      """
      SELECT \(columns)
      FROM reber.current_label
      JOIN reber.source USING (survey_id, source_id)
      JOIN reber.class USING (class_scheme_id, class_id)
      WHERE survey_id = \(survey.id) AND class_scheme_id = \(scheme.id)
      ORDER BY source_id, annotator, class_id
      """, as: ListedLabel.self)
  }
}

extension ClassScheme {
  /// How many sources of a survey the consensus puts into each class, or gives each tag, in the scheme's order.
  ///
  /// Classes without a source stand among them with 0.
  public func labelCounts(
    of survey: Survey, in database: Connection
  ) throws -> [(name: String, sources: Int)] {
    try database.rows(
      """
      SELECT class.name, coalesce(sum(counted.sources), 0)::bigint
      FROM reber.class
      LEFT JOIN reber.label_count AS counted ON counted.class_scheme_id = class.class_scheme_id
          AND counted.class_id = class.class_id AND counted.survey_id = \(survey.id)
          AND counted.clustering_id = 0 AND counted.annotator = ''
      WHERE class.class_scheme_id = \(id) AND class.merged_into IS NULL
      GROUP BY class.class_id, class.name
      ORDER BY class.class_id
      """, as: String.self, Int.self
    ).map { (name: $0, sources: $1) }
  }
}

extension Clustering {
  /// A source that is worth a person's look.
  ///
  /// The distance is that from the centre of its cluster, in the space of the embeddings.
  public struct Candidate: Sendable, Codable, Equatable {
    /// The source's name.
    public var source: String
    /// Right ascension, ICRS, degrees.
    public var ra: Double?
    /// Declination, ICRS, degrees.
    public var dec: Double?
    /// Its cluster.
    public var cluster: Int
    /// From the cluster's centre.
    public var distance: Float
  }

  /// Unlabelled sources of all clusters alike, so that few of them show the whole variety.
  ///
  /// In turn each cluster, the largest first, gives its most central source, then another drawn
  /// by chance, and so on.
  ///
  /// Sources with a label in the scheme are left out; the seed decides the draw.
  public func candidates(
    _ count: Int, unlabelledIn scheme: ClassScheme, seed: UInt64, in database: Connection
  ) throws -> [Candidate] {
    try database.rows(
      """
      WITH ranked AS (
          SELECT cluster_member.*, cluster.members,
              row_number() OVER (
                  PARTITION BY cluster_member.cluster
                  ORDER BY cluster_member.source_id = cluster.medoid_source_id DESC,
                      md5(\(String(seed)) || ' ' || cluster_member.source_id)
              ) AS turn
          FROM reber.cluster_member
          JOIN reber.cluster USING (clustering_id, cluster)
          WHERE clustering_id = \(id) AND NOT EXISTS (
              SELECT FROM reber.current_label
              WHERE current_label.survey_id = cluster_member.survey_id
                  AND current_label.source_id = cluster_member.source_id
                  AND current_label.class_scheme_id = \(scheme.id)
          )
      )
      SELECT \(Candidate.columns)
      FROM ranked
      JOIN reber.source USING (survey_id, source_id)
      WHERE source.is_listed
      ORDER BY turn, members DESC, cluster
      LIMIT \(count)
      """, as: Candidate.self)
  }
}

extension Clustering.Candidate: QueryRow {
  public static let columns = Columns<Self>(
    .column("source.name", \.source), .column("source.ra", \.ra), .column("source.dec", \.dec),
    .column("ranked.cluster", \.cluster), .column("ranked.distance", \.distance),
    make: Clustering.Candidate.init)
}
