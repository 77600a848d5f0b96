import PostgreSQL

extension Removal {
  /// Gathers what people said of what some runs made, into temporary tables, and counts it.
  mutating func gatherLabels(of runs: [Int]) throws {
    try makeTables()
    let clusterings: SQL =
      "SELECT clustering_id FROM reber.clustering WHERE run_id = ANY (\(runs))"
    try gatherDecisions(on: clusterings, of: runs)
    try database.execute(
      """
      INSERT INTO going_label
      SELECT label_id, survey_id, source_id, annotator FROM reber.label
      WHERE run_id = ANY (\(runs)) OR clustering_id IN (\(clusterings))
          OR action_id IN (SELECT action_id FROM going_action) OR survey_id = \(surveyID)
      UNION
      SELECT label_id, survey_id, source_id, annotator
      FROM reber.sources_of(\(runs))
      JOIN reber.label USING (survey_id, source_id)
      """)
    try gatherMerged()
    try gatherJoins(of: runs)
    try gatherRemarks(of: runs)
    try database.script("ANALYZE going_label")
    try countGathered()
  }

  /// The key of the survey that goes as a whole.
  var surveyID: Int32? { survey.map { Int32($0.id) } }

  /// Makes the temporary tables, empty.
  private func makeTables() throws {
    try database.script(
      """
      CREATE TEMPORARY TABLE IF NOT EXISTS going_growth (growth_id bigint) ON COMMIT DROP;
      CREATE TEMPORARY TABLE IF NOT EXISTS going_action (action_id bigint) ON COMMIT DROP;
      CREATE TEMPORARY TABLE IF NOT EXISTS going_label (
          label_id bigint, survey_id integer, source_id bigint, annotator text
      ) ON COMMIT DROP;
      CREATE TEMPORARY TABLE IF NOT EXISTS going_join (join_id bigint) ON COMMIT DROP;
      CREATE TEMPORARY TABLE IF NOT EXISTS going_remark (remark_id bigint) ON COMMIT DROP;
      TRUNCATE pg_temp.going_growth, pg_temp.going_action, pg_temp.going_label, pg_temp.going_join,
          pg_temp.going_remark
      """)
  }

  /// Gathers growths, and decisions with what undid them.
  private func gatherDecisions(on clusterings: SQL, of runs: [Int]) throws {
    try database.execute(
      """
      INSERT INTO going_growth
      SELECT growth_id FROM reber.growth
      WHERE model_id IN (SELECT model_id FROM reber.model WHERE run_id = ANY (\(runs)))
          OR clustering_id IN (\(clusterings)) OR survey_id = \(surveyID)
      """)
    try database.execute(
      """
      INSERT INTO going_action
      WITH made AS (
          SELECT action_id FROM reber.labelling_action
          WHERE clustering_id IN (\(clusterings))
              OR growth_id IN (SELECT growth_id FROM going_growth) OR survey_id = \(surveyID)
      )
      SELECT action_id FROM made
      UNION
      SELECT action_id FROM reber.labelling_action WHERE undoes IN (SELECT action_id FROM made)
      """)
  }

  /// Gathers what people said of pairs of sources.
  private func gatherJoins(of runs: [Int]) throws {
    try database.execute(
      """
      INSERT INTO going_join
      WITH going AS (
          SELECT survey_id, source_id FROM reber.sources_of(\(runs))
      )
      SELECT join_id FROM reber.source_join
      WHERE run_id = ANY (\(runs)) OR \(surveyID) IN (survey_id, other_survey_id)
      UNION
      SELECT join_id FROM going JOIN reber.source_join USING (survey_id, source_id)
      UNION
      SELECT join_id FROM going JOIN reber.source_join AS said
          ON said.other_survey_id = going.survey_id AND said.other_source_id = going.source_id
      """)
  }

  /// Gathers what people said of sources beside their labels.
  private func gatherRemarks(of runs: [Int]) throws {
    try database.execute(
      """
      INSERT INTO going_remark
      SELECT remark_id FROM reber.source_remark WHERE survey_id = \(surveyID)
      UNION
      SELECT remark_id
      FROM reber.sources_of(\(runs))
      JOIN reber.source_remark USING (survey_id, source_id)
      """)
  }

  private mutating func countGathered() throws {
    (loss.labels, loss.labelledSources, loss.annotators, loss.decisions) = try database.row(
      """
      SELECT count(*), count(DISTINCT (survey_id, source_id)),
          ARRAY(
              SELECT annotator FROM going_label
              UNION
              SELECT annotator FROM going_join JOIN reber.source_join USING (join_id)
              UNION
              SELECT annotator FROM going_remark JOIN reber.source_remark USING (remark_id)
              ORDER BY annotator
          ),
          (SELECT count(*) FROM going_action) + (SELECT count(*) FROM going_growth)
              + (SELECT count(*) FROM going_join) + (SELECT count(*) FROM going_remark)
      FROM going_label
      """, as: Int.self, Int.self, [String].self, Int.self)
  }

  /// Gathers what mergers of classes made of gathered labels, and of those in turn.
  private func gatherMerged() throws {
    while try database.execute(
      """
      INSERT INTO going_label
      SELECT later.label_id, later.survey_id, later.source_id, later.annotator
      FROM reber.label AS later
      CROSS JOIN LATERAL (
          SELECT label_id FROM reber.label AS former
          WHERE former.survey_id = later.survey_id AND former.source_id = later.source_id
              AND former.class_scheme_id = later.class_scheme_id
              AND former.annotator = later.annotator AND former.label_id < later.label_id
              AND (former.tag = later.tag OR former.class_id IN (
                  SELECT class_id FROM reber.class
                  WHERE class.class_scheme_id = later.class_scheme_id AND merged_into = later.class_id
              ))
          ORDER BY label_id DESC
          LIMIT 1
      ) AS merged
      WHERE later.method = 'merge' AND merged.label_id IN (SELECT label_id FROM going_label)
          AND later.label_id NOT IN (SELECT label_id FROM going_label)
      """) > 0
    {}
  }

  /// Removes the gathered labels, which are kept by name, decisions, joins and remarks; gives the surveys that lost some.
  mutating func removeLabels(as correction: Int) throws -> [Int] {
    try database.execute(
      """
      INSERT INTO reber.label_taken_back
      SELECT \(correction), label_id, survey.name, source.name, class_scheme.name, class.name,
          label.annotator, labelled_at, method, confidence, comment, about.name, denies
      FROM going_label
      JOIN reber.label USING (label_id)
      JOIN reber.survey ON survey.survey_id = label.survey_id
      JOIN reber.source
          ON source.survey_id = label.survey_id AND source.source_id = label.source_id
      JOIN reber.class_scheme USING (class_scheme_id)
      LEFT JOIN reber.class USING (class_scheme_id, class_id)
      LEFT JOIN reber.class AS about
          ON about.class_scheme_id = label.class_scheme_id AND about.class_id = label.tag
      """)
    let surveys = try database.rows("SELECT DISTINCT survey_id FROM going_label", as: Int.self)
    for (table, key, going) in [
      ("reber.source_join", "join_id", "going_join"),
      ("reber.source_remark", "remark_id", "going_remark"),
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
