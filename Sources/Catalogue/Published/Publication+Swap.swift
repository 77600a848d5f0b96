import Foundation
public import PostgreSQL

extension BuiltCatalogue {
  /// Gives the table its name, in place of the one that has it, and records what was published.
  ///
  /// Who wants to read the catalogue waits for what runs here, for what its transaction does afterwards,
  /// and for 20 ms at most before it: where somebody reads it for longer, all is let go and tried again. Where another
  /// run gives a table the same name, it goes first.
  /// `Publication.tidy` has to follow, which waits for the disk: the transaction does not.
  ///
  /// - Parameters:
  ///   - database: The connection, in the transaction that finishes the run.
  ///   - waiting: Called once where others keep the table for longer than a few seconds, with a sentence that says who,
  ///     and how they can be ended.
  /// - Returns: What was published.
  /// - Throws: `PostgresError`; the transaction has to be rolled back then.
  public func publish(
    in database: Connection, waiting: (String) -> Void = { _ in }
  ) throws -> PublishedCatalogue {
    try database.withOwnRights { try publication.swap(self, in: database, waiting: waiting) }
    return described
  }
}

extension Publication {
  fileprivate func swap(
    _ catalogue: BuiltCatalogue, in database: Connection, waiting: (String) -> Void
  ) throws {
    try database.endIfLeft()
    try SessionLock.exchange(of: name).waitForTransaction(in: database)
    var patience: ContinuousClock.Instant? = .now + .seconds(3)
    while true {
      do {
        return try database.transaction { database in
          try database.endIfLeft(for: 10)
          try keepVacuumAway(in: database)
          try database.script("SET LOCAL lock_timeout = '20ms'")
          try database.script("SET LOCAL synchronous_commit = off")
          // The transaction's end must not wait for those who keep the ledger, while readers wait for it.
          try database.execute("LOCK TABLE reber.run, reber.checkpoint IN ROW EXCLUSIVE MODE")
          try record(catalogue, in: database)
          try rename(in: database)
          try database.script("SET LOCAL lock_timeout TO DEFAULT")
        }
      } catch let error as PostgresError where error.state == .lockNotAvailable {
        if let end = patience, .now > end {
          waiting(try keepers(in: database))
          patience = nil
        }
        Thread.sleep(forTimeInterval: .random(in: 0.05...0.15))
      }
    }
  }

  /// Keeps autovacuum from the tables, until the transaction ends, by a lock that no reader waits for.
  ///
  /// What it is at already it gives up for whoever waits longer than `deadlock_timeout`, which who takes a lock within
  /// 20 ms or not at all does not.
  private func keepVacuumAway(in database: Connection) throws {
    try database.execute(
      """
      SELECT set_config('lock_timeout', (3 * setting::integer)::text, true)
      FROM pg_settings WHERE name = 'deadlock_timeout'
      """)
    let tables = [draft] + (try stands(in: database) ? [table] : [])
    try database.script(
      "LOCK TABLE \(tables.joined(separator: ", ")) IN SHARE UPDATE EXCLUSIVE MODE")
  }

  /// Who keeps the tables, or views on them, and how they can be ended; a sentence.
  private func keepers(in database: Connection) throws -> String {
    let keepers = try database.rows(
      """
      SELECT DISTINCT
          format(
              '%s (%s)', coalesce(usename, 'the server itself'),
              coalesce(nullif(application_name, ''), 'without a name')),
          pid
      FROM pg_locks
      JOIN pg_stat_activity USING (pid)
      WHERE locktype = 'relation' AND granted AND pid <> pg_backend_pid()
          AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())
          AND relation IN (
              SELECT kept::oid FROM (VALUES (to_regclass(\(table))), (to_regclass(\(draft)))) AS own (kept)
              UNION SELECT view::oid FROM reber.views_on(to_regclass(\(table)))
          )
      ORDER BY pid
      """, as: String.self, Int.self)
    if keepers.isEmpty { return "waiting until nobody reads catalogue.\(name)" }
    let ends = keepers.map { "pg_terminate_backend(\($0.1))" }.joined(separator: ", ")
    return """
      waiting for \(keepers.map(\.0).joined(separator: ", ")) to let go of catalogue.\(name): a superuser, or who \
      is in the same role, ends that by SELECT \(ends)
      """
  }

