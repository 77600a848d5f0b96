public import PostgreSQL

/// A command that was asked for, and that a worker takes.
///
/// A row of `reber.queued_command`.
public struct QueuedCommand: Sendable, Codable {
  /// The key.
  public var id: Int

  /// The words behind `reber`.
  public var words: [String]

  /// Who asked, as the server knows them.
  public var askedBy: String

  /// When, ISO 8601.
  public var askedAt: String

  /// The machine of the worker that has it, where one has.
  public var host: String?

  /// Whether its worker has not been heard of for too long.
  public var isAbandoned: Bool

  /// When it ended, ISO 8601.
  public var endedAt: String?

  /// Why it failed.
  public var error: String?

  /// How often it has been claimed.
  var claim: Int
}

extension QueuedCommand {
  /// Whether no worker has it, and it has not ended.
  public var waits: Bool { endedAt == nil && (host == nil || isAbandoned) }

  /// How it stands, in words.
  public var state: String {
    if let error { return error.hasPrefix("taken back by ") ? error : "failed: " + error }
    if endedAt != nil { return "done" }
    guard let host else { return "waits" }
    return isAbandoned ? "abandoned on \(host): waits" : "goes on, on \(host)"
  }
}

extension QueuedCommand: QueryRow {
  public static let columns = Columns<Self>(
    .column("command_id", \.id), .column("command", \.words), .column("asked_by", \.askedBy),
    .expression(utc("asked_at"), as: "asked_at", \.askedAt), .column("host", \.host),
    .expression(
      "coalesce(ended_at IS NULL AND lease_ends < clock_timestamp(), false)", as: "is_abandoned",
      \.isAbandoned),
    .expression(utc("ended_at"), as: "ended_at", \.endedAt), .column("error", \.error),
    .column("claim", \.claim), make: Self.init)

  /// Asks for a command, and gives its number; one that waits or goes on already is that one.
  public static func ask(for words: [String], in database: Connection) throws -> Int {
    try database.row("SELECT reber.queue_command(\(words))", as: Int.self)
  }

  /// Asks for a stage of a survey, by those who may not write commands; gives its number.
  public static func ask(
    for stage: StageName, of survey: Survey, in database: Connection
  ) throws -> Int {
    try database.row("SELECT reber.ask_for(\(stage)::text, \(survey.name))", as: Int.self)
  }

  /// Takes back a stage that was asked for, by those who may not write commands; false where it waits no more.
  public static func askNoMore(
    _ command: Int, by annotator: String, in database: Connection
  ) throws -> Bool {
    try database.row("SELECT reber.ask_no_more(\(command), \(annotator))", as: Bool.self)
  }

  /// Claims the first command that nobody has, for as many seconds; `nil` where there is none.
  public static func claim(
    by user: Operator, process: Int32, for lease: Double, in database: Connection
  ) throws -> QueuedCommand? {
    try database.first(
      """
      UPDATE reber.queued_command
      SET claim = claim + 1, host = \(user.host), process = \(process), began_at = clock_timestamp(),
          lease_ends = clock_timestamp() + make_interval(secs => \(lease))
      WHERE command_id = (
          SELECT command_id FROM reber.queued_command
          WHERE ended_at IS NULL AND (lease_ends IS NULL OR lease_ends < clock_timestamp())
          ORDER BY command_id
          LIMIT 1
          FOR UPDATE SKIP LOCKED
      )
      RETURNING \(columns)
      """, as: QueuedCommand.self)
  }

  /// Says that its worker lives, for as many seconds more.
  public func live(for lease: Double, in database: Connection) throws {
    try database.execute(
      """
      UPDATE reber.queued_command SET lease_ends = clock_timestamp() + make_interval(secs => \(lease))
      WHERE command_id = \(id) AND claim = \(claim) AND ended_at IS NULL
      """)
  }

  /// Says that it has ended, and how.
  public func end(because error: String?, in database: Connection) throws {
    try database.execute(
      """
      UPDATE reber.queued_command SET ended_at = clock_timestamp(), error = \(error)
      WHERE command_id = \(id) AND claim = \(claim) AND ended_at IS NULL
      """)
  }

  /// Gives it back, for another worker.
  public func giveBack(in database: Connection) throws {
    try database.execute(
      """
      UPDATE reber.queued_command SET lease_ends = NULL, host = NULL, process = NULL, began_at = NULL
      WHERE command_id = \(id) AND claim = \(claim) AND ended_at IS NULL
      """)
  }

  /// The commands that wait or go on, and those of the last day that have ended, in the order in which they were
  /// asked for.
  public static func all(in database: Connection) throws -> [QueuedCommand] {
    try database.rows(
      """
      SELECT \(columns) FROM reber.queued_command
      WHERE ended_at IS NULL OR ended_at > clock_timestamp() - interval '1 day'
      ORDER BY command_id
      """, as: QueuedCommand.self)
  }

  /// Takes back what was asked for.
  ///
  /// - Throws: `CatalogueError.missing` where no such command waits.
  public static func remove(_ id: Int, in database: Connection) throws {
    let removed = try database.rows(
      """
      DELETE FROM reber.queued_command
      WHERE command_id = \(id) AND ended_at IS NULL
          AND (lease_ends IS NULL OR lease_ends < clock_timestamp())
      RETURNING command_id
      """, as: Int.self)
    guard removed.isEmpty else { return }
    throw CatalogueError.missing(
      "command \(id) that waits", hint: "'reber queue list' shows what was asked for")
  }
}
