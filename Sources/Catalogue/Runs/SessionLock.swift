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

  /// The lock of whoever embeds a survey by a model.
  static func embeddings(of survey: Survey, by model: Int) -> SessionLock {
    SessionLock(key: "hashtext('reber.embedding'), hashtext(\("\(model) \(survey.id)"))")
  }

  /// The lock of whoever publishes under a name.
  static func publication(of name: String) -> SessionLock {
    SessionLock(key: "hashtext('reber.catalogue'), hashtext(\(name))")
  }

  /// Takes the lock; waits as long as the server may need to notice that who had it was killed.
  ///
  /// - Returns: False where another connection has it.
  func take(in database: Connection) throws -> Bool {
    do {
      try database.transaction { database in
        try database.script("SET LOCAL lock_timeout = '2500ms'")
        try database.execute("SELECT pg_advisory_lock(\(key))")
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

  /// Lets go of it.
  func release(in database: Connection) throws {
    _ = try database.row("SELECT pg_advisory_unlock(\(key))", as: Bool.self)
  }
}
