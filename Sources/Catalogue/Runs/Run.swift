public import PostgreSQL

/// The work that a stage is about to do, described so that the same work is recognised.
public struct Work: Sendable {
  /// The stage's name, such as `ingest`.
  public var stage: String

  /// Every option that can change the result.
  public var parameters: JSON

  /// The seed of everything random.
  public var seed: UInt64?

  /// What is read, with content digests.
  public var inputs: [Input]

  /// The earlier runs whose rows are read.
  public var parents: [Parent]

  /// Describes work.
  public init(
    stage: String, parameters: JSON, seed: UInt64? = nil, inputs: [Input] = [],
    parents: [Parent] = []
  ) {
    self.stage = stage
    self.parameters = parameters
    self.seed = seed
    self.inputs = inputs
    self.parents = parents
  }

  /// A file, or the rows of earlier runs, with a digest of the content.
  public struct Input: Sendable, Codable {
    /// What it is to the stage: `catalogue`, `image`, `labels`, `truth`, `cutouts`, ….
    public var role: String

    /// A path, or a name for a set of rows.
    public var name: String

    /// SHA-256 of the content, in hexadecimal.
    public var sha256: String

    /// Rows, where it has rows.
    public var rows: Int?

    /// Size in bytes, where it is a file.
    public var bytes: Int?

    /// Describes an input.
    public init(role: String, name: String, sha256: String, rows: Int? = nil, bytes: Int? = nil) {
      self.role = role
      self.name = name
      self.sha256 = sha256
      self.rows = rows
      self.bytes = bytes
    }
  }

  /// An earlier run and what its rows are to this one.
  public struct Parent: Sendable, Codable, Hashable {
    /// The earlier run.
    public var run: Int

    /// What its rows are to the stage.
    public var role: String

    /// Describes a parent.
    public init(run: Int, role: String) {
      self.run = run
      self.role = role
    }
  }
}

extension Work.Input: TableRow {
  public static let table = "reber.run_input"
  public static let columns = Columns<Self>(
    .column("role", \.role), .column("name", \.name), .column("sha256", \.sha256),
    .column("rows", \.rows), .column("bytes", \.bytes), make: Work.Input.init)
}

extension Work.Parent: TableRow {
  public static let table = "reber.run_parent"
  public static let columns = Columns<Self>(
    .column("parent_run_id", \.run), .column("role", \.role), make: Work.Parent.init)
}

/// Who runs the code, and which code it is.
public struct Operator: Sendable {
  /// The version of Reber, with the commit where it is known.
  public var codeVersion: String

  /// The machine.
  public var host: String

  /// The account on the machine.
  public var account: String

  /// Describes an operator.
  public init(codeVersion: String, host: String, account: String) {
    self.codeVersion = codeVersion
    self.host = host
    self.account = account
  }
}

/// One execution of a stage, a row of `reber.run`.
public struct Run: Sendable, Codable {
  /// The key in `reber.run`.
  public var id: Int

  /// The stage's name.
  public var stage: String

  /// `running`, `finished` or `failed`.
  public var status: String

  /// The version of the code that ran.
  public var codeVersion: String

  /// When it began, ISO 8601.
  public var startedAt: String

  /// How long it took, or has taken so far, in seconds.
  public var seconds: Double

  /// What the stage measured.
  public var metrics: JSON

  /// Why it failed.
  public var error: String?
}

/// A column of times as text, ISO 8601 in UTC.
func utc(_ column: String) -> String {
  "to_char(\(column) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
}

extension Run: QueryRow {
  public static let columns = Columns<Self>(
    .column("run_id", \.id), .column("stage", \.stage), .column("status", \.status),
    .column("code_version", \.codeVersion),
    .expression(utc("started_at"), as: "started_at", \.startedAt),
    .expression(
      "extract(epoch FROM coalesce(finished_at, clock_timestamp()) - started_at)::float8",
      as: "seconds", \.seconds),
    .column("metrics", \.metrics), .column("error", \.error), make: Run.init)
}

/// How work begins: from nothing, from where it stopped, or not at all since it is done.
public enum Opening: Sendable {
  /// Nothing was done yet.
  case new(run: Int)
  /// An earlier process stopped in the middle of this run.
  case resumed(run: Int)
  /// The same work was finished by this run.
  case finished(Run)
}

extension Run {
  /// Opens the run that does `work`: a new one, the unfinished one, or the one that has finished.
  ///
  /// While the process lives, the run is held by an advisory lock of the connection's session; a
  /// process that is killed lets go of it. An unfinished run that another version of the code goes
  /// on with names both versions.
  /// `again` does finished work once more, as a new run.
  ///
  /// - Throws: `CatalogueError.busy` where another process holds the run.
  public static func open(
    _ work: Work, by user: Operator, again: Bool = false, in database: Connection
  ) throws -> Opening {
    try database.transaction { database in
      let fingerprint = try work.fingerprint(in: database)
      if !again, let run = try latest(fingerprint, status: "finished", in: database) {
        return .finished(run)
      }
      if let run = try unfinished(fingerprint, in: database) {
        try hold(run, stage: work.stage, in: database)
        _ = try database.execute(
          """
          UPDATE reber.run
          SET status = 'running', finished_at = NULL, error = NULL,
              code_version = CASE
                  WHEN right(code_version, length(\(user.codeVersion))) = \(user.codeVersion)
                      THEN code_version
                  ELSE code_version || ', then ' || \(user.codeVersion)
              END
          WHERE run_id = \(run)
          """)
        return .resumed(run: run)
      }
      let run = try insert(work, fingerprint, by: user, in: database)
      try hold(run, stage: work.stage, in: database)
      return .new(run: run)
    }
  }

