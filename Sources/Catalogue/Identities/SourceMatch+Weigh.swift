import Foundation
import PostgreSQL

extension SourceMatch {
  /// Which part of the sources has a counterpart.
  struct Share {
    /// Sources that lie where the other survey has some.
    var covered: Int
    /// The part of them that has a counterpart: Q.
    var completeness: Double
    /// The part of those whose counterpart lies farther off than errors alone would have it.
    var displaced: Double
    /// How many of the other survey's sources lie within three errors of them by chance.
    var chance: Double
  }

  /// Finds which part of the sources has a counterpart, from those near which the other survey has nothing; within
  /// three errors, and within three errors and beams, which tells what is displaced.
  ///
  /// Displaced is counted only where chance brings less than one source into so wide a circle.
  func findShare(within radius: Double) throws -> Share {
    let core = try near(square: Self.counted * Self.counted, within: radius)
    let inCore = 1 - exp(-Self.counted * Self.counted / 2)
    func bounded(_ part: Double) -> Double { min(0.999, max(0.001, part)) }
    var share = Share(
      covered: core.covered, completeness: bounded(core.part / inCore), displaced: 0,
      chance: core.chance)
    guard displacement > 0 else { return share }
    let wide = try near(
      square: Self.counted * Self.counted, displacement: displacement, within: radius)
    guard wide.chance < Double(wide.covered) else { return share }
    share.completeness = bounded(wide.part / inCore)
    let displacedInCore = try database.row(
      """
      SELECT coalesce(avg(1 - exp(-\(Self.counted * Self.counted / 2) * variance / (variance + \(displacement * displacement)))), 0)::float8
      FROM (
          SELECT variance + (SELECT avg(variance) FROM pg_temp.counterpart) AS variance
          FROM pg_temp.sought WHERE is_covered
      ) AS sought
      """, as: Double.self)
    let part = (inCore - core.part / share.completeness) / max(1e-9, inCore - displacedInCore)
    share.displaced = min(0.9, max(0, part))
    return share
  }

  /// Counts the sources near which the other survey has something, more than chance brings.
  ///
  /// Where λ unrelated sources are expected near a source, none is there of a part exp(−λ) of the sources whose
  /// counterpart is not there (Fleuren et al. 2012, MNRAS 423, 2407, who count that at places drawn by chance).
  ///
  /// Near is within so many errors, whose `square` is given, with a `displacement` in arcsec in quadrature to each,
  /// and within `radius`, degrees.
  private func near(
    square: Double, displacement: Double = 0, within radius: Double
  ) throws -> (covered: Int, part: Double, chance: Double) {
    let more = displacement * displacement
    let (covered, empty, expected, chance) = try database.row(
      """
      SELECT count(*), count(*) FILTER (WHERE near.source_id IS NULL),
          coalesce(sum(exp(-least(700, lambda))), 0)::float8, coalesce(sum(lambda), 0)::float8
      FROM (
          SELECT source_id, density * pi() * least(
              \(square) * (variance + (SELECT avg(variance) FROM pg_temp.counterpart) + \(more)),
              power(\(3600 * radius), 2)) AS lambda
          FROM pg_temp.sought
          WHERE is_covered
      ) AS sought
      LEFT JOIN (
          SELECT DISTINCT source_id FROM pg_temp.candidate
          WHERE power(separation, 2) <= \(square) * (power(sigma, 2) + \(more))
      ) AS near USING (source_id)
      """, as: Int.self, Int.self, Double.self, Double.self)
    return (covered, expected > 0 ? 1 - Double(empty) / expected : 0, chance)
  }

