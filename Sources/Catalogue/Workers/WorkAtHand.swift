public import PostgreSQL

/// A run that is not finished, and how far it is.
public struct GoingRun: Sendable, Codable {
  /// The run.
  public var id: Int
  /// Its stage.
  public var stage: String
  /// The survey, where it is of one.
  public var survey: String?
  /// Whether a process is at work on it; else it was stopped.
  public var isHeld: Bool
  /// Items done, items in all, and what they are, where that is known.
  public var done: Int?
  /// Items in all.
  public var total: Int?
  /// What the items are.
  public var what: String?
  /// Seconds since it began.
  public var seconds: Double
}

extension GoingRun: QueryRow {
  public static let columns = Columns<Self>(
    .column("run_id", \.id), .column("stage", \.stage),
    .expression(surveyOfRun, as: "survey", \.survey),
    .expression("reber.is_held(run_id)", as: "is_held", \.isHeld),
    .expression("(progress ->> 'done')::bigint", as: "done", \.done),
    .expression("(progress ->> 'total')::bigint", as: "total", \.total),
    .expression("progress ->> 'what'", as: "what", \.what),
    .expression(
      "extract(epoch FROM clock_timestamp() - started_at)::float8", as: "seconds", \.seconds),
    make: Self.init)

  /// The runs that are not finished, in the order in which they began.
  public static func all(in database: Connection) throws -> [GoingRun] {
    try database.rows(
      "SELECT \(columns) FROM reber.run WHERE status = 'running' ORDER BY run_id",
      as: GoingRun.self)
  }
}

extension GoingRun {
  /// Seconds that the rest takes at the rate of those of the workers that are heard of; `nil` where there are none.
  public func secondsLeft(with workers: [GoingWorker]) -> Double? {
    let rate = workers.reduce(0) { $1.run == id && !$1.isDead ? $0 + $1.rate : $0 }
    guard rate > 0, let done, let total else { return nil }
    return Double(total - done) / rate
  }
}

/// A process that works on a run that is not finished.
public struct GoingWorker: Sendable, Codable {
  /// The key in `reber.worker`.
  public var id: Int
  /// The run.
  public var run: Int
  /// Its machine.
  public var host: String
  /// Its number there.
  public var process: Int
  /// Items of the pieces that it has finished.
  public var items: Int
  /// Items a second since it began.
  public var rate: Double
  /// Pieces that it has claimed and not finished.
  public var claimed: Int
  /// Seconds until the first of its leases ends; below 0 where that has ended.
  public var leaseSeconds: Double?
  /// Seconds since it was heard of.
  public var silentSeconds: Double

  /// Whether others may take over what it has claimed.
  public var isDead: Bool { leaseSeconds.map { $0 < 0 } ?? false }
}

extension GoingWorker: QueryRow {
  public static let columns = Columns<Self>(
    .column("worker_id", \.id), .column("worker.run_id", \.run), .column("host", \.host),
    .column("process", \.process), .column("items", \.items),
    .expression(
      "items / greatest(extract(epoch FROM seen_at - began_at), 1)::float8", as: "rate", \.rate),
    .column("claimed", \.claimed),
    .expression(
      "extract(epoch FROM lease_ends - clock_timestamp())::float8", as: "lease_seconds",
      \.leaseSeconds),
    .expression(
      "extract(epoch FROM clock_timestamp() - seen_at)::float8", as: "silent_seconds",
      \.silentSeconds),
    make: Self.init)

  /// The workers of unfinished runs that have not said that they ended.
  public static func all(in database: Connection) throws -> [GoingWorker] {
    try database.rows(
      """
      SELECT \(columns)
      FROM (
          SELECT worker.*
          FROM reber.worker JOIN reber.run USING (run_id)
          WHERE run.status = 'running' AND worker.ended_at IS NULL
      ) AS worker
      CROSS JOIN LATERAL (
          SELECT count(*)::integer AS claimed, min(lease_ends) AS lease_ends
          FROM reber.piece
          WHERE piece.worker_id = worker.worker_id AND NOT is_done AND lease_ends IS NOT NULL
      ) AS held
      ORDER BY worker_id
      """, as: GoingWorker.self)
  }
}

/// A run that others may help with, or go on with.
public struct OpenRun: Sendable {
  /// The run.
  public let id: Int
  /// Its stage.
  public let stage: StageName
  /// What it was asked.
  public let parameters: JSON
  /// The form of that.
  public let form: Int
}

extension OpenRun: QueryRow {
  public static let columns = Columns<Self>(
    .column("run_id", \.id), .column("stage", \.stage), .column("parameters", \.parameters),
    .column("form", \.form), make: Self.init)

  /// Stages that any process can go on with by what their run was asked, when all that were at it have been killed.
  private static let resumable: [StageName] = [.embed, .classify, .crossvalidate, .publish]

  /// The runs at which a process is and of which a piece is free, and those that were shared and whose processes were
  /// all killed within the last week; in the order in which they began.
  public static func all(in database: Connection) throws -> [OpenRun] {
    try database.rows(
      """
      SELECT \(columns) FROM reber.run
      WHERE status = 'running' AND CASE
          WHEN reber.is_held(run_id) THEN EXISTS (
              SELECT FROM reber.piece
              WHERE piece.run_id = run.run_id AND \(raw: Piece.free)
          )
          ELSE stage = ANY (\(resumable.map(\.rawValue))) AND EXISTS (
              SELECT FROM reber.worker
              WHERE worker.run_id = run.run_id AND seen_at > clock_timestamp() - interval '7 days'
          )
      END
      ORDER BY run_id
      """, as: OpenRun.self)
  }
}
