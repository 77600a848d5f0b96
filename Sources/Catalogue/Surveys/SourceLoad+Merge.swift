import PostgreSQL

extension SourceLoad {
  /// Adds the sources whose names are new, replaces those that differ, and keeps what they were.
  mutating func merge() throws -> SourceChanges {
    try send()
    try refuseRepeated()
    try table.adapt(table.table, in: database)
    try database.script("ANALYZE incoming; ANALYZE incoming_cells")
    let all = changes.added
    changes.changed = try supersede()
    changes.added = try addNew()
    try amendRelease()
    try Partition(whole: "reber.source", key: table.survey.id).analyse(in: database)
    try database.execute("ANALYZE \(raw: table.table)")
    changes.unchanged = all - changes.added - changes.changed
    changes.moved = try moved()
    changes.mixed = try mixedUnits()
    return changes
  }

  /// How many sources are elsewhere than they were.
  private func moved() throws -> Int {
    try database.row(
      """
      SELECT count(*)
      FROM differing
      JOIN incoming ON incoming.source_id = differing.row_number
      JOIN reber.source_superseded AS former ON former.source_id = differing.source_id
          AND former.survey_id = \(table.survey.id) AND former.superseded_by = \(run)
      WHERE reber.separation(former.ra, former.dec, incoming.ra, incoming.dec) > 1 / 60.0
      """, as: Int.self)
  }

  /// Says which columns hold, beside the cells of this catalogue, others that are of another unit.
  private func mixedUnits() throws -> [String] {
    let others = try database.row(
      """
      SELECT count(*) FROM reber.source WHERE survey_id = \(table.survey.id) AND is_listed
      """, as: Int.self)
    guard others > changes.accepted else { return [] }
    return try database.rows(
      """
      SELECT format(
          '%L is in %s now, and was in %s: sources that this catalogue does not have keep numbers in that',
          own.name, own.unit, before ->> 'unit')
      FROM reber.ingestion
      CROSS JOIN jsonb_array_elements(columns) AS before
      JOIN reber.survey_column AS own
          ON own.survey_id = ingestion.survey_id AND own.name = before ->> 'name'
      WHERE ingestion.run_id = \(run) AND ingestion.survey_id = \(table.survey.id)
          AND own.unit <> before ->> 'unit'
      ORDER BY own.ordinal
      """, as: String.self)
  }

  /// Makes the sources those of a new release.
  mutating func follow(_ release: FollowingRelease) throws -> SourceChanges {
    try send()
    try refuseRepeated()
    try database.script("ANALYZE incoming; ANALYZE incoming_cells")
    let found = try ReleaseLoad(release: release, table: table, run: run, database: database)
      .perform()
    changes.added = found.newSources
    changes.changed = found.differing
    changes.unchanged = found.unchanged
    changes.release = found
    return changes
  }

  private func supersede() throws -> Int {
    let survey = table.survey.id
    try database.execute(
      """
      CREATE TEMPORARY TABLE differing ON COMMIT DROP AS
      SELECT source.source_id, incoming.source_id AS row_number
      FROM incoming
      JOIN incoming_cells USING (source_id)
      JOIN reber.source ON source.survey_id = \(raw: String(survey)) AND source.name = incoming.name
      LEFT JOIN \(raw: table.table) AS own ON own.source_id = source.source_id
      WHERE NOT source.is_listed
          OR (\(Source.columns, of: "source")) IS DISTINCT FROM (\(Source.columns, of: "incoming"))
          OR (\(table.all(of: "own"))) IS DISTINCT FROM (\(table.all(of: "incoming_cells")))
      """)
    try database.execute(
      """
      INSERT INTO reber.source_superseded (
          survey_id, source_id, designation, run_id, is_listed, \(Source.columns), attributes, superseded_by
      )
      SELECT survey_id, source_id, source.designation, source.run_id, source.is_listed,
          \(Source.columns, of: "source"),
          reber.catalogue_record(\(Int32(survey)), coalesce(to_jsonb(own), '{}')), \(run)
      FROM reber.source
      JOIN differing USING (source_id)
      LEFT JOIN \(raw: table.table) AS own USING (source_id)
      WHERE source.survey_id = \(survey)
      """)
    try database.execute(
      """
      UPDATE reber.source
      SET (\(Source.columns), run_id, is_listed) = (\(Source.columns, of: "incoming"), \(run), true)
      FROM differing
      JOIN incoming ON incoming.source_id = differing.row_number
      WHERE source.survey_id = \(survey) AND source.source_id = differing.source_id
      """)
    try database.execute(
      "DELETE FROM \(raw: table.table) AS own USING differing WHERE own.source_id = differing.source_id"
    )
    return try writeCells(of: "differing")
  }

  private func addNew() throws -> Int {
    try database.execute(
      """
      CREATE TEMPORARY TABLE addition ON COMMIT DROP AS
      SELECT incoming.source_id AS row_number,
          row_number() OVER (ORDER BY incoming.source_id) - 1 AS source_id
      FROM incoming
      WHERE NOT EXISTS (
          SELECT FROM reber.source
          WHERE source.survey_id = \(raw: String(table.survey.id)) AND source.name = incoming.name
      )
      """)
    try database.execute(
      """
      UPDATE addition SET source_id = source_id + first
      FROM reber.reserve_sources((SELECT count(*) FROM addition)) AS first
      """)
    try database.execute(
      """
      INSERT INTO reber.source (survey_id, source_id, \(Source.columns), run_id)
      SELECT \(table.survey.id), addition.source_id, \(Source.columns, of: "incoming"), \(run)
      FROM addition
      JOIN incoming ON incoming.source_id = addition.row_number
      ORDER BY addition.source_id
      """)
    return try writeCells(of: "addition")
  }

  /// Where the newest release follows another: lists what was added among what it brought, and has what was
  /// brought back shown and counted.
  private func amendRelease() throws {
    guard let newest = try DataRelease.all(of: table.survey, in: database).last,
      newest.follows != nil
    else { return }
    try database.execute(
      """
      INSERT INTO reber.release_change
          (release_id, source_id, kinds, name)
      SELECT \(newest.id), addition.source_id, '{added}', incoming.name
      FROM addition
      JOIN incoming ON incoming.source_id = addition.row_number
      """)
    try Cutout.makeNewestCurrent(of: table.survey, in: database)
    try database.execute("SELECT reber.count_sources(\(Int32(table.survey.id)))")
    try database.execute("SELECT reber.count_labels(\(Int32(table.survey.id)))")
  }

  /// Writes the cells of chosen rows under the keys of their sources.
  private func writeCells(of chosen: String) throws -> Int {
    try database.execute(
      """
      INSERT INTO \(raw: table.table) (source_id\(table.list))
      SELECT chosen.source_id\(table.list)
      FROM \(raw: chosen) AS chosen
      JOIN incoming_cells ON incoming_cells.source_id = chosen.row_number
      ORDER BY chosen.source_id
      """)
  }
}
