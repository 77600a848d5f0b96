import PostgreSQL

extension Examination {
  static func roles(_ database: Connection) throws -> [Finding] {
    let (lacking, foreign) = try database.row(
      """
      SELECT
          array(
              SELECT role FROM unnest(\(Role.allCases.map(\.rawValue))) AS role
              WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role)
          ),
          array(
              SELECT format('%s of %s', oid::regclass, pg_get_userbyid(relowner)) FROM pg_class
              WHERE relnamespace IN ('reber'::regnamespace, 'reber_partition'::regnamespace)
                  AND relkind IN ('r', 'p', 'v') AND pg_get_userbyid(relowner) <> \(Role.owner.rawValue)
              ORDER BY relname
          )
      """, as: [String].self, [String].self)
    let advice = "ask an administrator for SELECT reber.grant_roles() in this database"
    if !lacking.isEmpty {
      return [
        Finding(
          "roles", .note,
          "the server lacks \(list(lacking)): everybody works with the rights of their user",
          advice: advice)
      ]
    }
    return foreign.isEmpty
      ? [Finding("roles", .fine, "all four are there and own what is theirs")]
      : [
        Finding(
          "roles", .note, "\(Role.owner.rawValue) does not own \(list(foreign))", advice: advice)
      ]
  }

  static func runs(_ database: Connection) throws -> [Finding] {
    let going = try database.rows(
      """
      SELECT format('run %s (%s)', run_id, stage), reber.is_held(run_id), host
      FROM reber.run
      WHERE status = 'running'
      ORDER BY run_id
      """, as: String.self, Bool.self, String.self)
    let failed = try database.rows(
      """
      SELECT format('run %s (%s) failed: %s', run_id, stage, error)
      FROM reber.run
      WHERE status = 'failed' AND NOT EXISTS (
          SELECT FROM reber.run AS later
          WHERE later.run_id > run.run_id AND later.stage = run.stage AND later.status = 'finished'
      )
      ORDER BY run_id
      """, as: String.self)
    let stopped = going.filter { !$0.1 }.map { run, _, host in
      Finding(
        "runs", .note, "\(run) was stopped on \(host) before it had finished",
        advice: "the same command goes on with it")
    }
    let working = going.filter(\.1).map { Finding("runs", .fine, "\($0.0) is at work on \($0.2)") }
    let ended = failed.map {
      Finding("runs", .note, $0, advice: "mend that, and the same command goes on with it")
    }
    let all = working + stopped + ended
    return all.isEmpty ? [Finding("runs", .fine, "none was stopped or has failed")] : all
  }

  /// Tables that a stage was loading or putting aside when it was stopped.
  static func leftOvers(_ database: Connection) throws -> [Finding] {
    let found = try database.rows(
      """
      SELECT pg_class.oid::regclass::text, pg_total_relation_size(pg_class.oid)
      FROM pg_class
      WHERE relkind = 'r' AND (
          relnamespace = 'reber_partition'::regnamespace AND NOT relispartition
              AND NOT EXISTS (SELECT FROM reber.point_set WHERE part = relname)
          OR relnamespace = 'catalogue'::regnamespace
              AND relname ~ \("^(\(TableDigest.drafts.joined(separator: "|")))[0-9]+$")
      )
      ORDER BY relname
      """, as: String.self, Int.self)
    guard !found.isEmpty else { return [Finding("left-overs", .fine, "none")] }
    return [
      Finding(
        "left-overs", .note,
        "\(list(found.map(\.0))) belong to stages that are at work or were stopped "
          + "(\(megabytes(found.reduce(0) { $0 + $1.1 })))",
        advice: "the same command goes on with what a stopped stage has loaded")
    ]
  }

  /// Whether what is embedded has points, by which neighbours are found.
  static func points(_ database: Connection) throws -> [Finding] {
    let missing = try database.rows(
      """
      SELECT format('model %s of survey %s', model_id, quote_literal(survey.name))
      FROM reber.without_points
      JOIN reber.survey USING (survey_id)
      ORDER BY model_id, survey_id
      """, as: String.self)
    guard !missing.isEmpty else {
      return [Finding("points", .fine, "all that is embedded has its points")]
    }
    return [
      Finding(
        "points", .note,
        "embeddings by \(list(missing)) lack points, so that neighbours are slow to find or left out",
        advice: "'reber db migrate' makes them, or 'reber embed' again")
    ]
  }

