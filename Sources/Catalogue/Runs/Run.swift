public import PostgreSQL

/// Who runs the code, and which code it is.
///
/// All three stand with every run.
public struct Operator: Sendable {
  /// The version of Reber, with the commit where it is known, and in brackets the libraries that it
  /// runs with.
  public var codeVersion: String

  /// A version of the code without its libraries, where there is little room.
  public static func brief(_ codeVersion: String) -> String {
    codeVersion.replacing(#/ \([^)]*\)/#, with: "")
  }

  /// The machine.
  public var host: String

  /// The account on the machine.
  public var account: String

  /// Describes an operator.
  ///
  /// The version is that of the code that runs now; the host and the account are for people.
  public init(codeVersion: String, host: String, account: String) {
    self.codeVersion = codeVersion
    self.host = host
    self.account = account
  }
}

/// One execution of a stage, a row of `reber.run`.
///
/// A run that was stopped and goes on is one execution: its seconds count from the first begin.
public struct Run: Sendable, Codable {
  /// The key in `reber.run`.
  public var id: Int

  /// The stage's name.
  public var stage: String

  /// The surveys that it was asked for, divided by commas.
  public var survey: String?

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

  /// The form that its parameters and metrics are stored in.
  public var form: Int

  /// The form that this version stores them in; 0 is that of versions that kept none.
  static let form = 1
}

/// A column of times as text, ISO 8601 in UTC.
func utc(_ column: String) -> String {
  "to_char(\(column) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
}

/// The surveys that a row of `reber.run` was asked for, divided by commas.
let surveyOfRun = """
  coalesce(run.parameters ->> 'survey', (
      SELECT string_agg(name, ', ')
      FROM jsonb_path_query(run.parameters, '$.surveys[*]') AS member
      CROSS JOIN LATERAL (SELECT member #>> '{}' AS name) AS text
  ))
  """

extension Run: QueryRow {
  public static let columns = Columns<Self>(
    .column("run_id", \.id), .column("stage", \.stage),
    .expression(surveyOfRun, as: "survey", \.survey),
    .column("status", \.status),
    .column("code_version", \.codeVersion),
    .expression(utc("started_at"), as: "started_at", \.startedAt),
    .expression(
      "extract(epoch FROM coalesce(finished_at, clock_timestamp()) - started_at)::float8",
      as: "seconds", \.seconds),
    .column("metrics", \.metrics), .column("error", \.error), .column("form", \.form),
    make: Run.init)
}

/// What becomes of work at which other processes are.
public enum Company: Sendable {
  /// It is left to them, and refused.
  case refused
  /// It is waited until they have ended.
  case waited
  /// They are helped.
  case joined
}

/// How work begins: from nothing, from where it stopped, or not at all since it is done.
public enum Opening: Sendable {
  /// Nothing was done yet.
  case new(run: Int)
  /// An earlier process stopped in the middle of this run.
  case resumed(run: Int)
  /// Other processes are at work on this run, and let this one help.
  case joined(run: Int)
  /// The same work was finished by this run.
  case finished(Run)
}

extension Run {
  /// Opens the run that does `work`: a new one, the unfinished one, or the one that has finished.
  ///
  /// While the process lives, the run is held by an advisory lock of the connection's session; a
  /// process that is killed lets go of it, and it may take the server a second to notice. An unfinished
  /// run that another version of the code goes on with names both versions.
  /// `again` does finished work once more, as a new run.
  ///
  /// - Throws: `CatalogueError.busy` where another process holds the run and company is refused.
  public static func open(
    _ work: Work, by user: Operator, again: Bool = false, company: Company = .refused,
    in database: Connection
  ) throws -> Opening {
    try database.transaction { database in
      try database.endIfLeft()
      let fingerprint = try work.fingerprint(in: database)
      // Of two who ask for the same work at once, one sees the run of the other.
      try database.execute(
        "SELECT pg_advisory_xact_lock(hashtext('reber.work'), hashtext(\(fingerprint)))")
      let stopped = try unfinished(work, fingerprint, unless: again, in: database)
      var isFirst = true
      if let stopped {
        isFirst = try hold(stopped, stage: work.stage, company, in: database)
      }
      // Who held it may have finished it meanwhile.
      if let stopped, try unfinished(work, fingerprint, unless: again, in: database) == stopped {
        try goOn(stopped, by: user, isFirst: isFirst, in: database)
        return isFirst ? .resumed(run: stopped) : .joined(run: stopped)
      }
      if let stopped { try SessionLock.run(stopped).release(in: database) }
      let done = try same(work, fingerprint, in: database).first(where: \.isFinished)
      if let done, !again { return .finished(try numbered(done.id, in: database)) }
      let run = try insert(work, fingerprint, by: user, in: database)
      _ = try hold(run, stage: work.stage, .refused, in: database)
      return .new(run: run)
    }
  }

