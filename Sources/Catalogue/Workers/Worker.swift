public import PostgreSQL

/// A process that works on the pieces of a run.
///
/// A row of `reber.worker`.
public struct Worker: Sendable, Equatable {
  /// The key in `reber.worker`.
  public let id: Int

  /// What it works on.
  public let run: Int
}

extension Worker {
  /// Says that a process begins to work on a run.
  ///
  /// Until it ends its work this connection waits for the disk with none of its transactions: what a server that fails
  /// loses of them is done again, as all that a process has not done, and the end of the run waits for the disk.
  /// A process that is silent for two leases, as one that is frozen is, loses the connection, and so what it has
  /// locked: it comes back as one whose connection was lost.
  public static func begin(
    _ run: Int, by user: Operator, process: Int32, lease: Double = 60, in database: Connection
  ) throws -> Worker {
    let id = try database.row(
      """
      INSERT INTO reber.worker (run_id, host, account, process, code_version)
      VALUES (\(run), \(user.host), \(user.account), \(process), \(user.codeVersion))
      RETURNING worker_id
      """, as: Int.self)
    let silence = Int(2000 * lease)
    try database.script(
      """
      SET synchronous_commit = off; SET idle_session_timeout = \(silence);
      SET idle_in_transaction_session_timeout = \(silence)
      """)
    return Worker(id: id, run: run)
  }

  /// Says that it lives: the pieces that it has stay its own for as many seconds more.
  ///
  /// A piece whose lease has ended does not become its own again.
  public func live(for lease: Double, in database: Connection) throws {
    try database.execute(
      "UPDATE reber.worker SET seen_at = clock_timestamp() WHERE worker_id = \(id)")
    try database.execute(
      """
      UPDATE reber.piece SET lease_ends = clock_timestamp() + make_interval(secs => \(lease))
      WHERE run_id = \(run) AND worker_id = \(id) AND NOT is_done AND lease_ends > clock_timestamp()
      """)
  }

  /// Says that it works no more; the pieces that it has and has not done are free.
  public func end(in database: Connection) throws {
    // The session is again what it was, whatever becomes of the rest.
    defer {
      try? database.script(
        """
        RESET synchronous_commit; RESET idle_session_timeout;
        RESET idle_in_transaction_session_timeout
        """)
    }
    try database.execute(
      """
      UPDATE reber.piece SET lease_ends = NULL
      WHERE run_id = \(run) AND worker_id = \(id) AND NOT is_done
      """)
    try database.execute(
      """
      UPDATE reber.worker SET ended_at = clock_timestamp(), seen_at = clock_timestamp()
      WHERE worker_id = \(id)
      """)
    try database.script("DISCARD TEMPORARY")
  }
}
