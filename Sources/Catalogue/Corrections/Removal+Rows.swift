import PostgreSQL

extension Removal {
  /// Removes what was found, and leaves the record.
  mutating func perform(_ asked: TakingBack, by user: Operator) throws {
    let runs = loss.runs.map(\.run)
    for run in runs where try !Run.isLetGo(run, in: database) {
      let found = try Run.numbered(run, in: database)
      throw CatalogueError.busy(run: run, stage: found.stage, host: "this or another machine")
    }
    let correction = try Correction.write(
      survey == nil ? .undo : .remove, survey?.name ?? loss.subject, detail: ledger(of: runs),
      because: asked.reason, by: user, in: database)
    var recounted = Set(try removeLabels(as: correction))
    for run in runs { recounted.formUnion(try remove(run)) }
    if let survey { try remove(survey) }
    for survey in recounted {
      try database.execute("SELECT reber.recount_labels(\(Int32(survey)))")
    }
    for (table, rows) in loss.rows {
      try database.execute(
        "INSERT INTO reber.correction_row VALUES (\(correction), \(table), \(rows))")
    }
  }

  /// The runs as they stand in the ledger, with what they read; and what people said of pairs of sources, and of sources
  /// beside their labels; of a survey also its questions with names and what share of it gets a second label.
  private func ledger(of runs: [Int]) throws -> JSON {
    try database.row(
      """
      SELECT jsonb_build_object('runs', coalesce(jsonb_agg(
          to_jsonb(run) || jsonb_build_object(
              'inputs', ARRAY(
                  SELECT to_jsonb(input) - 'run_id' FROM reber.run_input AS input
                  WHERE input.run_id = run.run_id ORDER BY role, name
              ),
              'parents', ARRAY(
                  SELECT parent_run_id FROM reber.run_parent AS parent
                  WHERE parent.run_id = run.run_id ORDER BY parent_run_id
              )
          ) ORDER BY run_id
      ), '[]'), 'joins', ARRAY(
          SELECT to_jsonb(said) || jsonb_build_object(
              'source', (SELECT name FROM reber.source WHERE source.survey_id = said.survey_id
                  AND source.source_id = said.source_id),
              'other_source', (SELECT name FROM reber.source WHERE source.survey_id = said.other_survey_id
                  AND source.source_id = said.other_source_id))
          FROM going_join JOIN reber.source_join AS said USING (join_id)
          ORDER BY join_id
      ), 'remarks', ARRAY(
          SELECT to_jsonb(said) || jsonb_build_object(
              'source', (SELECT name FROM reber.source WHERE source.survey_id = said.survey_id
                  AND source.source_id = said.source_id))
          FROM going_remark JOIN reber.source_remark AS said USING (remark_id)
          ORDER BY remark_id
      ), 'questions', ARRAY(
          SELECT to_jsonb(said) FROM reber.saved_question AS said WHERE survey_id = \(surveyID)
          ORDER BY question_id
      ), 'second_looks', ARRAY(
          SELECT to_jsonb(said) || jsonb_build_object('scheme', class_scheme.name)
          FROM reber.second_look AS said JOIN reber.class_scheme USING (class_scheme_id)
          WHERE survey_id = \(surveyID)
          ORDER BY look_id
      ))
      FROM reber.run WHERE run_id = ANY (\(runs))
      """, as: JSON.self)
  }

  /// Removes what only a run made, and the run; gives the surveys whose labels have to be counted anew.
  private mutating func remove(_ run: Int) throws -> [Int] {
    try removeCatalogues(of: run)
    // Sources that it linked are found to be others' or nobody's before the links go.
    try delete("reber.source_match", "run_id = \(run)")
    try drop(Partition(whole: "reber.source_link", key: run))
    try drop(Partition.predictions(of: run))
    try removeClusterings(of: run)
    try removeEmbeddings(of: run)
    try removeModels(of: run)
    let surveys = try removeIngested(by: run)
    for table in try tablesOfRuns() + ["reber.rejected", "reber.run"] {
      try delete(table, "run_id = \(run)")
    }
    return surveys
  }

  /// The tables of which a row is one run's own, for its key begins with the run, but for those whose rows go with the
  /// run by themselves.
  ///
  /// What refers to another of them comes before that.
  private func tablesOfRuns() throws -> [String] {
    try database.rows(
      """
      WITH RECURSIVE own AS (
          SELECT pg_class.oid, relname
          FROM pg_class
          JOIN pg_constraint AS key ON key.conrelid = pg_class.oid AND key.contype = 'p'
          JOIN pg_constraint AS run ON run.conrelid = pg_class.oid AND run.contype = 'f'
              AND run.confrelid = 'reber.run'::regclass AND run.conkey = key.conkey[1:1]
              AND run.confdeltype <> 'c'
          WHERE relnamespace = 'reber'::regnamespace AND relkind = 'r'
      ),
      placed (oid, place) AS (
          SELECT oid, 0 FROM own
          UNION
          SELECT confrelid, place + 1
          FROM placed
          JOIN pg_constraint ON conrelid = placed.oid AND contype = 'f' AND confrelid <> conrelid
          WHERE confrelid IN (SELECT oid FROM own) AND place < (SELECT count(*) FROM own)
      )
      SELECT format('reber.%I', relname)
      FROM own JOIN placed USING (oid)
      GROUP BY relname
      ORDER BY max(place), relname
      """, as: String.self)
  }

