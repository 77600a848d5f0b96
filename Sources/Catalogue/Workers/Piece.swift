public import PostgreSQL

/// A part of a run's work, which one process at a time has.
///
/// A row of `reber.piece`. Its keys are of sources, of places in a list of images, of parts of a comparison, or of
/// rows of a table, as the stage divides its work.
public struct Piece: Sendable {
  /// Its number within the run.
  public let number: Int

  /// The first and the last of its keys.
  public let keys: ClosedRange<Int>

  /// How much work it is.
  public let items: Int

  /// The run.
  public var run: Int { worker.run }

  /// How often it has been claimed.
  let claim: Int

  /// Who has it.
  let worker: Worker
}

/// How far the pieces of a run are done.
public struct PieceProgress: Sendable, Equatable {
  /// Items of the pieces that are done, and steps of those whose training has a checkpoint.
  public let done: Int
  /// Items in all.
  public let total: Int
  /// Pieces that are not done.
  public let open: Int
  /// Of those, the ones that nobody has.
  public let free: Int
}

extension Piece {
  /// Divides what is to be done of a run anew, into these ranges of keys; who has a piece of it from before has it no
  /// more.
  ///
  /// - Parameters:
  ///   - run: The run.
  ///   - ranges: The keys of each piece.
  ///   - items: How much work each is; the number of their keys where it is `nil`.
  ///   - database: The database.
  /// - Throws: `PostgresError`; the former pieces stay then.
  public static func divide(
    _ run: Int, into ranges: [ClosedRange<Int>], items: [Int]? = nil, in database: Connection
  ) throws {
    try database.transaction { database in
      try remove(of: run, in: database)
      try database.execute(
        """
        INSERT INTO reber.piece (run_id, piece, first_key, last_key, items)
        SELECT \(run), place - 1, first, last, items
        FROM unnest(
            \(ranges.map(\.lowerBound)), \(ranges.map(\.upperBound)), \(items ?? ranges.map(\.count))
        ) WITH ORDINALITY AS range (first, last, items, place)
        """)
    }
  }

  /// Divides the selected ones of a survey's current cutouts likewise: keys are those of their sources.
  ///
  /// Which cutouts stand together follows from the survey alone, not from what is done already: rounding may depend
  /// on the company in which a cutout is computed.
  ///
  /// - Parameters:
  ///   - run: The run.
  ///   - cutouts: Which are to be done.
  ///   - survey: Their survey.
  ///   - size: Cutouts of a piece.
  ///   - database: The database.
  /// - Throws: `PostgresError`; the former pieces stay then.
  public static func divide(
    _ run: Int, into cutouts: CutoutSelection, of survey: Survey, size: Int,
    in database: Connection
  ) throws {
    try database.transaction { database in
      try remove(of: run, in: database)
      try database.execute(
        """
        INSERT INTO reber.piece (run_id, piece, first_key, last_key, items)
        SELECT \(run), piece, min(source_id), max(source_id), count(*)
        FROM (
            SELECT source_id, ((row_number() OVER (ORDER BY source_id) - 1) / \(size))::integer AS piece,
                \(cutouts.condition(in: survey)) AS is_wanted
            FROM reber.cutout
            WHERE survey_id = \(survey.id) AND is_current
        ) AS placed
        WHERE is_wanted
        GROUP BY piece
        """)
    }
  }

  /// Claims the first piece that nobody has, for as many seconds; `nil` where there is none.
  public static func claim(
    by worker: Worker, for lease: Double, in database: Connection
  ) throws -> Piece? {
    let claimed = try database.first(
      """
      UPDATE reber.piece
      SET worker_id = \(worker.id), claim = claim + 1,
          lease_ends = clock_timestamp() + make_interval(secs => \(lease))
      WHERE run_id = \(worker.run) AND piece = (
          SELECT piece FROM reber.piece
          WHERE run_id = \(worker.run) AND \(raw: free)
          ORDER BY piece
          LIMIT 1
          FOR UPDATE SKIP LOCKED
      )
      RETURNING piece, first_key, last_key, items, claim
      """, as: Int.self, Int.self, Int.self, Int.self, Int.self)
    return claimed.map { Piece(number: $0, keys: $1...$2, items: $3, claim: $4, worker: worker) }
  }

  /// The condition of a piece's row while nobody has it.
  static let free = "NOT is_done AND (lease_ends IS NULL OR lease_ends < clock_timestamp())"

  /// Ends the piece by one statement that also makes its rows: `rows` is a query or a statement with
  /// `RETURNING`, which has to make nothing where the table `mine` is empty.
  ///
  /// As it is one statement, a process that is frozen, or cut off, never holds a half of it open.
  ///
  /// - Returns: The number of its rows; `nil`, with nothing made, where the lease had ended before.
  func end(making rows: SQL, in database: Connection) throws -> Int? {
    let (mine, made) = try database.row(
      """
      WITH mine AS MATERIALIZED (
          SELECT FROM reber.end_piece(
              \(worker.run), \(Int32(number)), \(worker.id), \(Int32(claim))
          ) AS is_ended
          WHERE is_ended
      ),
      made AS (\(rows))
      SELECT (SELECT count(*) FROM mine), (SELECT count(*) FROM made)
      """, as: Int.self, Int.self)
    return mine == 1 ? made : nil
  }

