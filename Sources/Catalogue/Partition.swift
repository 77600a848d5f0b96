import PostgreSQL

/// The rows of one survey, model, run or clustering in a partitioned table: a table of their own.
///
/// It is loaded plain, with its primary key alone, and attached when it is whole: only then do those
/// who ask the whole table see its rows. What a process that was killed has loaded stays, and the next
/// one goes on from it, or makes it anew.
struct Partition {
  /// The partitioned table, with its schema.
  let whole: String

  /// The survey, model, run or clustering.
  let key: Int

  /// The table of the rows, as `reber.partition_name` in SQL calls it.
  var table: String { "reber_partition.\(whole.split(separator: ".").last ?? "")_\(key)" }

  /// Makes the table, where it is not there.
  ///
  /// - Throws: `PostgresError`.
  func open(in database: Connection) throws {
    _ = try database.row(
      "SELECT reber.open_partition(\(whole)::text::regclass, \(key))", as: String.self)
  }

  /// Makes the table anew: what a process that was killed has loaded goes.
  ///
  /// - Throws: `PostgresError`.
  func renew(in database: Connection) throws {
    try removeUnattached(in: database)
    try open(in: database)
  }

  /// Empties the table in the transaction that loads it: where the server keeps no WAL for others, it then keeps none
  /// of what is loaded.
  ///
  /// - Throws: `PostgresError`, also where the table is attached.
  func empty(in database: Connection) throws {
    try database.execute("SELECT reber.empty_partition(\(whole)::text::regclass, \(key))")
  }

  /// Attaches the loaded table with the indexes and foreign keys of the whole, unless it is attached.
  ///
  /// Outside a transaction the steps are transactions of their own: those who write to the tables that
  /// it refers to wait while foreign keys are checked, but not while indexes are made.
  ///
  /// - Throws: `PostgresError`, also where a row refers to nothing.
  func attach(in database: Connection) throws {
    if try isAttached(in: database) { return }
    try index(in: database)
    try attachIndexed(in: database)
  }

  /// Attaches the table behind ``index(in:)``.
  ///
  /// - Throws: `PostgresError`, also where a row refers to nothing.
  func attachIndexed(in database: Connection) throws {
    try database.execute("SELECT reber.attach_partition(\(whole)::text::regclass, \(key))")
  }

  /// Waits until nobody attaches a table, and keeps others from it until the transaction ends.
  ///
  /// It is for who writes to a table that rows refer to before they are attached: two who had both done
  /// that would wait for each other for ever.
  static func waitForOthers(in database: Connection) throws {
    try database.execute("SELECT pg_advisory_xact_lock(hashtext('reber_partition'))")
  }

  /// Makes the table and attaches it at once: for rows that come in parts and count one by one.
  func prepare(in database: Connection) throws {
    if try isAttached(in: database) { return }
    try database.transaction { database in
      try open(in: database)
      try attach(in: database)
    }
  }

  /// Gives the loaded table the indexes of the whole that it lacks, and tells the planner of its rows.
  ///
  /// - Throws: `PostgresError` of state `uniqueViolation` where rows are not unique as the whole's are.
  func index(in database: Connection) throws {
    try database.execute("SELECT reber.index_partition(\(whole)::text::regclass, \(key))")
  }

  /// Tells the planner of the rows: autovacuum may take a minute to notice, and until then queries over
  /// new rows are planned for an empty table.
  func analyse(in database: Connection) throws {
    try database.execute("SELECT reber.tell_planner(\(table)::text::regclass)")
  }

  /// Whether there is a table of the rows, attached or not.
  func exists(in database: Connection) throws -> Bool {
    try database.row("SELECT to_regclass(\(table)) IS NOT NULL", as: Bool.self)
  }

  /// Removes the table and its rows, where it is not attached.
  func removeUnattached(in database: Connection) throws {
    try database.execute("SELECT reber.drop_unattached(\(whole)::text::regclass, \(key))")
  }

  /// The keys of the tables that wait to be attached to a partitioned table.
  static func unattached(to whole: String, in database: Connection) throws -> [Int] {
    let name = whole.split(separator: ".").last.map(String.init) ?? whole
    return try database.rows(
      """
      SELECT substring(relname FROM '[0-9]+$')::bigint
      FROM pg_class
      WHERE relnamespace = 'reber_partition'::regnamespace AND relkind = 'r' AND NOT relispartition
          AND relname ~ \("^\(name)_[0-9]+$")
      ORDER BY 1
      """, as: Int.self)
  }

  /// Whether those who ask the whole table see the rows.
  func isAttached(in database: Connection) throws -> Bool {
    try database.row(
      "SELECT reber.is_attached(\(whole)::text::regclass, \(key))", as: Bool.self)
  }
}

extension Partition {
  /// The predictions of a run.
  static func predictions(of run: Int) -> Partition {
    Partition(whole: "reber.prediction", key: run)
  }

  /// The embeddings of a survey by a model.
  ///
  /// Those by a model are themselves divided by survey.
  static func embeddings(of survey: Survey, by model: Int) -> Partition {
    Partition(
      whole: Partition(whole: "reber.embedding", key: model).table, key: survey.id)
  }
}
