import Foundation
import PostgreSQL

extension SourceMatch {
  /// What of the surveys takes part.
  struct Basis {
    var words: [String]
    var sources: Int
    var others: Int
    var withoutError: Int
    /// How far a counterpart can lie, degrees.
    var radius: Double
  }

  /// The wider beam of the two surveys (FWHM), arcsec; 0 where none is known.
  private var widerBeam: Double {
    [survey, other].compactMap { $0.observation.beamMajor.map(Double.init) }.max() ?? 0
  }

  /// How far the middle of a blend lies from its parts, arcsec in each coordinate: the standard deviation of the
  /// wider beam.
  var displacement: Double {
    options.errorsAlone ? 0 : widerBeam / (8 * log(2)).squareRoot()
  }

  /// Puts places and errors into the temporary tables `place` and `counterpart`.
  func gather() throws -> Basis {
    let errors = try [survey, other].map {
      try PositionError(of: $0, asked: options.errors[$0.name], in: database)
    }
    let systematic: SQL = "power(\(raw: String(options.systematic))::float8, 2)"
    for (survey, table, error, brightness) in [
      (survey, "place", errors[0], "NULL::float8" as SQL),
      (other, "counterpart", errors[1], try Brightness(of: other, options, in: database).value),
    ] {
      try database.script("DROP TABLE IF EXISTS pg_temp.\(table)")
      try database.execute(
        """
        CREATE TEMPORARY TABLE \(raw: table) ON COMMIT DROP AS
        SELECT source.source_id, source.ra, source.dec, \(error.variance) + \(systematic) AS variance,
            \(brightness) AS brightness
        FROM reber.source
        \(try own(survey))
        WHERE source.survey_id = \(raw: String(survey.id)) AND source.is_listed AND source.ra IS NOT NULL
        """)
      try database.script("ANALYZE \(table)")
    }
    return try basis()
  }

  /// The survey's own table beside `source`; an empty one where it has none.
  private func own(_ survey: Survey) throws -> SQL {
    try OwnColumn.all(of: survey, in: database).isEmpty
      ? "LEFT JOIN (SELECT NULL::bigint AS source_id WHERE false) AS own ON own.source_id = source.source_id"
      : "LEFT JOIN \(raw: SurveyTable.table(of: survey)) AS own ON own.source_id = source.source_id"
  }

  private func basis() throws -> Basis {
    let counts = try ["place", "counterpart"].map { table in
      try database.row(
        """
        SELECT count(*), count(*) FILTER (WHERE variance IS NULL), coalesce(max(variance), 0)
        FROM pg_temp.\(raw: table)
        """, as: Int.self, Int.self, Double.self)
    }
    for (count, survey) in zip(counts, [survey, other]) where count.0 == count.1 {
      throw CatalogueError.missing(
        "source with a position and its error in survey '\(survey.name)'",
        hint: "'reber ingest' brings some, and --error says how well positions are known")
    }
    let farthest = options.radius ?? max(30, widerBeam)
    let variance = counts[0].2 + counts[1].2
    let reach = max(
      Self.sought * variance.squareRoot(),
      Self.counted * (variance + displacement * displacement).squareRoot())
    return Basis(
      words: try Self.basis(of: survey, in: other, options, database: database),
      sources: counts[0].0, others: counts[1].0, withoutError: counts[0].1 + counts[1].1,
      radius: min(farthest, reach) / 3600)
  }

  /// Counts the other survey's sources about each source, in cells that hold about a hundred; the temporary table
  /// `sought` has it as sources an arcsec².
  ///
  /// A cell at the edge of the other survey is partly empty: it counts as half as dense as usual at least.
  ///
  /// - Returns: The other survey's sources a square degree, as one of them sees it.
  func countDensity() throws -> Double {
    var size = 1.0
    var mean = 0.0
    for _ in 0..<4 {
      try database.script(
        """
        DROP TABLE IF EXISTS pg_temp.crowd;
        CREATE TEMPORARY TABLE crowd ON COMMIT DROP AS
        SELECT cell, count(*) AS sources, count(*) / min(area) AS density
        FROM (
            SELECT reber.sky_cell(ra, dec, \(size)) AS cell,
                360 / reber.cells_around(zone, \(size)) * degrees(
                    sind(least(90, (zone + 1) * \(size) - 90)) - sind(zone * \(size) - 90)) AS area
            FROM (SELECT ra, dec, floor((dec + 90) / \(size)) AS zone FROM pg_temp.counterpart) AS placed
        ) AS cells
        GROUP BY cell
        """)
      mean = try database.row(
        "SELECT (sum(sources * density) / sum(sources))::float8 FROM pg_temp.crowd", as: Double.self
      )
      let wanted = min(5, max(0.02, (100 / mean).squareRoot()))
      if abs(wanted / size - 1) < 0.2 { break }
      size = wanted
    }
    try database.script(
      """
      DROP TABLE IF EXISTS pg_temp.sought;
      CREATE TEMPORARY TABLE sought ON COMMIT DROP AS
      SELECT place.*, greatest(coalesce(crowd.density, 0), \(mean / 2)) / 12960000 AS density,
          crowd.cell IS NOT NULL AS is_covered
      FROM pg_temp.place
      LEFT JOIN pg_temp.crowd ON crowd.cell = reber.sky_cell(ra, dec, \(size))
      WHERE variance IS NOT NULL;
      ANALYZE pg_temp.sought
      """)
    return mean
  }

  /// All pairs within five errors, or three errors and beams, into the temporary table `candidate`.
  func findCandidates(within radius: Double) throws {
    let size = max(4 * radius, 1.0 / 600)
    // The cells stand in tables, so that the planner knows how many there are.
    try database.script(
      """
      DROP TABLE IF EXISTS pg_temp.sought_cell, pg_temp.counterpart_cell, pg_temp.candidate;
      CREATE TEMPORARY TABLE sought_cell ON COMMIT DROP AS
      SELECT cell, source_id, ra, dec, variance, density, is_covered
      FROM pg_temp.sought
      CROSS JOIN LATERAL reber.sky_cells(ra, dec, \(radius), \(size)) AS cell;
      CREATE TEMPORARY TABLE counterpart_cell ON COMMIT DROP AS
      SELECT reber.sky_cell(ra, dec, \(size)) AS cell, source_id, ra, dec, variance, brightness
      FROM pg_temp.counterpart
      WHERE variance IS NOT NULL;
      ANALYZE pg_temp.sought_cell;
      ANALYZE pg_temp.counterpart_cell;
      CREATE TEMPORARY TABLE candidate ON COMMIT DROP AS
      SELECT one.source_id, other.source_id AS other_source_id, separation,
          sqrt(one.variance + other.variance) AS sigma, density, is_covered, brightness
      FROM pg_temp.sought_cell AS one
      JOIN pg_temp.counterpart_cell AS other USING (cell)
      CROSS JOIN LATERAL (
          SELECT 3600 * reber.separation(one.ra, one.dec, other.ra, other.dec) AS separation
      ) AS apart
      WHERE abs(one.dec - other.dec) <= \(radius)
          AND separation <= \(3600 * radius)
          AND separation <= greatest(
              \(Self.sought) * sqrt(one.variance + other.variance),
              \(Self.counted) * sqrt(one.variance + other.variance + \(displacement * displacement)));
      ANALYZE pg_temp.candidate;
      DROP TABLE pg_temp.sought_cell, pg_temp.counterpart_cell
      """)
  }
}
