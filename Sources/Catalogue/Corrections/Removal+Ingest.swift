import PostgreSQL

extension Removal {
  /// Removes what a run ingested and nobody else did, and puts back what it changed; gives the surveys.
  mutating func removeIngested(by run: Int) throws -> [Int] {
    let surveys = try database.rows(
      """
      SELECT \(Survey.columns) FROM reber.survey
      WHERE survey_id IN (SELECT survey_id FROM reber.ingestion WHERE run_id = \(run))
      """, as: Survey.self)
    for survey in surveys {
      try removeCutouts(of: survey, by: run)
      if try restoreRelease(of: survey, before: run) {
        try restoreDescription(of: survey, before: run)
        try database.execute("SELECT reber.count_sources(\(Int32(survey.id)))")
      } else if try wasFirst(run, of: survey) {
        try remove(survey)
      } else {
        try restoreSources(of: survey, before: run)
        try restoreDescription(of: survey, before: run)
        try database.execute("SELECT reber.count_sources(\(Int32(survey.id)))")
      }
    }
    return surveys.map(\.id)
  }

  /// Whether no source of a survey was there before the run.
  private func wasFirst(_ run: Int, of survey: Survey) throws -> Bool {
    try database.row(
      """
      SELECT EXISTS (SELECT FROM reber.source WHERE survey_id = \(survey.id))
          AND NOT EXISTS (
              SELECT FROM reber.source
              WHERE survey_id = \(survey.id) AND (run_id < \(run) OR run_id > \(run))
          )
          AND NOT EXISTS (
              SELECT FROM reber.source_superseded
              WHERE survey_id = \(survey.id) AND superseded_by = \(run)
          )
      """, as: Bool.self)
  }

  /// Removes a survey of which no run is left that wrote rows of it.
  mutating func remove(_ survey: Survey) throws {
    for whole in ["reber.cutout_pixels", "reber.cutout", "reber.image", "reber.source"] {
      try drop(Partition(whole: whole, key: survey.id))
    }
    for table in try survey.ownTables(in: database) {
      try database.execute("DROP TABLE survey.\(identifier: table)")
    }
    for release in try DataRelease.all(of: survey, in: database).reversed() { try remove(release) }
    for table in [
      "source_superseded", "survey_column", "source_count", "label_count", "agreed",
      "embedding_count", "saved_question", "second_look", "ingestion", "survey",
    ] { try delete("reber.\(table)", "survey_id = \(survey.id)") }
  }

  /// Removes what is kept of a release besides its sources.
  private mutating func remove(_ release: DataRelease) throws {
    for whole in ["reber.release_source", "reber.release_change"] {
      try drop(Partition(whole: whole, key: release.id))
    }
    for table in ["release_candidate", "release"] {
      try delete("reber.\(table)", "release_id = \(release.id)")
    }
  }

  /// Makes the release that a run's followed the newest again; false where the run brought none that follows.
  private mutating func restoreRelease(of survey: Survey, before run: Int) throws -> Bool {
    let releases = try DataRelease.all(of: survey, in: database)
    guard let place = releases.firstIndex(where: { $0.run == run && $0.follows != nil }) else {
      return false
    }
    let former = releases[place - 1]
    let kept = Partition(whole: "reber.release_source", key: former.id).table
    try delete(
      "reber.source",
      "(survey_id, source_id) IN (SELECT survey_id, source_id FROM reber.sources_of(\(run)))")
    // Names that pass from one source to another are free by then.
    try database.execute(
      """
      UPDATE reber.source SET name = format('%s (%s of %s)', source.name, source.source_id, \(releases[place].name)::text)
      FROM \(raw: kept) AS former
      WHERE source.survey_id = \(survey.id) AND source.source_id = former.source_id
          AND source.name <> former.name
      """)
    try database.execute(
      """
      UPDATE reber.source
      SET (\(Source.columns), run_id, is_listed) = (\(Source.columns, of: "former"), former.run_id, true)
      FROM \(raw: kept) AS former
      WHERE source.survey_id = \(survey.id) AND source.source_id = former.source_id
          AND (source.run_id <> former.run_id OR NOT source.is_listed)
      """)
    try restoreNames(of: survey)
    try Cutout.makeNewestCurrent(of: survey, in: database)
    try database.execute("SELECT reber.count_labels(\(Int32(survey.id)))")
    let (own, aside) = ("survey.\"\(survey.name)_\(former.name)\"", "_taken_back_\(run)")
    loss.rows["survey.\(survey.name)", default: 0] += try database.row(
      "SELECT count(*) FROM \(raw: SurveyTable.table(of: survey))", as: Int.self)
    try survey.replaceOwnTable(by: own, aside: aside, in: database)
    try database.execute("DROP TABLE survey.\(identifier: aside)")
    try drop(Partition(whole: "reber.release_source", key: former.id))
    try remove(releases[place])
    // Where the run was the first to name the former release, that has no name again.
    if former.run == run { try remove(former) }
    return true
  }

  /// Gives sources that the newest release lacks the names that they had last in one, where these are free again.
  private func restoreNames(of survey: Survey) throws {
    try database.execute(
      """
      UPDATE reber.source SET name = last.name
      FROM (
          SELECT DISTINCT ON (source_id) source_id, name
          FROM reber.release_source
          WHERE survey_id = \(survey.id)
          ORDER BY source_id, release_id DESC
      ) AS last
      WHERE source.survey_id = \(survey.id) AND NOT source.is_listed
          AND source.source_id = last.source_id AND source.name <> last.name
          AND NOT EXISTS (
              SELECT FROM reber.source AS other
              WHERE other.survey_id = \(survey.id) AND other.name = last.name
          )
      """)
  }

