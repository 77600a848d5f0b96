import ArgumentParser
import Catalogue
import Foundation
import NeuralNetwork
import PostgreSQL
import Stages

/// The options that every command with a database takes.
struct SessionOptions: ParsableArguments {
  @Option(
    name: .customLong("database"),
    help: ArgumentHelp(
      "The database: postgresql://… or a libpq conninfo string, of several hosts too.",
      discussion: "Without it DATABASE_URL or PG* serve, and without those a private server.",
      valueName: "url"))
  var address: String?

  @Flag(name: .shortAndLong, help: "Say nothing but the result.") var quiet = false

  /// Where to say how far a stage is.
  var progress: any ProgressDisplay { quiet ? Silence() : TerminalProgress() }

  /// The address of the database, of the private server where none is named.
  var resolvedAddress: String {
    address ?? ConnectionString.inEnvironment ?? PrivateServer.local.connectionString
  }

  /// The address of the database; where none is named, of the private server, which is started.
  func startedAddress() throws -> String {
    let isNamed = (address ?? ConnectionString.inEnvironment) != nil
    if !isNamed { try PrivateServer.local.start() }
    return resolvedAddress
  }

  /// Opens the database with the rights of a role; a private server is made and started where none runs.
  ///
  /// - Throws: `PostgresError` of kind `standby` where the server is one, and the role is not the reader's: for
  ///   it is said how far it is behind.
  func database(as role: Role = .pipeline, json: Bool = false) async throws -> Database {
    let isNamed = (address ?? ConnectionString.inEnvironment) != nil
    let database = try await Database(try startedAddress()) { connection in
      if role != .reader, try connection.isStandby() { throw PostgresError.standby }
      if try !join(connection) {
        guard !isNamed else {
          throw CatalogueError.missing(
            "schema 'reber' of this version in the database", hint: "run 'reber db migrate'")
        }
        try Migration.letGo(in: connection)
        _ = try migrate(connection)
        _ = try join(connection)
      }
      _ = try role.take(in: connection)
    }
    if let standby = try await database.with({ try $0.standby() }) { try tell(standby, json: json) }
    return database
  }

  /// Opens the database for a stage that several ranks do; the first one makes and starts a private
  /// server for all on its machine.
  ///
  /// - Throws: `LaunchError.noServer` where they are on several machines and no server is named.
  fileprivate func database(
    among ranks: any Ranks, as role: Role, json: Bool
  ) async throws -> Database {
    let isNamed = (address ?? ConnectionString.inEnvironment) != nil
    guard isNamed || ranks.onThisMachine == ranks.count else { throw LaunchError.noServer }
    if !ranks.isFirst { ranks.meet() }
    let database = try await database(as: role, json: json)
    if ranks.isFirst { ranks.meet() }
    return database
  }

  /// Says beside the result how old what is read may be.
  private func tell(_ standby: Standby, json: Bool) throws {
    if json {
      let line = try JSONEncoder().encode(["standby": standby]) + Data("\n".utf8)
      try FileHandle.standardError.write(contentsOf: line)
    } else {
      progress.note(standby.sentence)
    }
  }
}

/// Keeps the schema as it is while the connection lives; gives whether it is this version's.
private func join(_ connection: Connection) throws -> Bool {
  if try Restoration.isUnfinished(in: connection) { throw BackupError.unfinished }
  try Migration.hold(in: connection)
  return try Migration.pending(in: connection, folder: try Schema.folder()).isEmpty
}

/// Brings the schema up to date; gives the names of the migrations that were applied.
func migrate(_ connection: Connection) throws -> [String] {
  if try Restoration.isUnfinished(in: connection) { throw BackupError.unfinished }
  let folder = try Schema.folder()
  let applied = try Migration.apply(to: connection, folder: folder)
  let optional = URL(fileURLWithPath: folder).appendingPathComponent("optional")
  for file in try FileManager.default.contentsOfDirectory(atPath: optional.path).sorted()
  where file.hasSuffix(".sql") {
    try connection.script(
      String(contentsOf: optional.appendingPathComponent(file), encoding: .utf8))
  }
  return applied.map(\.name)
}

extension PrivateServer {
  /// The server in `REBER_HOME`, or `.reber` in the working directory.
  static var local: PrivateServer {
    PrivateServer(folder: ProcessInfo.processInfo.environment["REBER_HOME"] ?? ".reber")
  }
}

