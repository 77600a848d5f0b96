import ArgumentParser
import Catalogue
import Failures
import Foundation
import PostgreSQL
import Stages

struct WorkerCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "worker",
    abstract: "Take whatever work stands in the database.",
    discussion: """
      Helps with runs of embed, classify, crossvalidate, publish and ingest of images that are going
      on, and does the commands that were queued, by 'reber queue add' or on the pages; then waits for
      more. Any number of workers, on any number of machines, share one database. A worker that is
      killed or frozen loses what it has claimed after a minute, and another does it.

      Example:
        reber worker
        reber worker --until-idle --quiet
      """)

  @Flag(help: "End when there is nothing to do.") var untilIdle = false

  @Option(
    help: ArgumentHelp(
      "How long this process may be silent before others take over what it has claimed.",
      valueName: "seconds"))
  var lease = Sharing().lease

  @OptionGroup(title: "Output") var session: SessionOptions

  func run() async throws {
    let address = try session.startedAddress()
    var sharing = Sharing()
    (sharing.joins, sharing.lease) = (true, lease)
    let place = Workplace(
      database: try await session.database(), user: Version.current, progress: session.progress,
      sharing: sharing, stop: Signals.stop, patience: .usual)
    try await place.takeWork(untilIdle: untilIdle) { words in
      try await Self.perform(words, on: address)
    }
  }

  /// Does a command in this process.
  private static func perform(_ words: [String], on address: String) async throws {
    var command = try Reber.parseAsRoot(words + ["--database", address])
    if var asynchronous = command as? any AsyncParsableCommand {
      try await asynchronous.run()
    } else {
      try command.run()
    }
  }
}

struct QueueCommands: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "queue",
    abstract: "Commands that wait for a worker.",
    discussion: "Example:\n  reber queue add embed --survey first",
    subcommands: [Add.self, List.self, Remove.self])

  struct Add: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Ask for a command, which a worker takes.",
      discussion: """
        It is checked now, and done by the first 'reber worker' that is free. One that waits already
        is not asked for twice.

        Example:
          reber queue add embed --survey first
          reber queue add classify --survey first --new
        """)

    @OptionGroup var session: SessionOptions
    @Argument(parsing: .allUnrecognized, help: "The words behind reber.") var words: [String]

    func validate() throws {
      guard !words.isEmpty else { throw ValidationError("say which command: embed --survey first") }
    }

    func run() async throws {
      _ = try Reber.parseAsRoot(words)
      let id = try await session.database().with { try QueuedCommand.ask(for: words, in: $0) }
      print("command \(id): reber \(words.joined(separator: " "))")
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Commands that wait, go on, or have ended within a day.",
      discussion: "Example:\n  reber queue list")

    @OptionGroup(title: "Output") var options: ResultOptions

    func run() async throws {
      let commands = try await options.database().with {
        try QueuedCommand.all(in: $0)
      }
      try options.show(commands) { $0.table.text }
    }
  }

  struct Remove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Take back a command that waits.",
      discussion: "Example:\n  reber queue remove 3")

    @Argument(help: "Its number, as 'reber queue list' says.") var command: Int
    @OptionGroup var session: SessionOptions

    func run() async throws {
      try await session.database().with { try QueuedCommand.remove(command, in: $0) }
    }
  }
}

extension [QueuedCommand] {
  /// As a table for people.
  var table: TextTable {
    TextTable(
      ["command#", "words", "asked by", "asked at", "state"],
      rows: map {
        [String($0.id), $0.words.joined(separator: " "), $0.askedBy, $0.askedAt, $0.state]
      })
  }
}

struct RunsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "runs",
    abstract: "What goes on: runs, the processes that work on them, and what waits.",
    discussion: """
      Of each process: what it has done, at which rate, how long its claims hold yet, and when they
      have ended, so that others may take them. 'reber show runs' lists what was done before.

      Example:
        reber runs
        reber runs --watch
      """)

  @Flag(help: "Say it again and again, until interrupted.") var watch = false

  @Option(help: ArgumentHelp("Between two looks.", valueName: "seconds")) var every = 2.0

  @OptionGroup(title: "Output") var options: ResultOptions

  /// All that goes on.
  struct Work: Codable {
    var runs: [GoingRun]
    var workers: [GoingWorker]
    var queue: [QueuedCommand]
  }

  func validate() throws {
    guard every >= 0.1, every.isFinite else { throw ValidationError("--every takes at least 0.1") }
  }

  func run() async throws {
    let database = try await options.database()
    while true {
      let work = try await database.with {
        Work(
          runs: try GoingRun.all(in: $0), workers: try GoingWorker.all(in: $0),
          queue: try QueuedCommand.all(in: $0).filter { $0.endedAt == nil })
      }
      if watch, !options.json, isatty(STDOUT_FILENO) == 1 {
        print("\u{1B}[2J\u{1B}[H", terminator: "")
      }
      try options.show(work) { $0.text }
      guard watch else { return }
      try await Task.sleep(for: .seconds(every))
    }
  }
}

extension RunsCommand.Work {
  /// As people read it.
  var text: String {
    var parts: [String] = []
    if !runs.isEmpty { parts.append(runTable) }
    if !workers.isEmpty { parts.append(workerTable) }
    if !queue.isEmpty { parts.append(queue.table.text) }
    return parts.isEmpty ? "nothing goes on" : parts.joined(separator: "\n\n")
  }

  private var runTable: String {
    TextTable(
      ["run#", "stage", "survey", "done#", "of#", "what", "left#", "state"],
      rows: runs.map { run in
        [
          String(run.id), run.stage, run.survey ?? "", run.done.map(String.init) ?? "",
          run.total.map(String.init) ?? "", run.what ?? "", left(of: run),
          run.isHeld ? "goes on" : "stopped",
        ]
      }
    ).text
  }

  /// How long the rest takes at the rate of those who are heard of.
  private func left(of run: GoingRun) -> String {
    run.secondsLeft(with: workers).map { "\(Int($0)) s" } ?? ""
  }

  private var workerTable: String {
    TextTable(
      [
        "worker#", "run#", "host", "process#", "done#", "a second#", "claimed#", "lease#",
        "heard of#",
      ],
      rows: workers.map { worker in
        [
          String(worker.id), String(worker.run), worker.host, String(worker.process),
          String(worker.items), decimal(worker.rate, 1), String(worker.claimed),
          worker.isDead
            ? "DEAD" : worker.leaseSeconds.map { decimal($0, 0) + " s" } ?? "",
          decimal(worker.silentSeconds, 0) + " s ago",
        ]
      }
    ).text
  }
}