  /// Removes the images that a run brought; of each source the newest that is left is current again.
  private mutating func removeCutouts(of survey: Survey, by run: Int) throws {
    let (own, others) = try database.row(
      """
      SELECT EXISTS (SELECT FROM reber.cutout WHERE survey_id = \(survey.id) AND run_id = \(run)),
          EXISTS (SELECT FROM reber.cutout WHERE survey_id = \(survey.id) AND run_id <> \(run))
      """, as: Bool.self, Bool.self)
    if !others {
      for whole in ["reber.cutout_pixels", "reber.cutout", "reber.image"] {
        try drop(Partition(whole: whole, key: survey.id))
      }
    } else if own {
      try delete(
        "reber.cutout_pixels",
        """
        survey_id = \(survey.id) AND cutout_id IN (
            SELECT cutout_id FROM reber.cutout WHERE survey_id = \(survey.id) AND run_id = \(run)
        )
        """)
      try delete("reber.cutout", "survey_id = \(survey.id) AND run_id = \(run)")
      try Cutout.makeNewestCurrent(of: survey, in: database)
    }
    if others { try delete("reber.image", SurveyImage.unused(of: survey)) }
  }

  /// Removes the sources that a run added, and gives those that it changed their former values.
  private mutating func restoreSources(of survey: Survey, before run: Int) throws {
    let own = SurveyTable.table(of: survey)
    try database.execute(
      """
      CREATE TEMPORARY TABLE former ON COMMIT DROP AS
      SELECT * FROM reber.source_superseded WHERE false
      """)
    try database.execute(
      """
      INSERT INTO former SELECT * FROM reber.source_superseded
      WHERE survey_id = \(survey.id) AND superseded_by = \(run)
      """)
    try delete(
      own,
      """
      source_id IN (
          SELECT source_id FROM reber.source WHERE survey_id = \(survey.id) AND run_id = \(run)
      )
      """)
    let added: SQL =
      "(survey_id, source_id) IN (SELECT survey_id, source_id FROM reber.sources_of(\(run)))"
    try delete(
      "reber.release_change",
      "source_id IN (SELECT source_id FROM reber.source WHERE \(added)) AND former_name IS NULL")
    try delete("reber.source", added)
    try database.execute(
      """
      UPDATE reber.source
      SET (\(Source.columns), run_id, is_listed)
          = (\(Source.columns, of: "former"), former.run_id, former.is_listed)
      FROM former
      WHERE source.survey_id = \(survey.id) AND source.source_id = former.source_id
      """)
    try restoreCells(of: survey, before: run)
    try delete("reber.source_superseded", "survey_id = \(survey.id) AND superseded_by = \(run)")
    try database.script("DROP TABLE pg_temp.former")
  }

  /// Brings the cells back that stand in table `former`, and gives the columns the types that they had.
  private func restoreCells(of survey: Survey, before run: Int) throws {
    let own = SurveyTable.table(of: survey)
    try database.execute(
      """
      INSERT INTO \(raw: own)
      SELECT cells.*
      FROM former
      CROSS JOIN LATERAL jsonb_populate_record(NULL::\(raw: own), jsonb_build_object(
          'source_id', former.source_id
      ) || (
          SELECT coalesce(jsonb_object_agg(stored_as, cell.value), '{}')
          FROM jsonb_each(former.attributes) AS cell
          JOIN reber.survey_column ON survey_id = \(survey.id) AND survey_column.name = cell.key
      )) AS cells
      WHERE former.is_listed
      """)
    let types = try database.first(
      """
      SELECT types FROM reber.ingestion
      WHERE run_id = \(run) AND survey_id = \(survey.id) AND types IS NOT NULL
      """, as: JSON.self)
    guard let before = try types?.decode(as: [String: String].self) else { return }
    for (column, type) in try database.columnTypes(of: own) where before[column] != type {
      guard let former = before[column] else {
        try database.execute("ALTER TABLE \(raw: own) DROP COLUMN \(identifier: column)")
        continue
      }
      try database.execute(
        """
        ALTER TABLE \(raw: own) ALTER COLUMN \(identifier: column) TYPE \(raw: former)
        USING \(identifier: column)::\(raw: former)
        """)
    }
  }

  /// Gives the survey what was known of it and its columns before a run, but for what was said since.
  private func restoreDescription(of survey: Survey, before run: Int) throws {
    let columns = Survey.Observation.columns
    let known = try database.execute(
      """
      UPDATE reber.survey
      SET (\(columns), simulated) = (\(columns, of: "former"), former.simulated)
      FROM (
          SELECT former.*
          FROM reber.ingestion
          JOIN reber.survey AS now ON now.survey_id = ingestion.survey_id
          CROSS JOIN LATERAL (
              SELECT coalesce(jsonb_object_agg(key, survey_before -> key), '{}') AS fields
              FROM jsonb_each(survey_after) AS left_by_run
              WHERE to_jsonb(now) -> key = value
          ) AS untouched
          CROSS JOIN LATERAL jsonb_populate_record(now, fields) AS former
          WHERE run_id = \(run) AND ingestion.survey_id = \(survey.id) AND survey_before IS NOT NULL
      ) AS former
      WHERE survey.survey_id = former.survey_id
      """)
    if known == 0 { return }
    try database.execute(
      """
      DELETE FROM reber.survey_column WHERE survey_id = \(survey.id) AND run_id = \(run)
      """)
    try database.execute(
      """
      INSERT INTO reber.survey_column
      SELECT former.*
      FROM reber.ingestion
      CROSS JOIN LATERAL jsonb_populate_recordset(NULL::reber.survey_column, columns) AS former
      WHERE ingestion.run_id = \(run) AND ingestion.survey_id = \(survey.id)
      ON CONFLICT DO NOTHING
      """)
  }
}
