import Astronomy
import PostgreSQL

extension ReleaseLoad {
  /// All pairs within the radius, and by name those of which one has no position.
  func findCandidates() throws {
    let radius = release.radius / 3600
    // Cells of an arcminute at least: few sources stand in more than one.
    let size = max(1 / 60, 4 * radius)
    try database.script(
      """
      CREATE TEMPORARY TABLE candidate (
          source_id bigint, row_number bigint, separation double precision, is_namesake boolean
      ) ON COMMIT DROP
      """)
    try database.execute(
      """
      INSERT INTO candidate
      SELECT former.source_id, new.source_id, apart.separation, former.name = new.name
      FROM (
          SELECT source_id, name, ra, dec, cell
          FROM incoming
          CROSS JOIN LATERAL reber.sky_cells(ra, dec, \(radius), \(size)) AS cell
          WHERE ra IS NOT NULL
      ) AS new
      JOIN (
          SELECT source_id, name, ra, dec, reber.sky_cell(ra, dec, \(size)) AS cell
          FROM reber.source
          WHERE survey_id = \(raw: String(survey)) AND is_listed AND ra IS NOT NULL
      ) AS former USING (cell)
      CROSS JOIN LATERAL (
          SELECT 3600 * reber.separation(former.ra, former.dec, new.ra, new.dec) AS separation
      ) AS apart
      WHERE apart.separation <= \(release.radius)
      UNION ALL
      SELECT former.source_id, new.source_id, NULL, true
      FROM incoming AS new
      JOIN reber.source AS former USING (name)
      WHERE former.survey_id = \(raw: String(survey)) AND former.is_listed
          AND (former.ra IS NULL OR new.ra IS NULL)
      """)
    try database.script("ANALYZE candidate")
  }

  /// Pairs of which each is the other's only candidate; or of one name, where all others that come into
  /// question have found the namesake that is theirs.
  func match() throws {
    try database.script(
      """
      CREATE TEMPORARY TABLE judged_candidate ON COMMIT DROP AS
      SELECT source_id, row_number, separation, of_source, of_row,
          CASE WHEN is_namesake THEN NOT (
              bool_or(NOT is_namesake AND NOT row_is_named) OVER (PARTITION BY source_id)
              OR bool_or(NOT is_namesake AND NOT source_is_named) OVER (PARTITION BY row_number)
          ) ELSE of_source = 1 AND of_row = 1 END AS is_match
      FROM (
          SELECT candidate.*,
              count(*) OVER of_source AS of_source, count(*) OVER of_row AS of_row,
              bool_or(is_namesake) OVER of_source AS source_is_named,
              bool_or(is_namesake) OVER of_row AS row_is_named
          FROM candidate
          WINDOW of_source AS (PARTITION BY source_id), of_row AS (PARTITION BY row_number)
      ) AS counted;

      CREATE TEMPORARY TABLE keyed ON COMMIT DROP AS
      SELECT row_number, source_id, separation, true AS is_match FROM judged_candidate WHERE is_match;

      CREATE INDEX ON judged_candidate (source_id);
      CREATE INDEX ON judged_candidate (row_number);
      ANALYZE judged_candidate;

      INSERT INTO keyed
      SELECT incoming.source_id, row_number() OVER (ORDER BY incoming.source_id) - 1, NULL, false
      FROM incoming
      WHERE NOT EXISTS (SELECT FROM keyed WHERE keyed.row_number = incoming.source_id);

      UPDATE keyed SET source_id = source_id + first
      FROM reber.reserve_sources((SELECT count(*) FROM keyed WHERE NOT is_match)) AS first
      WHERE NOT is_match;

      CREATE UNIQUE INDEX ON keyed (row_number);
      CREATE INDEX ON keyed (source_id);
      ANALYZE keyed
      """)
  }

  /// The sources that were found again, with what differs.
  func compare() throws {
    let columns = try SurveyColumn.all(of: table.survey, in: database)
    let names = try OwnColumn.storedNames(of: table.survey, in: database)
    let mapped = Set(columns.filter { $0.mappedTo != nil }.compactMap { names[$0.column.name] })
    let types = try database.columnTypes(of: "pg_temp.incoming_cells")
    let own = table.columns.filter { table.standing.contains($0) && !mapped.contains($0) }
    let former: [SQL] =
      ["0"] + own.map { "own.\(identifier: $0)::\(raw: types[$0] ?? "text")" as SQL }
    let new: [SQL] = ["0"] + own.map { "incoming_cells.\(identifier: $0)" as SQL }
    let values = ["total_flux", "peak_flux", "rms", "major_axis"]
    let list = { (table: String) in values.map { "\(table).\($0)" }.joined(separator: ", ") }
    try database.script(
      """
      CREATE TEMPORARY TABLE found (
          source_id bigint PRIMARY KEY, row_number bigint, separation double precision, kinds text[]
      ) ON COMMIT DROP
      """)
    try database.execute(
      """
      INSERT INTO found
      SELECT source.source_id, keyed.row_number, keyed.separation, array_remove(ARRAY[
          CASE WHEN (source.ra, source.dec) IS DISTINCT FROM (incoming.ra, incoming.dec) THEN 'moved' END,
          CASE WHEN source.name <> incoming.name THEN 'renamed' END,
          CASE WHEN (\(raw: list("source"))) IS DISTINCT FROM (\(raw: list("incoming")))
              OR (\(former.joined(separator: ", "))) IS DISTINCT FROM (\(new.joined(separator: ", ")))
              THEN 'changed' END
      ], NULL)
      FROM keyed
      JOIN reber.source ON source.survey_id = \(raw: String(survey))
          AND source.source_id = keyed.source_id
      JOIN incoming ON incoming.source_id = keyed.row_number
      JOIN incoming_cells ON incoming_cells.source_id = keyed.row_number
      LEFT JOIN \(raw: table.table) AS own ON own.source_id = source.source_id
      WHERE keyed.is_match
      """)
    try database.script("ANALYZE found")
  }