  private func rename(in database: Connection) throws {
    try database.execute("SELECT reber.make_everything(false)")
    if try stands(in: database) {
      try database.script(
        "SELECT reber.replace_table('\(table)', '\(draft)', '\(Self.asidePrefix)\(run)')")
    } else {
      try database.execute("ALTER TABLE \(raw: draft) RENAME TO \(identifier: name)")
    }
    try database.execute("SELECT reber.make_everything()")
  }

  /// Writes what was published, and comments; what people said of the table before is kept.
  private func record(_ catalogue: BuiltCatalogue, in database: Connection) throws {
    let own = try database.rows(
      "SELECT column_name, comment FROM reber.own_comments(\(name))", as: String.self, String.self)
    let described = catalogue.described
    try database.execute("DELETE FROM reber.catalogue_column WHERE catalogue = \(name)")
    // What was said of the catalogue stays: title, authors, reference and licence.
    try database.execute(
      """
      INSERT INTO reber.catalogue
          (name, run_id, classification_run_id, survey_id, rows, sha256, block_rows)
      VALUES (
          \(name), \(run), \(classification), \(survey.id), \(described.rows), \(catalogue.sha256),
          \(Int32(blockRows))
      )
      ON CONFLICT (name) DO UPDATE SET
          run_id = excluded.run_id, classification_run_id = excluded.classification_run_id,
          survey_id = excluded.survey_id, rows = excluded.rows, sha256 = excluded.sha256,
          block_rows = excluded.block_rows, published_at = excluded.published_at
      """)
    for (ordinal, column) in described.columns.enumerated() {
      try database.execute(
        """
        INSERT INTO reber.catalogue_column (catalogue, name, ordinal, unit, ucd, description)
        VALUES (
            \(name), \(column.name), \(ordinal), \(column.unit), \(column.ucd),
            \(column.description)
        )
        """)
    }
    try database.execute(
      """
      SELECT reber.comment_on(\(draft)::text::regclass, column_name, comment)
      FROM reber.catalogue_comments(\(name))
      """)
    for (column, comment) in own {
      try database.execute(
        "SELECT reber.comment_on(\(draft)::text::regclass, \(column), \(comment))")
    }
  }
}

extension Publication {
  /// Removes tables that publications have left, and names indexes by their tables.
  ///
  /// Left are those that were replaced, and what a publication that was killed was building.
  public static func tidy(in database: Connection) throws {
    try database.withOwnRights { try removeLeft(in: database) }
  }

  private static func removeLeft(in database: Connection) throws {
    try database.transaction { database in
      try database.endIfLeft()
      _ = try database.execute("SELECT pg_advisory_xact_lock(hashtext('reber.tidy'))")
      let left = try database.rows(
        """
        SELECT relname::text, substring(relname FROM '[0-9]+$')::integer
        FROM pg_class
        WHERE relnamespace = 'catalogue'::regnamespace AND relkind = 'r'
            AND relname ~ \("^(\(draftPrefix)|\(asidePrefix))[0-9]+$")
        """, as: String.self, Int.self)
      for (table, run) in left where try Run.isLetGo(run, in: database) {
        // Who is about to go on with the run fills it anew.
        if table.hasPrefix(draftPrefix) { try Run.undivide(run, in: database) }
        try database.execute("DROP TABLE IF EXISTS catalogue.\(identifier: table)")
      }
      try nameIndexes(in: database)
      // A transaction that wrote nothing would not wait for the disk, as the swap before it has not.
      _ = try database.execute("SELECT pg_logical_emit_message(true, 'reber', '')")
    }
  }

  /// Calls indexes by their table's name that have the beginning of their names from its draft.
  private static func nameIndexes(in database: Connection) throws {
    let statements = try database.rows(
      """
      WITH index (called, suffix, of_table) AS (
          SELECT
              index.relname::text, regexp_replace(index.relname, \("^\(draftPrefix)[0-9]+"), ''),
              published.relname::text
          FROM pg_index
          JOIN pg_class AS index ON index.oid = indexrelid
          JOIN pg_class AS published ON published.oid = indrelid
          WHERE index.relnamespace = 'catalogue'::regnamespace
              AND index.relname ~ \("^\(draftPrefix)[0-9]+_")
              AND published.relname !~ \("^(\(draftPrefix)|\(asidePrefix))")
      )
      SELECT format('ALTER INDEX catalogue.%I RENAME TO %I', called, better)
      FROM index, LATERAL (SELECT left(of_table, 63 - length(suffix)) || suffix) AS found (better)
      WHERE to_regclass(format('catalogue.%I', better)) IS NULL
      """, as: String.self)
    for statement in statements { try database.script(statement) }
  }
}
