import PostgreSQL

extension Removal {
  /// Gathers what people said of what some runs made, into temporary tables, and counts it.
  mutating func gatherLabels(of runs: [Int]) throws {
    let runs = runs.map { Int64($0) }
    let ofSurvey = survey.map { Int32($0.id) }
    try database.script(
      """
      CREATE TEMPORARY TABLE IF NOT EXISTS going_growth (growth_id bigint) ON COMMIT DROP;
      CREATE TEMPORARY TABLE IF NOT EXISTS going_action (action_id bigint) ON COMMIT DROP;
      CREATE TEMPORARY TABLE IF NOT EXISTS going_label (
          label_id bigint, survey_id integer, source_id bigint, annotator text
      ) ON COMMIT DROP;
      TRUNCATE pg_temp.going_growth, pg_temp.going_action, pg_temp.going_label
      """)
    let clusterings: SQL =
      "SELECT clustering_id FROM reber.clustering WHERE run_id = ANY (\(runs))"
    try database.execute(
      """
      INSERT INTO going_growth
      SELECT growth_id FROM reber.growth
      WHERE model_id IN (SELECT model_id FROM reber.model WHERE run_id = ANY (\(runs)))
          OR clustering_id IN (\(clusterings)) OR survey_id = \(ofSurvey)
      """)
    try database.execute(
      """
      INSERT INTO going_action
      WITH made AS (
          SELECT action_id FROM reber.labelling_action
          WHERE clustering_id IN (\(clusterings))
              OR growth_id IN (SELECT growth_id FROM going_growth) OR survey_id = \(ofSurvey)
      )
      SELECT action_id FROM made
      UNION
      SELECT action_id FROM reber.labelling_action WHERE undoes IN (SELECT action_id FROM made)
      """)
    try database.execute(
      """
      INSERT INTO going_label
      SELECT label_id, survey_id, source_id, annotator FROM reber.label
      WHERE run_id = ANY (\(runs)) OR clustering_id IN (\(clusterings))
          OR action_id IN (SELECT action_id FROM going_action) OR survey_id = \(ofSurvey)
      UNION
      SELECT label_id, survey_id, source_id, annotator
      FROM unnest(\(runs)) AS going (run_id)
      CROSS JOIN LATERAL reber.sources_of(going.run_id)
      JOIN reber.label USING (survey_id, source_id)
      """)
    try database.script("ANALYZE going_label")
    (loss.labels, loss.labelledSources, loss.annotators, loss.decisions) = try database.row(
      """
      SELECT count(*), count(DISTINCT (survey_id, source_id)),
          coalesce(array_agg(DISTINCT annotator ORDER BY annotator), '{}'),
          (SELECT count(*) FROM going_action) + (SELECT count(*) FROM going_growth)
      FROM going_label
      """, as: Int.self, Int.self, [String].self, Int.self)
  }

  /// Removes the gathered labels, which are kept by name, and decisions; gives the surveys that lost some.
  mutating func removeLabels(as correction: Int) throws -> [Int] {
    try database.execute(
      """
      INSERT INTO reber.label_taken_back
      SELECT \(correction), label_id, survey.name, source.name, class_scheme.name, class.name,
          label.annotator, labelled_at, method, confidence, comment
      FROM going_label
      JOIN reber.label USING (label_id)
      JOIN reber.survey ON survey.survey_id = label.survey_id
      JOIN reber.source
          ON source.survey_id = label.survey_id AND source.source_id = label.source_id
      JOIN reber.class_scheme USING (class_scheme_id)
      LEFT JOIN reber.class USING (class_scheme_id, class_id)
      """)
    let surveys = try database.rows("SELECT DISTINCT survey_id FROM going_label", as: Int.self)
    for (table, key, going) in [
      ("reber.label", "label_id", "going_label"),
      ("reber.labelling_action", "action_id", "going_action"),
      ("reber.growth_decision", "growth_id", "going_growth"),
      ("reber.growth", "growth_id", "going_growth"),
    ] {
      try delete(table, "\(raw: key) IN (SELECT \(raw: key) FROM \(raw: going))")
    }
    return surveys
  }
}
