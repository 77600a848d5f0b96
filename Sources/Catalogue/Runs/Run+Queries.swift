public import PostgreSQL

extension Run {
  /// The newest run of that fingerprint and status.
  static func latest(
    _ fingerprint: String, status: String, in database: Connection
  ) throws -> Run? {
    try select(
      "WHERE fingerprint = \(fingerprint) AND status = \(status) ORDER BY run_id DESC LIMIT 1",
      in: database
    ).first
  }

  /// The newest runs, newest first.
  public static func newest(_ count: Int, in database: Connection) throws -> [Run] {
    try select("ORDER BY run_id DESC LIMIT \(count)", in: database)
  }

  /// The run of that number.
  ///
  /// - Throws: `CatalogueError.missing`.
  public static func numbered(_ id: Int, in database: Connection) throws -> Run {
    guard let run = try select("WHERE run_id = \(id)", in: database).first else {
      throw CatalogueError.missing("run \(id)", hint: "'reber show runs' lists them")
    }
    return run
  }

  /// What a run read.
  public static func inputs(of id: Int, in database: Connection) throws -> [Work.Input] {
    try database.rows(
      """
      SELECT \(Work.Input.columns) FROM reber.run_input
      WHERE run_id = \(id)
      ORDER BY role, name
      """, as: Work.Input.self)
  }

  private static func select(_ clause: SQL, in database: Connection) throws -> [Run] {
    try database.rows("SELECT \(Run.columns) FROM reber.run \(clause)", as: Run.self)
  }

  /// The unfinished runs that a process is working on now, with how far they are.
  public static func running(in database: Connection) throws -> [(run: Run, progress: Progress?)] {
    let progress = try database.rows(
      "SELECT run_id, progress FROM reber.run WHERE status = 'running'", as: Int.self, JSON.self)
    return try progress.map { id, progress in
      (try numbered(id, in: database), try? progress.decode(as: Progress.self))
    }
  }
}
