import PostgreSQL

/// Makes the rows of a catalogue that stand in the temporary tables `incoming` and `incoming_cells` the newest
/// release of a survey that has sources already.
///
/// All is done by sets. Who was found again keeps the key, and with it labels, images and predictions; what is
/// not clear gets a new key, and is listed with what it could be.
struct ReleaseLoad {
  let release: FollowingRelease
  let table: SurveyTable
  let run: Int
  let database: Connection

  var survey: Int { table.survey.id }

  /// The survey's own table in the making.
  private var draft: String { "survey.\"_release_\(release.id)\"" }

  func perform() throws -> ReleaseChanges {
    try findCandidates()
    try match()
    try keepFormer()
    try compare()
    try listChanges()
    try dropOthers()
    try updateSources()
    try writeCells()
    let changes = try summary()
    try Partition(whole: "reber.source", key: survey).analyse(in: database)
    try database.execute("SELECT reber.count_sources(\(Int32(survey)))")
    try database.execute("SELECT reber.count_labels(\(Int32(survey)))")
    return changes
  }

  /// Keeps the sources of the former release as they are.
  private func keepFormer() throws {
    let former = Partition(whole: "reber.release_source", key: release.former.id)
    try former.open(in: database)
    try database.execute(
      """
      INSERT INTO \(raw: former.table) (release_id, survey_id, source_id, run_id, \(Source.columns))
      SELECT \(release.former.id), survey_id, source_id, run_id, \(Source.columns)
      FROM reber.source
      WHERE survey_id = \(survey) AND is_listed
      ORDER BY source_id
      """)
    try former.attach(in: database)
  }

  /// What the release lacks stays, but is current no more, and its images neither.
  ///
  /// A name that passes from it to another source, or comes back, is free then: who had it gets one that no
  /// catalogue has.
  private func dropOthers() throws {
    try database.execute(
      """
      UPDATE reber.source
      SET is_listed = false, name = CASE
          WHEN EXISTS (SELECT FROM incoming WHERE incoming.name = source.name)
          THEN format('%s (%s of %s)', name, source_id, \(release.former.name)::text) ELSE name
      END
      WHERE survey_id = \(raw: String(survey))
          AND (is_listed OR EXISTS (SELECT FROM incoming WHERE incoming.name = source.name))
          AND NOT EXISTS (SELECT FROM found WHERE found.source_id = source.source_id)
      """)
    try database.execute(
      """
      UPDATE reber.cutout SET is_current = false
      FROM reber.source
      WHERE cutout.survey_id = \(raw: String(survey)) AND cutout.is_current
          AND source.survey_id = cutout.survey_id AND source.source_id = cutout.source_id
          AND NOT source.is_listed
      """)
  }

  /// Gives `reber.source` the new values; a name that passes from one source to another is free first.
  private func updateSources() throws {
    try database.execute(
      """
      UPDATE reber.source SET name = format('%s (%s of %s)', name, source.source_id, \(release.former.name)::text)
      FROM found
      WHERE source.survey_id = \(raw: String(survey)) AND source.source_id = found.source_id AND 'renamed' = ANY (kinds)
      """)
    try database.execute(
      """
      UPDATE reber.source SET (\(Source.columns), run_id) = (\(Source.columns, of: "incoming"), \(run))
      FROM found
      JOIN incoming ON incoming.source_id = found.row_number
      WHERE source.survey_id = \(raw: String(survey)) AND source.source_id = found.source_id AND kinds <> '{}'
      """)
    try database.execute(
      """
      INSERT INTO reber.source (survey_id, source_id, \(Source.columns), run_id)
      SELECT \(survey), keyed.source_id, \(Source.columns, of: "incoming"), \(run)
      FROM keyed
      JOIN incoming ON incoming.source_id = keyed.row_number
      WHERE NOT keyed.is_match
      ORDER BY keyed.source_id
      """)
  }

  /// Makes the survey's own table anew, and keeps the former one under the name of its release.
  private func writeCells() throws {
    try database.execute(
      "CREATE TABLE \(raw: draft) (LIKE \(raw: table.table) INCLUDING DEFAULTS INCLUDING INDEXES)")
    try table.adapt(draft, in: database)
    try database.execute(
      """
      INSERT INTO \(raw: draft) (source_id\(table.list))
      SELECT keyed.source_id\(table.list)
      FROM keyed
      JOIN incoming_cells ON incoming_cells.source_id = keyed.row_number
      ORDER BY keyed.source_id
      """)
    try database.execute("ANALYZE \(raw: draft)")
    try table.survey.replaceOwnTable(
      by: draft, aside: "\(table.survey.name)_\(release.former.name)", in: database)
  }

  private func summary() throws -> ReleaseChanges {
    let counts = try database.table(
      """
      SELECT kind || CASE WHEN former_name IS NULL THEN ' new' ELSE '' END, count(*)
      FROM reber.release_change
      CROSS JOIN LATERAL unnest(kinds) AS kind
      WHERE release_id = \(release.id)
      GROUP BY 1
      """, by: String.self, Int.self)
    let (all, differing) = try database.row(
      "SELECT count(*), count(*) FILTER (WHERE kinds <> '{}') FROM found", as: Int.self, Int.self)
    let unclear = ["split", "merged", "crowded", "elsewhere"].map { kind in
      (
        kind,
        ReleaseChanges.Unclear(
          formerSources: counts[kind] ?? 0, sources: counts[kind + " new"] ?? 0)
      )
    }
    return ReleaseChanges(
      release: release.name, follows: release.former.name, matchRadius: release.radius,
      unchanged: all - differing, differing: differing, moved: counts["moved"] ?? 0,
      renamed: counts["renamed"] ?? 0, changed: counts["changed"] ?? 0,
      added: counts["added new"] ?? 0, dropped: counts["dropped"] ?? 0,
      unclear: Dictionary(
        uniqueKeysWithValues: unclear.filter { $1.formerSources + $1.sources > 0 }))
  }
}

extension Survey {
  /// Puts a table in the place of the survey's own one, which gets another name; views of others are led over.
  ///
  /// - Throws: `CatalogueError.inUse` where that would lose something that depends on it.
  func replaceOwnTable(by draft: String, aside: String, in database: Connection) throws {
    let own = SurveyTable.table(of: self)
    let columns = try database.columnTypes(of: draft).keys.sorted()
    try database.withOwnRights {
      let obstacles = try database.rows(
        "SELECT reber.obstacles(\(own)::text::regclass, \(columns))", as: String.self)
      guard obstacles.isEmpty else { throw CatalogueError.inUse("survey.\(name)", by: obstacles) }
      let taken = try database.row(
        "SELECT to_regclass(format('survey.%I', \(aside)::text)) IS NOT NULL", as: Bool.self)
      if taken { throw CatalogueError.taken(aside) }
      try database.execute(
        """
        SELECT reber.replace_table(
            \(own)::text::regclass, \(draft)::text::regclass, \(aside)::text::name
        )
        """)
    }
  }
}