  private static func same(
    _ work: Work, _ fingerprint: String, in database: Connection
  ) throws -> [Candidate] {
    try runs(of: fingerprint, in: database).filter { work.isSame($0.parameters, $0.form) }
  }

  /// Whether a run is that of `work`, with the inputs that there are now.
  public static func numbered(
    _ run: Int, isOf work: Work, in database: Connection
  ) throws -> Bool {
    try same(work, work.fingerprint(in: database), in: database).contains { $0.id == run }
  }

  /// Whether a run has done the work, with the inputs that there are now.
  public static func isFinished(_ work: Work, in database: Connection) throws -> Bool {
    try same(work, work.fingerprint(in: database), in: database).contains(where: \.isFinished)
  }

  /// Which of some works a run has done, the newest one, or else begun; `nil` where there is none of either.
  public static func furthest(of works: [Work], in database: Connection) throws -> Int? {
    let runs = try works.enumerated().flatMap { place, work in
      try same(work, work.fingerprint(in: database), in: database).map {
        (place: place, rank: ($0.isFinished ? 1 : 0, $0.id))
      }
    }
    return runs.max { $0.rank < $1.rank }?.place
  }

  /// The run of the same work that was begun last, where it can be gone on with and none has finished.
  private static func unfinished(
    _ work: Work, _ fingerprint: String, unless again: Bool, in database: Connection
  ) throws -> Int? {
    let same = try same(work, fingerprint, in: database)
    guard let last = same.first, !last.isFinished, again || !same.contains(where: \.isFinished)
    else { return nil }
    return try last.goesOn(unless: again) ? last.id : nil
  }

  private static func goOn(
    _ run: Int, by user: Operator, isFirst: Bool, in database: Connection
  ) throws {
    let version = user.codeVersion
    _ = try database.execute(
      """
      UPDATE reber.run
      SET status = 'running', finished_at = NULL, error = NULL,
          divided_at = CASE WHEN \(isFirst) THEN NULL ELSE divided_at END,
          code_version = CASE
              WHEN right(code_version, length(\(version))) = \(version) THEN code_version
              ELSE code_version || ', then ' || \(version)
          END
      WHERE run_id = \(run) AND status <> 'finished'
      """)
  }

  /// Takes the run for this connection, or shares it with those who are at it; gives whether nobody was.
  private static func hold(
    _ run: Int, stage: StageName, _ company: Company, in database: Connection
  ) throws -> Bool {
    let lock = SessionLock.run(run)
    switch company {
    case .refused where try lock.take(in: database): return true
    case .waited where try lock.take(waiting: 0, in: database): return true
    case .joined: return try share(run, lock, in: database)
    default:
      let host = try database.row(
        "SELECT host FROM reber.run WHERE run_id = \(run)", as: String.self)
      throw CatalogueError.busy(run: run, stage: stage.rawValue, host: host)
    }
  }

  /// Shares a run whose work is divided; gives true where nobody was at it, and it is this connection's alone.
  ///
  /// The first of several divides the work while it has the run for itself. Where that was killed before it had,
  /// one of those who waited is the first.
  private static func share(
    _ run: Int, _ lock: SessionLock, in database: Connection
  ) throws -> Bool {
    while try !lock.tryToTake(in: database) {
      _ = try lock.share(waiting: 0, in: database)
      let isDivided = try database.row(
        "SELECT divided_at IS NOT NULL OR status = 'finished' FROM reber.run WHERE run_id = \(run)",
        as: Bool.self)
      if isDivided { return false }
      try lock.release(in: database)
      try database.execute("SELECT pg_sleep(random() / 10)")
    }
    return true
  }

  /// Lets other processes help with a run that this one has opened, once its work is divided.
  public static func letJoin(_ run: Int, in database: Connection) throws {
    try database.execute(
      "UPDATE reber.run SET divided_at = clock_timestamp() WHERE run_id = \(run)")
    try SessionLock.run(run).letShare(in: database)
  }

  /// Takes back that the work of a run is divided: what was made of its pieces is gone, and whoever has the run for
  /// itself next begins anew.
  ///
  /// Nobody may be at the run; who is about to join waits.
  static func undivide(_ run: Int, in database: Connection) throws {
    try Piece.remove(of: run, in: database)
    try database.execute(
      "UPDATE reber.run SET divided_at = NULL WHERE run_id = \(run) AND status <> 'finished'")
  }

  /// Whether this process is to end a run that several have worked on: `nil` while another is ending it, false
  /// where it is ended.
  public static func isToEnd(_ run: Int, in database: Connection) throws -> Bool? {
    guard try SessionLock.end(of: run).tryToTake(in: database) else { return nil }
    let isRunning = try database.row(
      "SELECT status <> 'finished' FROM reber.run WHERE run_id = \(run)", as: Bool.self)
    if !isRunning { try letGo(run, in: database) }
    return isRunning
  }

