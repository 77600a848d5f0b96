public import PostgreSQL

/// What an ingest found in its survey, a row of `reber.ingestion`: for whoever takes it back.
public enum Ingestion {
  /// Keeps what is there before a run ingests into a survey; a run that goes on keeps what it found first.
  public static func begin(_ run: Int, into survey: Survey, in database: Connection) throws {
    try database.execute(
      """
      INSERT INTO reber.ingestion (run_id, survey_id, survey_before, columns, types)
      SELECT \(run), survey_id, to_jsonb(survey), coalesce(
          (
              SELECT jsonb_agg(to_jsonb(own) ORDER BY name) FROM reber.survey_column AS own
              WHERE own.survey_id = survey.survey_id
          ), '[]'), \(JSON(encoding: database.columnTypes(of: SurveyTable.table(of: survey))))
      FROM reber.survey
      WHERE survey_id = \(survey.id)
      ON CONFLICT DO NOTHING
      """)
  }

  /// Keeps what runs have left of the row of a survey, when they have told all they know of it.
  ///
  /// What was kept before stays; of a run that finished in an ingest that was stopped then, it is kept by the
  /// next one.
  public static func end(_ runs: [Int], into survey: Survey, in database: Connection) throws {
    try database.execute(
      """
      UPDATE reber.ingestion SET survey_after = to_jsonb(survey)
      FROM reber.survey
      WHERE ingestion.survey_id = \(survey.id) AND survey.survey_id = \(survey.id)
          AND run_id = ANY (\(runs)) AND survey_after IS NULL
      """)
  }
}
