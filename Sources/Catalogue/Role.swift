public import PostgreSQL

/// What a session may do, as a role of the server of the same name: see `sql/0039_roles.sql`.
public enum Role: String, Sendable, CaseIterable {
  /// Reads everything.
  case reader = "reber_reader"
  /// Reads, and adds labels and decisions: the pages.
  case annotator = "reber_annotator"
  /// Reads, and adds what stages make.
  case pipeline = "reber_pipeline"
  /// Owns the tables.
  case owner = "reber_owner"
}

extension Role {
  /// Takes the role for the rest of the session, where the server has it and the user may.
  ///
  /// - Returns: Whether the session is in the role now; else it goes on with its user's own rights.
  @discardableResult
  public func take(in database: Connection) throws -> Bool {
    let isThere = try database.row(
      """
      SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = \(rawValue))
          AND coalesce(pg_has_role((SELECT oid FROM pg_roles WHERE rolname = \(rawValue)), 'MEMBER'),
              false)
      """, as: Bool.self)
    if isThere { try database.script("SET ROLE \(rawValue)") }
    return isThere
  }

  /// Whether the session is in the role.
  public func isTaken(in database: Connection) throws -> Bool {
    try database.row("SELECT current_user = \(rawValue)::text", as: Bool.self)
  }

  /// Gives the roles the rights to all that is new; makes those that the server lacks.
  ///
  /// - Throws: `PostgresError` of state `insufficientPrivilege` where the user may not.
  public static func grant(in database: Connection) throws {
    try database.execute("SELECT reber.grant_roles()")
  }
}

extension Connection {
  /// Refuses to write for the rest of the session, whatever its role may.
  public func readOnly() throws { try script("SET default_transaction_read_only = on") }

  /// Ends statements of the session that take longer than a visitor of the pages waits, and tells the planner of them.
  ///
  /// Pages read few rows, by indexes that are in memory or on fast disks: the planner, which by itself
  /// expects each such row to take four times as long as one in order, is told so.
  public func serveVisitors() throws {
    try script("SET statement_timeout = '60s'; SET random_page_cost = 1.1")
  }

  /// Runs `body` with the rights of the user, whatever role the session is in: for what must reach things
  /// that other people made, such as their views on a catalogue.
  func withOwnRights<Value>(_ body: () throws -> Value) throws -> Value {
    let role = try row("SELECT current_setting('role')", as: String.self)
    guard role != "none" else { return try body() }
    try script("RESET ROLE")
    // Where the connection is gone, nobody is in any role.
    defer { try? script("SET ROLE \"\(role)\"") }
    return try body()
  }
}