  /// Lets go of a run.
  static func letGo(_ run: Int, in database: Connection) throws {
    try SessionLock.run(run).release(in: database)
    try SessionLock.end(of: run).release(in: database)
  }

  private static func insert(
    _ work: Work, _ fingerprint: String, by user: Operator, in database: Connection
  ) throws -> Int {
    let run = try database.row(
      """
      INSERT INTO reber.run
          (stage, fingerprint, parameters, form, seed, code_version, host, account)
      VALUES (
          \(work.stage), \(fingerprint), \(work.parameters), \(form), \(work.storedSeed),
          \(user.codeVersion), \(user.host), \(user.account)
      )
      RETURNING run_id
      """, as: Int.self)
    try database.copy(Set(work.parents), with: ["run_id": run])
    try database.copy(work.inputs, with: ["run_id": run])
    return run
  }

  /// Says how far a running stage is; of a run that another process has ended nothing is said.
  public static func report(
    _ run: Int, done: Int, of total: Int, _ what: String, in database: Connection
  ) throws {
    let progress = try JSON(encoding: Progress(done: done, total: total, what: what))
    try database.execute(
      """
      UPDATE reber.run SET progress = said
      FROM (SELECT \(progress)::jsonb) AS now (said)
      WHERE run_id = \(run) AND status <> 'finished' AND progress IS DISTINCT FROM said
      """)
  }

  /// How far a running stage is.
  ///
  /// Stands in `reber.run.progress`, and is told at most every two seconds.
  public struct Progress: Sendable, Codable {
    /// Items done.
    public var done: Int
    /// Items in all.
    public var total: Int
    /// What the items are.
    public var what: String
  }

  /// What an unfinished run has measured that was stopped by a version that kept measures and end apart; its rows
  /// are all written.
  public static func measured(_ run: Int, in database: Connection) throws -> Run? {
    let run = try numbered(run, in: database)
    return run.status == "finished" || run.metrics.text == "{}" ? nil : run
  }

  /// Finishes a run.
  ///
  /// The rows that `body` writes, what it measures, and that the run is finished are one transaction. The
  /// run's checkpoint goes, and the planner is told of its rows.
  ///
  /// - Throws: What `body` throws; the run goes on being held, and nothing of it is written.
  @discardableResult
  public static func finish<Metrics: Encodable>(
    _ run: Int, in database: Connection, _ body: (Connection) throws -> Metrics
  ) throws -> Metrics {
    let (metrics, stage) = try database.transaction { database in
      // Those who shared the work waited for no disk.
      try database.script("SET LOCAL synchronous_commit TO DEFAULT")
      let metrics = try body(database)
      try database.execute("DELETE FROM reber.checkpoint WHERE run_id = \(run)")
      try Piece.remove(of: run, in: database)
      let stage = try database.row(
        """
        UPDATE reber.run
        SET status = 'finished', finished_at = clock_timestamp(), metrics = \(JSON(encoding: metrics))
        WHERE run_id = \(run)
        RETURNING stage
        """, as: StageName.self)
      return (metrics, stage)
    }
    // Whatever happens from here on, the run is finished.
    try? letGo(run, in: database)
    for table in stage.tables {
      _ = try? database.execute("SELECT reber.tell_planner(\(table)::text::regclass)")
    }
    return metrics
  }

  /// Marks the run as failed, unless it is finished or others go on with it; the same work goes on from here
  /// when it is asked for again.
  public static func fail(_ run: Int, because error: String, in database: Connection) throws {
    if try SessionLock.run(run).tryToTake(in: database) {
      try database.execute(
        """
        UPDATE reber.run
        SET status = 'failed', finished_at = clock_timestamp(), error = \(error)
        WHERE run_id = \(run) AND status = 'running'
        """)
      // It is held twice now.
      try SessionLock.run(run).release(in: database)
    }
    try letGo(run, in: database)
  }

  /// Removes a run that wrote nothing, as if it had never been asked for.
  ///
  /// - Throws: `PostgresError` where rows point to it.
  public static func discard(_ run: Int, in database: Connection) throws {
    try database.transaction { database in
      for table in ["run_input", "run_parent", "rejected", "run"] {
        try database.execute("DELETE FROM reber.\(identifier: table) WHERE run_id = \(run)")
      }
    }
  }

  /// Whether no other process is at work on the run; until the transaction ends none can begin.
  static func isLetGo(_ run: Int, in database: Connection) throws -> Bool {
    try SessionLock.run(run).takeForTransaction(in: database)
  }
}
