public import PostgreSQL

extension Survey {
  /// What an annotator says of a source now.
  public struct ListedLabel: Sendable, Codable, Equatable {
    /// The source's name.
    public var source: String
    /// Right ascension, ICRS, degrees.
    public var ra: Double?
    /// Declination, ICRS, degrees.
    public var dec: Double?
    /// The class.
    public var className: String
    /// Who says so.
    public var annotator: String
    /// How surely, 0 to 1.
    public var confidence: Float
    /// `single`, `cluster` or `import`.
    public var method: String
    /// When, ISO 8601.
    public var labelledAt: String
  }

  /// The labels that count now, in the order of sources and annotators.
  public func labels(
    scheme: ClassScheme, in database: Connection
  ) throws -> [ListedLabel] {
    try database.rows(
      """
      SELECT source.name, source.ra, source.dec, class.name, annotator, confidence, method,
          to_char(labelled_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
      FROM reber.current_label
      JOIN reber.source USING (survey_id, source_id)
      JOIN reber.class USING (class_scheme_id, class_id)
      WHERE survey_id = \(id) AND class_scheme_id = \(scheme.id)
      ORDER BY source_id, annotator
      """,
      as: String.self, Double?.self, Double?.self, String.self, String.self, Float.self,
      String.self, String.self
    ).map {
      ListedLabel(
        source: $0, ra: $1, dec: $2, className: $3, annotator: $4, confidence: $5, method: $6,
        labelledAt: $7)
    }
  }

  /// How many sources the consensus puts into each class, in the scheme's order.
  public func labelCounts(
    scheme: ClassScheme, in database: Connection
  ) throws -> [(name: String, sources: Int)] {
    try database.rows(
      """
      SELECT class.name, count(consensus.source_id)
      FROM reber.class
      LEFT JOIN reber.consensus ON consensus.class_scheme_id = class.class_scheme_id
          AND consensus.class_id = class.class_id AND consensus.survey_id = \(id)
      WHERE class.class_scheme_id = \(scheme.id)
      GROUP BY class.class_id, class.name
      ORDER BY class.class_id
      """, as: String.self, Int.self
    ).map { (name: $0, sources: $1) }
  }
}

extension Clustering {
  /// A source that is worth a person's look.
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
      SELECT source.name, source.ra, source.dec, ranked.cluster, ranked.distance
      FROM ranked
      JOIN reber.source USING (survey_id, source_id)
      ORDER BY turn, members DESC, cluster
      LIMIT \(count)
      """, as: String.self, Double?.self, Double?.self, Int32.self, Float.self
    ).map { Candidate(source: $0, ra: $1, dec: $2, cluster: Int($3), distance: $4) }
  }
}