/// The options of commands that do a stage's work.
struct StageOptions: ParsableArguments {
  @OptionGroup var session: SessionOptions

  @Flag(help: "Print the result as JSON.") var json = false

  @Flag(help: "Repeat finished work as a new run.") var again = false

  @Option(
    help: ArgumentHelp(
      "How long to wait for a server of the database that goes away, and then to go on.",
      valueName: "seconds"))
  var reconnect = Patience.usual.seconds

  /// Opens what the stage works with.
  func workplace(
    _ limits: TrainingLimits = TrainingLimits(), _ sharing: Sharing = Sharing(),
    as role: Role = .pipeline, among ranks: any Ranks = Alone()
  ) async throws -> Workplace {
    // A rank that went on by itself would leave the others waiting for it.
    Workplace(
      database: try await session.database(among: ranks, as: role, json: json),
      user: Version.current, progress: session.progress, again: again, limits: limits,
      sharing: sharing, stop: Signals.stop,
      patience: Patience(seconds: ranks.count > 1 ? 0 : reconnect), ranks: ranks)
  }

  /// Prints what a stage did: as JSON, or as a person reads it.
  func show<Metrics: Codable>(
    _ report: StageReport<Metrics>, _ text: (Metrics) -> String
  ) throws {
    if json {
      try printJSON(report)
    } else {
      print(text(report.metrics))
      if !session.quiet { print("run \(report.run)") }
    }
  }
}

/// The option of commands that train.
struct CheckpointOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("The most training that a killed process may lose.", valueName: "seconds"))
  var checkpointEvery = TrainingLimits().checkpointInterval

  /// What training may lose.
  var limits: TrainingLimits {
    var limits = TrainingLimits()
    limits.checkpointInterval = checkpointEvery
    return limits
  }
}

/// A command that does a stage's work and prints what it measured.
protocol StageCommand: AsyncParsableCommand {
  associatedtype Kind: Stage

  /// The options that all stages share.
  var options: StageOptions { get }

  /// What the work may use and lose.
  var limits: TrainingLimits { get }

  /// How the work is shared with other processes.
  var sharing: Sharing { get }

  /// The stage as the options describe it.
  var stage: Kind { get }

  /// What it measured, as a person reads it.
  func text(_ metrics: Kind.Metrics) -> String
}

extension StageCommand {
  var limits: TrainingLimits { TrainingLimits() }
  var sharing: Sharing { Sharing() }

  func run() async throws {
    try options.show(try await options.workplace(limits, sharing).perform(stage), text)
  }
}

/// A command that trains: by itself, or as one of the ranks that mpirun started.
protocol TrainingCommand: StageCommand {}

extension TrainingCommand {
  func run() async throws {
    let ranks = try Launch.current.ranks()
    let place = try await options.workplace(limits, among: ranks)
    if ranks.isFirst {
      try options.show(try await place.perform(stage), text)
    } else {
      try await place.assist(stage)
    }
    ranks.leave()
  }
}

/// The options of commands that show something without leaving a run.
struct ResultOptions: ParsableArguments {
  @OptionGroup var session: SessionOptions

  @Flag(help: "Print the result as JSON.") var json = false

  /// Opens the database to read.
  func database() async throws -> Database {
    try await session.database(as: .reader, json: json)
  }

  /// Opens what stages work with.
  func workplace() async throws -> Workplace {
    Workplace(
      database: try await database(), user: Version.current,
      progress: session.progress)
  }

  /// Prints a result: as JSON, or as a person reads it.
  func show<Value: Encodable>(_ value: Value, _ text: (Value) -> String) throws {
    if json { try printJSON(value) } else { print(text(value)) }
  }
}

/// A number with so many decimals.
func decimal(_ value: some BinaryFloatingPoint, _ places: Int) -> String {
  String(format: "%.\(places)f", Double(value))
}

/// The pairs of texts written as `key=value`; of equal keys the last.
func pairs(_ texts: [String]) -> [String: String] {
  let pairs = texts.compactMap { text -> (String, String)? in
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    return parts.count == 2 ? (String(parts[0]), String(parts[1])) : nil
  }
  return Dictionary(pairs, uniquingKeysWith: { $1 })
}

/// Prints a value as one JSON document with sorted keys.
func printJSON(_ value: some Encodable) throws {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
  print(String(decoding: try encoder.encode(value), as: UTF8.self))
}
