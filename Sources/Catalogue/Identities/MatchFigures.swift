public import PostgreSQL

/// What a match measured.
public struct MatchFigures: Stored {
  /// The survey whose sources were sought.
  public var survey: String
  /// The survey in which they were sought.
  public var other: String
  /// Its sources with a position.
  public var sources: Int
  /// The other survey's sources with a position.
  public var others: Int
  /// Sources that lie where the other survey has some.
  public var covered: Int
  /// Sources of either that were left out, since their positional error is not known.
  public var withoutError: Int
  /// Where the positional errors and the brightness came from.
  public var basis: [String]
  /// How far a counterpart could lie, arcsec.
  public var radius: Double
  /// The other survey's sources a square degree, as one of them sees it.
  public var density: Double
  /// The part of the covered sources that have a counterpart: Q.
  public var completeness: Double
  /// The part of the counterparts that lie farther off than errors alone would have it: blends, extended sources.
  public var displaced: Double
  /// Pairs with a reliability of 0.01 and more.
  public var pairs: Int
  /// Pairs that were taken for one object.
  public var taken: Int
  /// From which reliability on.
  public var minReliability: Double
  /// The typical separation of the pairs that were taken, in their errors: about 1 where errors are right.
  public var scatter: Double?
  /// Reliabilities of the pairs of which each is the other's likeliest, in tenths.
  public var histogram: [Bin]
  /// What each choice of the least reliability would give.
  public var thresholds: [Threshold]
  /// What a person should know before the links are used.
  public var warnings: [String]?

  /// Pairs of about one reliability.
  public struct Bin: Codable, Sendable, Equatable {
    /// The least reliability.
    public var from: Double
    /// The pairs.
    public var pairs: Int
    /// How many of them are counterparts, by their reliabilities.
    public var expected: Double
  }

  /// The links from a reliability on, as their reliabilities expect.
  public struct Threshold: Codable, Sendable, Equatable {
    /// The least reliability.
    public var reliability: Double
    /// The links.
    public var links: Int
    /// The part of the counterparts that are among them.
    public var completeness: Double
    /// The part of the links that are counterparts.
    public var purity: Double
  }

  /// The reliabilities at which completeness and purity are told.
  public static let reliabilities = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99]
}

extension MatchFigures.Bin: QueryRow {
  public static let columns = Columns<Self>(
    .column("bound", \.from), .column("pairs", \.pairs), .column("expected", \.expected),
    make: Self.init)
}

extension MatchFigures.Threshold: QueryRow {
  public static let columns = Columns<Self>(
    .column("reliability", \.reliability), .column("links", \.links),
    .column("completeness", \.completeness), .column("purity", \.purity), make: Self.init)
}

extension SourceMatch {
  /// Reads the figures from the links, which stand in the partition of the run.
  func figures(
    _ basis: Basis, _ density: Double, _ share: Share
  ) throws -> MatchFigures {
    let (pairs, taken, scatter) = try database.row(
      """
      SELECT count(*), count(*) FILTER (WHERE is_same),
          -- The median of a Rayleigh distribution.
          (percentile_cont(0.5) WITHIN GROUP (ORDER BY separation / sigma) FILTER (WHERE is_same))
              / sqrt(2 * ln(2::float8))
      FROM reber.source_link WHERE run_id = \(run)
      """, as: Int.self, Int.self, Double?.self)
    var figures = MatchFigures(
      survey: survey.name, other: other.name, sources: basis.sources, others: basis.others,
      covered: share.covered, withoutError: basis.withoutError, basis: basis.words,
      radius: 3600 * basis.radius, density: density, completeness: share.completeness,
      displaced: share.displaced,
      pairs: pairs, taken: taken, minReliability: options.minReliability, scatter: scatter,
      histogram: try histogram(), thresholds: try thresholds(share))
    figures.warnings = figures.doubts(chance: share.chance / Double(max(1, share.covered)))
    return figures
  }

  /// The pairs of which each is the other's likeliest.
  private var best: SQL {
    options.takesSeveral
      ? "SELECT reliability FROM weighed WHERE of_source = 1"
      : "SELECT reliability FROM weighed WHERE of_source = 1 AND of_other = 1"
  }

  private func histogram() throws -> [MatchFigures.Bin] {
    try database.rows(
      """
      SELECT bound::float8 / 10 AS bound, count(reliability) AS pairs,
          coalesce(sum(reliability), 0)::float8 AS expected
      FROM generate_series(0, 9) AS bound
      LEFT JOIN (\(best)) AS best ON least(9, floor(10 * reliability)) = bound
      GROUP BY bound
      ORDER BY bound
      """, as: MatchFigures.Bin.self)
  }

  private func thresholds(_ share: Share) throws -> [MatchFigures.Threshold] {
    try database.rows(
      """
      SELECT bound AS reliability, count(reliability) AS links,
          least(1, coalesce(sum(reliability), 0) / greatest(1, \(share.completeness * Double(share.covered))))::float8
              AS completeness,
          coalesce(avg(reliability), 1)::float8 AS purity
      FROM unnest(\(MatchFigures.reliabilities)) AS bound
      LEFT JOIN (\(best)) AS best ON reliability >= bound
      GROUP BY bound
      ORDER BY bound
      """, as: MatchFigures.Threshold.self)
  }
}

extension MatchFigures {
  /// What does not look right.
  fileprivate func doubts(chance: Double) -> [String]? {
    var doubts: [String] = []
    if withoutError > 0 {
      doubts.append(
        "\(withoutError) sources were left out, since their positional error is not known: say one with --error"
      )
    }
    if let scatter, taken >= 20, scatter > 1.3 || scatter < 0.7 {
      doubts.append(
        """
        separations are \(String((100 * scatter).rounded() / 100)) times the errors, not about once: are the \
        errors right? Say them with --error and --systematic
        """)
    }
    if chance > 1 {
      doubts.append(
        """
        by chance alone \(String((10 * chance).rounded() / 10)) sources of '\(other)' lie within three errors of \
        each: positions say little
        """)
    }
    if covered * 2 < sources {
      doubts.append("\(sources - covered) of \(sources) sources lie where '\(other)' has none")
    }
    return doubts.isEmpty ? nil : doubts
  }
}