  /// Deletes rows and counts them.
  mutating func delete(_ table: String, _ condition: SQL) throws {
    let rows = try database.execute("DELETE FROM \(raw: table) WHERE \(condition)")
    if rows > 0 { loss.rows[table, default: 0] += rows }
  }

  /// Drops the table of a partition, where it is there, and counts its rows: of large ones about.
  mutating func drop(_ partition: Partition) throws {
    guard try partition.exists(in: database) else { return }
    let estimate = try database.row(
      """
      SELECT CASE WHEN relpages > 10000 THEN reltuples::bigint ELSE -1 END
      FROM pg_class WHERE oid = to_regclass(\(partition.table))
      """, as: Int.self)
    let rows =
      estimate >= 0
      ? estimate : try database.row("SELECT count(*) FROM \(raw: partition.table)", as: Int.self)
    try database.execute(
      "SELECT reber.drop_partition(\(partition.whole)::text::regclass, \(partition.key))")
    if rows > 0 { loss.rows[partition.whole, default: 0] += rows }
  }

  /// Drops the tables that a run published and that stand.
  private mutating func removeCatalogues(of run: Int) throws {
    for name in try database.rows(
      "SELECT name FROM reber.catalogue WHERE run_id = \(run)", as: String.self)
    {
      let users = try database.rows(
        """
        SELECT view::text FROM reber.views_on(to_regclass(format('catalogue.%I', \(name)::text)))
        """, as: String.self)
      guard users.isEmpty else { throw CatalogueError.inUse("catalogue.\(name)", by: users) }
      let rows = try database.row(
        "SELECT rows FROM reber.catalogue WHERE name = \(name)", as: Int.self)
      try database.execute("SELECT reber.make_everything(false)")
      try database.execute("DROP TABLE IF EXISTS catalogue.\(identifier: name)")
      loss.rows["catalogue.\(name)", default: 0] += rows
      try delete("reber.catalogue_column", "catalogue = \(name)")
      try delete("reber.catalogue", "name = \(name)")
      try database.execute("SELECT reber.make_everything()")
    }
  }

  private mutating func removeClusterings(of run: Int) throws {
    for id in try database.rows(
      "SELECT clustering_id FROM reber.clustering WHERE run_id = \(run)", as: Int.self)
    {
      try delete("reber.label_count", "clustering_id = \(id)")
      try delete("reber.cluster_lease", "clustering_id = \(id)")
      try drop(Partition(whole: "reber.cluster_member", key: id))
      try delete("reber.cluster", "clustering_id = \(id)")
      try delete("reber.clustering", "clustering_id = \(id)")
    }
  }

  private mutating func removeEmbeddings(of run: Int) throws {
    for (model, survey) in try database.rows(
      """
      SELECT (regexp_match(relname, '_([0-9]+)_[0-9]+$'))[1]::bigint,
          (regexp_match(relname, '_([0-9]+)$'))[1]::bigint
      FROM pg_class
      WHERE relnamespace = 'reber_partition'::regnamespace AND relkind = 'r'
          AND relname ~ '^embedding_[0-9]+_[0-9]+$'
      """, as: Int.self, Int.self)
    {
      try removeEmbeddings(of: survey, by: model, madeBy: run)
    }
  }

  private mutating func removeEmbeddings(of survey: Int, by model: Int, madeBy run: Int) throws {
    let partition = Partition(
      whole: Partition(whole: "reber.embedding", key: model).table, key: survey)
    let (own, others) = try database.row(
      """
      SELECT EXISTS (SELECT FROM \(raw: partition.table) WHERE run_id = \(run)),
          EXISTS (SELECT FROM \(raw: partition.table) WHERE run_id <> \(run))
      """, as: Bool.self, Bool.self)
    guard own else { return }
    try database.execute(
      "DELETE FROM reber.point_set WHERE model_id = \(model) AND survey_id = \(survey)")
    try database.execute("SELECT reber.drop_points(\(model), \(Int32(survey)))")
    if others {
      try delete(partition.table, "run_id = \(run)")
      try database.execute("SELECT reber.count_embeddings(\(Int32(survey)), \(model))")
    } else {
      try drop(partition)
      try delete("reber.embedding_count", "survey_id = \(survey) AND model_id = \(model)")
      try dropEmptyEmbeddings(by: model)
    }
  }

  /// Drops the table that a model's embeddings are divided from, where nothing is in it any more.
  private func dropEmptyEmbeddings(by model: Int) throws {
    let isEmpty = try database.row(
      """
      SELECT NOT EXISTS (
          SELECT FROM pg_class
          WHERE relnamespace = 'reber_partition'::regnamespace
              AND relname ~ \("^embedding_\(model)_[0-9]+$") AND relkind = 'r'
      )
      """, as: Bool.self)
    if isEmpty {
      try database.execute("DELETE FROM reber.space WHERE model_id = \(model)")
      try database.execute("SELECT reber.drop_partition('reber.embedding', \(model))")
    }
  }

  private mutating func removeModels(of run: Int) throws {
    try drop(Partition(whole: "reber.training_source", key: run))
    try delete("reber.training_source", "run_id = \(run)")
    let own: SQL = "model_id IN (SELECT model_id FROM reber.model WHERE run_id = \(run))"
    for table in ["model_class", "model_weights", "model"] { try delete("reber.\(table)", own) }
  }
}