  /// The indexes that the pages and the stages ask by, besides those of keys.
  public static let neededIndexes = [
    "agreed_class", "agreed_lot", "agreed_votes", "cluster_member_cluster",
    "cluster_member_outlier", "cutout_current", "cutout_former", "cutout_image", "cutout_run",
    "embedding_run", "embedding_source",
    "ingestion_survey", "judged_prediction", "label_action", "label_annotator", "label_asked_again",
    "label_count_key",
    "label_current",
    "label_run", "labelling_action_annotator", "piece_open", "piece_worker", "prediction_class",
    "prediction_cutout", "prediction_model", "queued_command_open", "rejected_run", "release_run",
    "release_source_dec", "run_fingerprint", "run_input_sha256", "run_parent_parent", "run_stage",
    "saved_question_name", "second_look_survey", "source_count_key", "source_dec", "source_flux",
    "source_identity_physical", "source_join_other", "source_join_pair", "source_link_other",
    "source_remark_kind", "source_remark_source", "source_run", "source_size", "source_snr",
    "source_superseded_run", "training_source_cutout", "worker_run",
  ]

  static func indexes(_ database: Connection) throws -> [Finding] {
    let (missing, broken) = try database.row(
      """
      SELECT
          array(
              SELECT name FROM unnest(\(neededIndexes)) AS name
              WHERE to_regclass('reber.' || name) IS NULL
              ORDER BY name
          ),
          array(
              SELECT indexrelid::regclass::text
              FROM pg_index
              JOIN pg_class ON pg_class.oid = indexrelid
              WHERE NOT (indisvalid AND indisready)
                  AND relnamespace::regnamespace::text = ANY (\(TableDigest.schemas))
              ORDER BY 1
          )
      """, as: [String].self, [String].self)
    var findings: [Finding] = []
    if !missing.isEmpty {
      findings.append(
        Finding(
          "indexes", .problem,
          "\(list(missing)) \(missing.count == 1 ? "is" : "are") missing: questions are slow",
          advice: "make them again as the files in sql/ do"))
    }
    if !broken.isEmpty {
      findings.append(
        Finding(
          "indexes", .problem, "\(list(broken)) cannot be used",
          advice: "REINDEX INDEX makes them anew"))
    }
    return findings.isEmpty
      ? [Finding("indexes", .fine, "all are there and can be used")] : findings
  }

  static func tables(_ database: Connection) throws -> [Finding] {
    let (size, age) = try database.row(
      """
      SELECT pg_database_size(current_database()), max(age(datfrozenxid))::bigint FROM pg_database
      WHERE datname = current_database()
      """, as: Int.self, Int.self)
    var findings = [Finding("tables", .fine, "the database has \(megabytes(size))")]
    if age > 1_500_000_000 {
      findings.append(
        Finding(
          "tables", .problem, "transaction numbers run out", advice: "VACUUM FREEZE the database"))
    }
    return findings + (try loose(database))
  }

  /// Tables with many removed rows, or of which the planner knows nothing.
  private static func loose(_ database: Connection) throws -> [Finding] {
    let (bloated, unknown) = try database.row(
      """
      SELECT
          array_agg(relid::regclass::text ORDER BY relid::regclass::text)
              FILTER (WHERE n_dead_tup > 100000 AND n_dead_tup > n_live_tup / 5),
          array_agg(relid::regclass::text ORDER BY relid::regclass::text)
              FILTER (WHERE reltuples < 0 AND relpages > 1000)
      FROM pg_stat_user_tables
      JOIN pg_class ON pg_class.oid = relid
      WHERE schemaname = ANY (\(TableDigest.schemas))
      """, as: [String]?.self, [String]?.self)
    let checkpoints = try database.row(
      """
      SELECT pg_total_relation_size('reber.checkpoint') > 268435456
          AND pg_total_relation_size('reber.checkpoint')
              > 10 * coalesce((SELECT sum(length(state)) FROM reber.checkpoint), 0)
      """, as: Bool.self)
    return [
      (bloated ?? []).isEmpty
        ? nil
        : Finding(
          "tables", .note, "\(list(bloated ?? [])) have many removed rows", advice: "VACUUM them"),
      (unknown ?? []).isEmpty
        ? nil
        : Finding(
          "tables", .note, "the planner knows nothing of \(list(unknown ?? []))",
          advice: "ANALYZE them"),
      checkpoints
        ? Finding(
          "tables", .note, "reber.checkpoint has more room than it needs",
          advice: "VACUUM FULL reber.checkpoint, while nothing trains")
        : nil,
    ].compactMap(\.self)
  }
}
