public import PostgreSQL

/// A match held against a table of what is one object.
public struct MatchJudgement: Codable, Sendable {
  /// The run that matched.
  public var run: Int
  /// Pairs of sources of its surveys that are one object.
  public var pairs: Int
  /// Links from a reliability on.
  public var thresholds: [Threshold]
  /// All pairs by reliability.
  public var bins: [Bin]

  /// The links from a reliability on, each the likeliest of both of its sources.
  public struct Threshold: Codable, Sendable, Equatable {
    /// The least reliability.
    public var reliability: Double
    /// The links.
    public var links: Int
    /// Those that are right.
    public var right: Int
    /// The part of the pairs that were found.
    public var completeness: Double
    /// The part of the links that are right.
    public var purity: Double
  }

  /// Pairs of about one reliability.
  public struct Bin: Codable, Sendable, Equatable {
    /// The least reliability.
    public var from: Double
    /// The pairs.
    public var pairs: Int
    /// Their mean reliability.
    public var reliability: Double
    /// The part of them that is one object.
    public var right: Double
  }

  /// The bounds of the bins.
  private static let bounds = [0.01] + MatchFigures.reliabilities
}

extension MatchJudgement.Threshold: QueryRow {
  public static let columns = Columns<Self>(
    .column("reliability", \.reliability), .column("links", \.links), .column("correct", \.right),
    .column("completeness", \.completeness), .column("purity", \.purity), make: Self.init)
}

extension MatchJudgement.Bin: QueryRow {
  public static let columns = Columns<Self>(
    .column("bound", \.from), .column("pairs", \.pairs), .column("reliability", \.reliability),
    .column("correct", \.right), make: Self.init)
}

extension MatchJudgement {
  /// Holds what a run linked against rows of what is one object.
  ///
  /// A source may stand in several groups: then it is several objects, such as a blend. Where several sources may be
  /// one with another, links are the likeliest of the first survey's sources alone.
  ///
  /// - Throws: `CatalogueError.missing` where no two sources of the surveys are in one group.
  public init(of run: Int, against rows: [GroupRow], takesSeveral: Bool, in database: Connection)
    throws
  {
    try GroupRow.load(rows, in: database)
    try database.script(
      """
      DROP TABLE IF EXISTS pg_temp.one_object, pg_temp.judged_link;
      CREATE TEMPORARY TABLE one_object AS
      SELECT DISTINCT one.source_id, other.source_id AS other_source_id
      FROM reber.source_match AS match
      JOIN pg_temp.grouped AS one USING (survey_id)
      JOIN pg_temp.grouped AS other
          ON other.object = one.object AND other.survey_id = match.other_survey_id
      WHERE match.run_id = \(run) AND one.source_id IS NOT NULL AND other.source_id IS NOT NULL;
      CREATE TEMPORARY TABLE judged_link AS
      SELECT reliability::float8, one_object.source_id IS NOT NULL AS is_right,
          row_number() OVER (
              PARTITION BY link.source_id ORDER BY likelihood_ratio DESC, other_source_id
          ) = 1 AND (\(takesSeveral) OR row_number() OVER (
              PARTITION BY other_source_id ORDER BY likelihood_ratio DESC, link.source_id
          ) = 1) AS is_likeliest
      FROM reber.source_link AS link
      LEFT JOIN pg_temp.one_object USING (source_id, other_source_id)
      WHERE run_id = \(run);
      ANALYZE pg_temp.judged_link
      """)
    self.run = run
    pairs = try database.row("SELECT count(*) FROM pg_temp.one_object", as: Int.self)
    guard pairs > 0 else {
      throw CatalogueError.missing(
        "pair of sources of the surveys of run \(run) in the table",
        hint: "its columns are survey, source and group, the names as in the database")
    }
    thresholds = try Self.thresholds(pairs, database)
    bins = try Self.bins(database)
  }

  private static func thresholds(
    _ pairs: Int, _ database: Connection
  ) throws -> [Threshold] {
    try database.rows(
      """
      SELECT bound AS reliability, count(reliability) AS links,
          count(*) FILTER (WHERE is_right) AS correct,
          count(*) FILTER (WHERE is_right)::float8 / \(pairs) AS completeness,
          count(*) FILTER (WHERE is_right)::float8 / greatest(1, count(reliability)) AS purity
      FROM unnest(\(MatchFigures.reliabilities)) AS bound
      LEFT JOIN pg_temp.judged_link ON reliability >= bound AND is_likeliest
      GROUP BY bound
      ORDER BY bound
      """, as: Threshold.self)
  }

  private static func bins(_ database: Connection) throws -> [Bin] {
    try database.rows(
      """
      SELECT bound, count(*) AS pairs, avg(reliability) AS reliability,
          avg(is_right::integer)::float8 AS correct
      FROM pg_temp.judged_link
      JOIN unnest(\(bounds), \(bounds.dropFirst() + [2])) AS bin (bound, upper)
          ON reliability >= bound AND reliability < upper
      GROUP BY bound
      ORDER BY bound
      """, as: Bin.self)
  }
}