  /// Gives each pair its likelihood ratio and reliability, in the temporary table `weighed`; and its place among
  /// the pairs of either source, the likeliest first.
  func weigh(_ share: Share) throws {
    try weighBrightness(chance: share.chance)
    let (completeness, displaced) = (share.completeness, share.displaced)
    // Of two dimensions: exp(−r² / 2σ²) / 2πσ². The server refuses powers beyond 700.
    func gaussian(_ variance: String) -> String {
      "exp(-least(700, power(separation, 2) / (2 * \(variance)))) / (2 * pi() * \(variance))"
    }
    let errors = gaussian("power(sigma, 2)")
    let wider = gaussian("(power(sigma, 2) + \(displacement * displacement))")
    try database.script(
      """
      DROP TABLE IF EXISTS pg_temp.weighed;
      CREATE TEMPORARY TABLE weighed ON COMMIT DROP AS
      SELECT *,
          row_number() OVER (
              PARTITION BY source_id ORDER BY likelihood_ratio DESC, other_source_id
          ) AS of_source,
          row_number() OVER (
              PARTITION BY other_source_id ORDER BY likelihood_ratio DESC, source_id
          ) AS of_other
      FROM (
          SELECT source_id, other_source_id, separation, sigma, likelihood_ratio,
              likelihood_ratio / (
                  sum(likelihood_ratio) OVER (PARTITION BY source_id) + \(1 - completeness)
              ) AS reliability
          FROM (
              SELECT source_id, other_source_id, separation, sigma,
                  \(completeness) * ratio / density
                      * (\(1 - displaced) * \(errors) + \(displaced) * \(wider)) AS likelihood_ratio
              FROM pg_temp.candidate
              JOIN pg_temp.shade
                  ON shade.bin = coalesce(width_bucket(brightness, (SELECT edges FROM pg_temp.shades)), -1)
          ) AS likely
      ) AS reliable
      """)
  }

  /// Divides the other survey by brightness into equal parts, and finds how much more frequent each is among
  /// counterparts: the temporary table `shade`.
  ///
  /// What has no brightness is a part of its own, -1.
  /// What lies near sources by chance is as everywhere, and taken off. As many pairs as there are parts are added,
  /// divided as everywhere, so that a few pairs do not decide.
  private func weighBrightness(chance: Double) throws {
    let bins = Self.bins
    let shares = (1..<bins).map { "\(Double($0) / Double(bins))" }.joined(separator: ", ")
    try database.script(
      """
      DROP TABLE IF EXISTS pg_temp.shades, pg_temp.shade;
      CREATE TEMPORARY TABLE shades ON COMMIT DROP AS
      SELECT coalesce(
          percentile_cont(ARRAY[\(shares)]::float8[]) WITHIN GROUP (ORDER BY brightness), '{}') AS edges
      FROM pg_temp.counterpart;
      CREATE TEMPORARY TABLE shade ON COMMIT DROP AS
      SELECT bin, (excess + \(bins) * share) / (sum(excess) OVER () + \(bins)) / share AS ratio
      FROM (
          SELECT bin, share, greatest(0, coalesce(pairs, 0) - \(chance) * share) AS excess
          FROM (
              SELECT bin, count(*)::float8 / sum(count(*)) OVER () AS share
              FROM (
                  SELECT coalesce(width_bucket(brightness, edges), -1) AS bin
                  FROM pg_temp.counterpart, pg_temp.shades
              ) AS everywhere
              GROUP BY bin
          ) AS everywhere
          LEFT JOIN (
              SELECT coalesce(width_bucket(brightness, edges), -1) AS bin, count(*) AS pairs
              FROM pg_temp.candidate, pg_temp.shades
              WHERE is_covered AND separation <= \(Self.counted) * sigma
              GROUP BY bin
          ) AS near USING (bin)
      ) AS counted
      """)
  }

  /// Writes the pairs, and with the row of `reber.source_match` makes objects of those that are one.
  func link() throws {
    let links = Partition(whole: "reber.source_link", key: run)
    try links.open(in: database)
    try database.execute(
      """
      INSERT INTO \(raw: links.table) (
          run_id, survey_id, source_id, other_survey_id, other_source_id, separation, sigma,
          likelihood_ratio, reliability, is_same
      )
      SELECT \(run), \(survey.id), source_id, \(other.id), other_source_id, separation, sigma,
          likelihood_ratio, reliability,
          reliability >= \(options.minReliability) AND of_source = 1
              AND (of_other = 1 OR \(options.takesSeveral))
      FROM pg_temp.weighed
      WHERE reliability >= \(Self.kept)
      ORDER BY source_id
      """)
    try links.attach(in: database)
    try database.execute(
      """
      INSERT INTO reber.source_match (run_id, survey_id, other_survey_id, min_reliability)
      VALUES (\(run), \(survey.id), \(other.id), \(Float(options.minReliability)))
      """)
  }
}
