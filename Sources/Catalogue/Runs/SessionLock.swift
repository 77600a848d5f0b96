import PostgreSQL

/// A lock that one connection has: the server drops it with the connection, so that a process that is
/// killed leaves none.
struct SessionLock {
  /// What is locked, and which of its kind: two numbers in SQL.
  private let key: SQL

  /// The lock of whoever works on a run.
  static func run(_ run: Int) -> SessionLock {
    SessionLock(key: "hashtext('reber.run'), \(Int32(truncatingIfNeeded: run))")
  }

  /// The lock of who ends a run that several have worked on.
  static func end(of run: Int) -> SessionLock {
    SessionLock(key: "hashtext('reber.run.end'), \(Int32(truncatingIfNeeded: run))")
  }

  /// The lock of whoever brings sources into a survey.
  static func sources(of survey: Int) -> SessionLock {
    SessionLock(key: "hashtext('reber.source'), \(Int32(truncatingIfNeeded: survey))")
  }

  /// The lock of whoever embeds a survey by a model.
  static func embeddings(of survey: Survey, by model: Int) -> SessionLock {
    SessionLock(key: "hashtext('reber.embedding'), hashtext(\("\(model) \(survey.id)"))")
  }

  /// The lock of whoever finds where a model's embeddings lie.
  static func points(of model: Int) -> SessionLock {
    SessionLock(key: "hashtext('reber.point_set'), \(Int32(truncatingIfNeeded: model))")
  }

  /// The lock of whoever publishes under a name.
  static func publication(of name: String) -> SessionLock {
    SessionLock(key: "hashtext('reber.catalogue'), hashtext(\(name))")
  }

  /// The lock of whoever gives a table the name of a catalogue.
  static func exchange(of name: String) -> SessionLock {
    SessionLock(key: "hashtext('reber.catalogue.exchange'), hashtext(\(name))")
  }

  /// How long the server may need to notice that who had a lock was killed, milliseconds.
  private static let patience = 2500

  /// Takes the lock; waits as long as the server may need to notice that who had it was killed.
  ///
  /// - Parameters:
  ///   - milliseconds: How long it waits at most; 0 for as long as it takes.
  ///   - database: The connection.
  /// - Returns: False where another connection has it.
  /// - Throws: `PostgresError`.
  func take(waiting milliseconds: Int = patience, in database: Connection) throws -> Bool {
    try wait(for: "pg_advisory_lock(\(key))", atMost: milliseconds, in: database)
  }

  /// Takes the lock beside others who share it; waits, as ``take(waiting:in:)`` does, while one has it for itself.
  func share(waiting milliseconds: Int = patience, in database: Connection) throws -> Bool {
    try wait(for: "pg_advisory_lock_shared(\(key))", atMost: milliseconds, in: database)
  }

  /// Lets others share the lock, which this connection has for itself.
  func letShare(in database: Connection) throws {
    try database.execute("SELECT pg_advisory_lock_shared(\(key)), pg_advisory_unlock(\(key))")
  }

  /// Takes the lock if no other connection has it, without waiting.
  func tryToTake(in database: Connection) throws -> Bool {
    try database.row("SELECT pg_try_advisory_lock(\(key))", as: Bool.self)
  }

  private func wait(
    for lock: SQL, atMost milliseconds: Int, in database: Connection
  ) throws -> Bool {
    do {
      try database.transaction { database in
        try database.script("SET LOCAL lock_timeout = '\(milliseconds)ms'")
        try database.execute("SELECT \(lock)")
        // Where it is taken within another transaction, that goes on to wait as it did.
        try database.script("SET LOCAL lock_timeout TO DEFAULT")
      }
      return true
    } catch let error as PostgresError where error.state == .lockNotAvailable {
      return false
    }
  }

  /// Takes the lock until the transaction ends, if no other connection has it.
  func takeForTransaction(in database: Connection) throws -> Bool {
    try database.row("SELECT pg_try_advisory_xact_lock(\(key))", as: Bool.self)
  }

  /// Takes the lock until the transaction ends, as soon as no other connection has it.
  func waitForTransaction(in database: Connection) throws {
    try database.execute("SELECT pg_advisory_xact_lock(\(key))")
  }

  /// Lets go of it, whether this connection has it for itself or shares it.
  func release(in database: Connection) throws {
    try database.execute(
      """
      SELECT CASE mode
          WHEN 'ShareLock' THEN pg_advisory_unlock_shared(\(key))
          ELSE pg_advisory_unlock(\(key))
      END
      FROM pg_locks
      JOIN (VALUES (\(key))) AS wanted (kind, item)
          ON classid = (kind::bigint & 4294967295)::oid AND objid = (item::bigint & 4294967295)::oid
      WHERE locktype = 'advisory' AND objsubid = 2 AND pid = pg_backend_pid()
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      """)
  }
}

extension Connection {
  /// Has the server end this session where its process leaves the transaction alone for as many seconds: one that is
  /// frozen, or cut off, would keep from others what it has locked.
  func endIfLeft(for seconds: Int = 60) throws {
    try script("SET LOCAL idle_in_transaction_session_timeout = '\(seconds)s'")
  }
}