  /// Writes what became of the sources of the former release, and which are new.
  func listChanges() throws {
    let changes = Partition(whole: "reber.release_change", key: release.id)
    try changes.open(in: database)
    try database.execute(
      """
      INSERT INTO \(raw: changes.table) (release_id, source_id, kinds, former_name, name, separation)
      SELECT \(release.id), found.source_id, kinds, source.name, incoming.name, found.separation
      FROM found
      JOIN reber.source ON source.survey_id = \(raw: String(survey))
          AND source.source_id = found.source_id
      JOIN incoming ON incoming.source_id = found.row_number
      WHERE kinds <> '{}'
      UNION ALL
      SELECT \(release.id), source.source_id, ARRAY[coalesce(\(unclear("source_id", "of_source", "of_row", "row_number", of: "source.source_id")), CASE WHEN strayed.name IS NULL THEN 'dropped' ELSE 'elsewhere' END)],
          source.name, NULL, NULL
      FROM reber.source
      LEFT JOIN (\(strayed)) AS strayed USING (name)
      WHERE source.survey_id = \(raw: String(survey)) AND source.is_listed
          AND NOT EXISTS (SELECT FROM found WHERE found.source_id = source.source_id)
      UNION ALL
      SELECT \(release.id), keyed.source_id, ARRAY[coalesce(\(unclear("row_number", "of_row", "of_source", "source_id", of: "keyed.row_number")), CASE WHEN strayed.name IS NULL THEN 'added' ELSE 'elsewhere' END)],
          NULL, incoming.name, NULL
      FROM keyed
      JOIN incoming ON incoming.source_id = keyed.row_number
      LEFT JOIN (\(strayed)) AS strayed USING (name)
      WHERE NOT keyed.is_match
      """)
    try changes.attach(in: database)
    try database.execute(
      """
      INSERT INTO reber.release_candidate (release_id, former_source_id, source_id, separation)
      SELECT \(release.id), pair.source_id, keyed.source_id, pair.separation
      FROM judged_candidate AS pair
      JOIN keyed USING (row_number)
      WHERE NOT EXISTS (SELECT FROM found WHERE found.source_id = pair.source_id) AND NOT keyed.is_match
      UNION
      SELECT \(release.id), strayed.source_id, keyed.source_id, strayed.separation
      FROM (\(strayed)) AS strayed
      JOIN keyed USING (row_number)
      """)
  }

  /// Why what has candidates was not matched: one that became several, several that became one, or else.
  private func unclear(
    _ own: String, _ ofOwn: String, _ ofOther: String, _ other: String, of key: String
  ) -> SQL {
    let (one, many) = own == "source_id" ? ("split", "merged") : ("merged", "split")
    return """
      (
          SELECT CASE
              WHEN max(\(raw: ofOwn)) > 1 AND max(\(raw: ofOther)) = 1 THEN '\(raw: one)'
              WHEN max(\(raw: ofOwn)) = 1 AND max(\(raw: ofOther)) > 1 AND NOT EXISTS (
                  SELECT FROM judged_candidate AS further
                  JOIN judged_candidate AS pair USING (\(raw: other))
                  WHERE pair.\(raw: own) = \(raw: key) AND further.\(raw: ofOwn) > 1
              ) THEN '\(raw: many)'
              WHEN count(*) > 0 THEN 'crowded'
          END
          FROM judged_candidate WHERE judged_candidate.\(raw: own) = \(raw: key)
      )
      """
  }

  /// Sources without a candidate whose name stands in the catalogue at a place that is farther off.
  private var strayed: SQL {
    """
    SELECT former.name, former.source_id, new.source_id AS row_number,
        3600 * reber.separation(former.ra, former.dec, new.ra, new.dec) AS separation
    FROM reber.source AS former
    JOIN incoming AS new USING (name)
    WHERE former.survey_id = \(raw: String(survey)) AND former.ra IS NOT NULL AND new.ra IS NOT NULL
        AND NOT EXISTS (SELECT FROM judged_candidate AS pair WHERE pair.source_id = former.source_id)
        AND NOT EXISTS (SELECT FROM judged_candidate AS pair WHERE pair.row_number = new.source_id)
    """
  }
}