  /// Ends the piece and adds its rows to a table, in one statement.
  ///
  /// The rows come by COPY into a table of the session first.
  ///
  /// - Returns: The number of rows; `nil`, with nothing added, where the lease had ended before.
  /// - Throws: `PostgresError`, of state `uniqueViolation` where a row is there already.
  func end<Row: TableRow>(
    adding rows: [Row], to table: String, with shared: SharedValues, in database: Connection
  ) throws -> Int? {
    let waiting = WaitingTable(like: table)
    let others = SQL(raw: shared.map { ", " + $0.key }.joined())
    return try unlessLost(in: database) {
      try waiting.empty(in: database)
      try database.copy(rows, into: waiting.name, with: shared)
      return try end(
        making: """
          INSERT INTO \(raw: table) (\(Row.columns)\(others))
          SELECT \(Row.columns)\(others) FROM \(raw: waiting.name) WHERE EXISTS (SELECT FROM mine)
          RETURNING 1
          """, in: database)
    }
  }

  /// Ends the piece by a body, and gives `nil` where that fails since others have it, or have ended the run.
  func unlessLost<Value>(in database: Connection, _ body: () throws -> Value?) throws -> Value? {
    do {
      return try body()
    } catch let error as PostgresError {
      guard try isLost(in: database) else { throw error }
      return nil
    }
  }

  /// Whether another has, or may have, what this worker had claimed.
  private func isLost(in database: Connection) throws -> Bool {
    try !database.row(
      """
      SELECT EXISTS (SELECT FROM reber.piece WHERE \(isMine))
      """, as: Bool.self)
  }

  /// Makes the pieces of a run that are not done free for anybody; who has one from before has it no more.
  ///
  /// - Returns: Whether the run is divided.
  public static func free(_ run: Int, in database: Connection) throws -> Bool {
    try database.execute(
      """
      UPDATE reber.piece SET lease_ends = NULL, claim = claim + 1
      WHERE run_id = \(run) AND NOT is_done
      """)
    return try database.row(
      "SELECT EXISTS (SELECT FROM reber.piece WHERE run_id = \(run))", as: Bool.self)
  }

  /// Ends the piece with what came of it, besides rows; its checkpoint goes.
  ///
  /// - Returns: False, with nothing changed, where the lease had ended before.
  public func end(result: [UInt8], in database: Connection) throws -> Bool {
    try database.row(
      """
      WITH ended AS MATERIALIZED (
          SELECT reber.end_piece(
              \(worker.run), \(Int32(number)), \(worker.id), \(Int32(claim)), \(result)
          ) AS is_ended
      ),
      gone AS (
          DELETE FROM reber.checkpoint
          WHERE run_id = \(run) AND piece = \(Int32(number)) AND (SELECT is_ended FROM ended)
      )
      SELECT is_ended FROM ended
      """, as: Bool.self)
  }

  /// Replaces the checkpoint of the training that the piece is.
  ///
  /// - Returns: False, with nothing changed, where the lease had ended before.
  public func keep(_ checkpoint: Checkpoint, in database: Connection) throws -> Bool {
    try database.first(
      """
      INSERT INTO reber.checkpoint (run_id, piece, step, state, form)
      SELECT run_id, piece, \(checkpoint.step), \(checkpoint.state), \(Checkpoint.form)
      FROM reber.piece
      WHERE \(isMine)
      \(raw: Checkpoint.replacing)
      RETURNING true
      """, as: Bool.self) != nil
  }

  /// The condition of the piece's row while this worker has it.
  private var isMine: SQL {
    """
    run_id = \(worker.run) AND piece = \(Int32(number)) AND worker_id = \(worker.id)
        AND claim = \(Int32(claim)) AND NOT is_done AND lease_ends > clock_timestamp()
    """
  }

  /// What came of the pieces of a run that are done, besides rows, in their order.
  public static func results(of run: Int, in database: Connection) throws -> [[UInt8]] {
    try database.rows(
      """
      SELECT result FROM reber.piece
      WHERE run_id = \(run) AND is_done AND result IS NOT NULL
      ORDER BY piece
      """, as: [UInt8].self)
  }

  /// How far a run is.
  static func progress(of run: Int, in database: Connection) throws -> PieceProgress {
    let (done, total, open, free) = try database.row(
      """
      SELECT coalesce(sum(CASE WHEN is_done THEN items ELSE step END), 0)::bigint, coalesce(sum(items), 0),
          count(*) FILTER (WHERE NOT is_done), count(*) FILTER (WHERE \(raw: free))
      FROM reber.piece
      LEFT JOIN reber.checkpoint USING (run_id, piece)
      WHERE run_id = \(run)
      """, as: Int.self, Int.self, Int.self, Int.self)
    return PieceProgress(done: done, total: total, open: open, free: free)
  }

  /// Says in `reber.run` how far all who work on a run are, and gives it; of a run that another process has ended,
  /// which has no pieces, nothing is said.
  @discardableResult
  public static func report(
    _ run: Int, _ what: String, in database: Connection
  ) throws -> PieceProgress {
    let progress = try progress(of: run, in: database)
    if progress.total > 0 {
      try Run.report(run, done: progress.done, of: progress.total, what, in: database)
    }
    return progress
  }

  /// Removes the pieces of a run.
  static func remove(of run: Int, in database: Connection) throws {
    try database.execute("DELETE FROM reber.piece WHERE run_id = \(run)")
  }
}
