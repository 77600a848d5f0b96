public import PostgreSQL

/// The role `reber_web`, which may read everything, add labels and decisions, and nothing else.
public enum WebRole {
  /// Takes the role for the rest of the session, where it exists and the user may.
  ///
  /// Pages read few rows, by indexes that are in memory or on fast disks: the planner, which by itself
  /// expects each such row to take four times as long as one in order, is told so.
  ///
  /// - Returns: Whether the session is in the role now.
  public static func take(in database: Connection) throws -> Bool {
    let isThere = try database.row(
      """
      SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = 'reber_web')
          AND coalesce(pg_has_role((SELECT oid FROM pg_roles WHERE rolname = 'reber_web'), 'MEMBER'),
              false)
      """, as: Bool.self)
    if isThere { try database.script("SET ROLE reber_web") }
    try database.script("SET statement_timeout = '60s'; SET random_page_cost = 1.1")
    return isThere
  }

  /// Whether the session is in the role.
  public static func isCurrent(in database: Connection) throws -> Bool {
    try database.row("SELECT current_user = 'reber_web'", as: Bool.self)
  }
}
