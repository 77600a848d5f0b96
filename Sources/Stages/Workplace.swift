public import Catalogue
public import NeuralNetwork
public import PostgreSQL
internal import WinogradEngine

/// What every stage works with: the database, who runs it, and where to say how far it is.
public struct Workplace: Sendable {
  /// The database that holds everything.
  public let database: Database

  /// Who runs the stage, with which code.
  public let user: Operator

  /// Where to say how far it is.
  public let progress: any ProgressDisplay

  /// Do finished work once more, as a new run.
  public let again: Bool

  /// What training may use and lose; it changes no result.
  public let means: TrainingMeans

  /// What networks compute with.
  public let engine: any Engine

  /// What networks compute with where nothing else is said: another engine is named here.
  public static let usualEngine: any Engine = WinogradEngine()

  /// Gathers what stages work with.
  public init(
    database: Database, user: Operator, progress: any ProgressDisplay, again: Bool = false,
    means: TrainingMeans = TrainingMeans(), engine: any Engine = Workplace.usualEngine
  ) {
    self.database = database
    self.user = user
    self.progress = progress
    self.again = again
    self.means = means
    self.engine = engine
  }
}

/// What a stage did: its run and what it measured.
public struct StageReport<Metrics: Codable & Sendable>: Codable, Sendable {
  /// The row of `reber.run`.
  public var run: Int

  /// True where an earlier run had done the same work already, so that nothing was done now.
  public var alreadyDone: Bool

  /// What the stage measured.
  public var metrics: Metrics
}

extension Workplace {
  /// Does work as a run: opens it, or goes on with it, and says how it ended.
  ///
  /// A stage that throws leaves its run as failed, with the error; the same work, asked for again,
  /// goes on from the rows that are there. A process that is killed leaves it as running, and the
  /// next one finds it let go.
  /// `body` is given the run's number, does the work and returns what it measured.
  func perform<Metrics: Codable & Sendable>(
    _ work: Work, _ body: (_ run: Int) async throws -> Metrics
  ) async throws -> StageReport<Metrics> {
    let (user, again) = (user, again)
    let opening = try await database.with {
      try Run.open(work, by: user, again: again, in: $0)
    }
    switch opening {
    case .finished(let run):
      progress.note("run \(run.id) has done this already; --again repeats it")
      return StageReport(
        run: run.id, alreadyDone: true, metrics: try run.metrics.decode(as: Metrics.self))
    case .resumed(let run):
      progress.note("going on with run \(run)")
      return try await finish(run, work.stage, body)
    case .new(let run):
      return try await finish(run, work.stage, body)
    }
  }

  private func finish<Metrics: Codable & Sendable>(
    _ run: Int, _ stage: String, _ body: (_ run: Int) async throws -> Metrics
  ) async throws -> StageReport<Metrics> {
    do {
      let metrics = try await body(run)
      let stored = try JSON(encoding: metrics)
      try await database.with { database in
        try Run.finish(run, metrics: stored, in: database)
        try Schema.analyse(after: stage, in: database)
      }
      return StageReport(run: run, alreadyDone: false, metrics: metrics)
    } catch {
      let reason = String(describing: error)
      try? await database.with { try Run.fail(run, because: reason, in: $0) }
      throw error
    }
  }

  /// The survey of that name.
  package func survey(_ name: String) async throws -> Survey {
    try await database.with { try Survey.named(name, in: $0) }
  }
}