  private static func unfinished(
    _ fingerprint: String, in database: Connection
  ) throws -> Int? {
    try database.first(
      """
      SELECT run_id FROM reber.run
      WHERE fingerprint = \(fingerprint) AND status <> 'finished'
          AND run_id > (
              SELECT coalesce(max(run_id), 0) FROM reber.run
              WHERE fingerprint = \(fingerprint) AND status = 'finished'
          )
      ORDER BY run_id DESC
      LIMIT 1
      """, as: Int.self)
  }

  private static func hold(_ run: Int, stage: String, in database: Connection) throws {
    let held = try database.row(
      "SELECT pg_try_advisory_lock(hashtext('reber.run'), \(Int32(truncatingIfNeeded: run)))",
      as: Bool.self)
    guard held else {
      let host = try database.row(
        "SELECT host FROM reber.run WHERE run_id = \(run)", as: String.self)
      throw CatalogueError.busy(run: run, stage: stage, host: host)
    }
  }

  private static func insert(
    _ work: Work, _ fingerprint: String, by user: Operator, in database: Connection
  ) throws -> Int {
    let run = try database.row(
      """
      INSERT INTO reber.run
          (stage, fingerprint, parameters, seed, code_version, host, account)
      VALUES (
          \(work.stage), \(fingerprint), \(work.parameters), \(work.seed.map { Int(truncatingIfNeeded: $0) }),
          \(user.codeVersion), \(user.host), \(user.account)
      )
      RETURNING run_id
      """, as: Int.self)
    try database.copy(Set(work.parents), with: ["run_id": run])
    try database.copy(work.inputs, with: ["run_id": run])
    return run
  }

  /// Says how far a running stage is.
  public static func report(
    _ run: Int, done: Int, of total: Int, _ what: String, in database: Connection
  ) throws {
    let progress = try JSON(encoding: Progress(done: done, total: total, what: what))
    _ = try database.execute(
      "UPDATE reber.run SET progress = \(progress) WHERE run_id = \(run)")
  }

  /// How far a running stage is.
  public struct Progress: Sendable, Codable {
    /// Items done.
    public var done: Int
    /// Items in all.
    public var total: Int
    /// What the items are.
    public var what: String
  }

  /// Writes what a run has measured, so that it stands with the rows of the same transaction.
  public static func record(_ run: Int, metrics: JSON, in database: Connection) throws {
    _ = try database.execute("UPDATE reber.run SET metrics = \(metrics) WHERE run_id = \(run)")
  }

  /// Marks the run as finished, with what it measured, and removes its checkpoint.
  public static func finish(_ run: Int, metrics: JSON, in database: Connection) throws {
    try database.transaction { database in
      _ = try database.execute("DELETE FROM reber.checkpoint WHERE run_id = \(run)")
      _ = try database.execute(
        """
        UPDATE reber.run
        SET status = 'finished', finished_at = clock_timestamp(), metrics = \(metrics)
        WHERE run_id = \(run)
        """)
    }
    try release(run, in: database)
  }

  /// Marks the run as failed; the same work goes on from here when it is asked for again.
  public static func fail(_ run: Int, because error: String, in database: Connection) throws {
    _ = try database.execute(
      """
      UPDATE reber.run
      SET status = 'failed', finished_at = clock_timestamp(), error = \(error)
      WHERE run_id = \(run)
      """)
    try release(run, in: database)
  }

  /// Removes a run that wrote nothing, as if it had never been asked for.
  public static func discard(_ run: Int, in database: Connection) throws {
    try database.transaction { database in
      for table in ["run_input", "run_parent", "rejected", "run"] {
        _ = try database.execute("DELETE FROM reber.\(identifier: table) WHERE run_id = \(run)")
      }
    }
  }

  private static func release(_ run: Int, in database: Connection) throws {
    _ = try database.row(
      "SELECT pg_advisory_unlock(hashtext('reber.run'), \(Int32(truncatingIfNeeded: run)))",
      as: Bool.self)
  }
}

extension Work {
  /// SHA-256 of stage, parameters, seed, inputs and parents.
  func fingerprint(in database: Connection) throws -> String {
    struct Identity: Encodable {
      var stage: String
      var parameters: String
      var seed: UInt64?
      var inputs: [String]
      var parents: [Int]
    }
    let identity = try JSON(
      encoding: Identity(
        stage: stage, parameters: parameters.text, seed: seed,
        inputs: inputs.map { "\($0.role) \($0.sha256)" }.sorted(),
        parents: Set(parents.map(\.run)).sorted()))
    return try database.row(
      "SELECT encode(sha256(convert_to(\(identity.text), 'UTF8')), 'hex')", as: String.self)
  }
}
