public import Catalogue
public import NeuralNetwork
public import PostgreSQL

/// Work that reads rows and writes rows as a run of its own: the shape of every stage.
///
/// The options of a stage are its members. ``Workplace/perform(_:)`` opens the run, shows the notes,
/// does the work and says in the ledger how it ended; nothing of that is a stage's own.
public protocol Stage: Sendable {
  /// What it measures, kept with the run.
  associatedtype Metrics: Stored

  /// Its name in the ledger and on the command line.
  static var name: StageName { get }

  /// Finds what the options name and says what is to be done; what is asked for and cannot be fails
  /// here, before there is a run.
  func plan(in place: Workplace) async throws -> Plan<Metrics>

  /// Whether the precision was chosen for this processor, and not asked for: what is there already goes before.
  var choosesPrecision: Bool { get }

  /// The same, computed with a precision; itself, where no network computes.
  func computing(_ precision: Precision) -> Self

  /// The precision of what it made before, which this is to go with; `nil` where there is nothing.
  func precisionBefore(in place: Workplace) async throws -> Precision?
}

extension Stage {
  public var choosesPrecision: Bool { false }
  public func computing(_ precision: Precision) -> Self { self }
  public func precisionBefore(in place: Workplace) async throws -> Precision? { nil }
}

/// A stage that computes with a network, in whichever precision.
public protocol ComputingStage: Stage {
  /// What the network computes with.
  var precision: Precision { get set }

  /// Whether the precision was chosen for this processor, and not asked for; it is not stored.
  var choosesPrecision: Bool { get set }
}

extension ComputingStage {
  public func computing(_ precision: Precision) -> Self {
    var stage = self
    stage.precision = precision
    return stage
  }
}

/// What a stage is about to do.
public struct Plan<Metrics: Stored>: Sendable {
  /// What makes it the same work as another: options with all that was left open found, inputs,
  /// parents.
  var work: Work

  /// What a person should know before it begins.
  var notes: [String] = []

  /// What networks compute with; `nil` where none does.
  var precision: Precision?

  /// Whether the rows of a run that has done this before are still there.
  var stands: @Sendable (_ run: Int) async throws -> Bool = { _ in true }

  /// Does all of the work but its end; where a run of that number was stopped, goes on from its rows.
  let doing: Doing

  /// Who may do the work at once.
  enum Doing: Sendable {
    /// One process.
    case alone(@Sendable (_ run: Int) async throws -> Conclusion<Metrics>)
    /// Any number, piece by piece. The first divides the work, before others may help.
    case together(
      @Sendable (_ run: Int, _ isFirst: Bool, Connection) throws -> Together<Metrics>)
  }

  /// Whether work that ends with the error leaves nothing behind, not even its run.
  var leavesNothing: @Sendable (_ error: any Error) -> Bool = { _ in false }

  /// Removes what finished work, and what was stopped on the way to it, has left behind; also done where
  /// the work was finished before.
  var tidy: @Sendable () async throws -> Void = {}

  init(
    _ work: Work,
    perform: @escaping @Sendable (_ run: Int) async throws -> Conclusion<Metrics>
  ) {
    self.work = work
    doing = .alone(perform)
  }

  init(
    _ work: Work,
    together:
      @escaping @Sendable (_ run: Int, _ isFirst: Bool, Connection) throws ->
      Together<Metrics>
  ) {
    self.work = work
    doing = .together(together)
  }
}

/// The end of a stage's work, which writes the last of its rows and measures them: it is done in the
/// transaction that finishes the run, so that the run and what it wrote are one truth.
public typealias Conclusion<Metrics> = @Sendable (Connection) throws -> Metrics

extension Plan {
  /// What becomes of it where it is asked for by several processes that are to work together.
  var company: Company {
    switch doing {
    case .alone: .waited
    case .together: .joined
    }
  }
}

extension Stage {
  /// Describes the stage's work.
  func work(
    _ parameters: some Stored, seed: UInt64? = nil, inputs: [Work.Input] = [],
    parents: [Work.Parent] = []
  ) throws -> Work {
    try Work(
      stage: Self.name, parameters: parameters, seed: seed, inputs: inputs, parents: parents)
  }
}

/// Figures that may say that something is wrong with what was done.
public protocol Warned: Stored {
  /// What a person should know before the result is used, a sentence each; `nil` where all is well.
  var warnings: [String]? { get }
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
  /// Does a stage's work as a run: opens it, or goes on with it, and says how it ended.
  ///
  /// A stage that throws leaves its run as failed, with the error; the same work, asked for again,
  /// goes on from the rows that are there. A process that is killed leaves it as running, and the
  /// next one finds it let go.
  ///
  /// - Throws: What the stage throws, or `CatalogueError.busy` where another process is at it.
  public func perform<S: Stage>(_ stage: S) async throws -> StageReport<S.Metrics> {
    try await surviving { try await perform(try await plan(of: stage), after: $0) }
  }

  /// What a stage is about to do.
  ///
  /// - Throws: What the stage throws, or `NetworkError.noInstructions` where this machine cannot compute what is left
  ///   to do: nothing is opened then.
  func plan<S: Stage>(of stage: S) async throws -> Plan<S.Metrics> {
    var plan = try await settled(stage)
    guard let precision = plan.precision else { return plan }
    do { try engine.check(precision) } catch {
      let work = plan.work
      guard !again, try await database.with({ try Run.isFinished(work, in: $0) }) else {
        throw error
      }
    }
    plan.notes += engine.advice(on: precision).map { [$0] } ?? []
    return plan
  }

  /// The plan of a stage; where its precision was not asked for, in that of what is there already, so that it does not
  /// hang on the machine.
  private func settled<S: Stage>(_ stage: S) async throws -> Plan<S.Metrics> {
    guard stage.choosesPrecision else { return try await stage.plan(in: self) }
    if let before = try await stage.precisionBefore(in: self) {
      return try await stage.computing(before).plan(in: self)
    }
    var plans = [try await stage.plan(in: self)]
    for precision in Precision.allCases where precision != plans[0].precision {
      plans.append(try await stage.computing(precision).plan(in: self))
    }
    let works = plans.map(\.work)
    return plans[try await database.with { try Run.furthest(of: works, in: $0) } ?? 0]
  }

  /// Does what is planned, unless the run that a lost connection interrupted turns out to have been finished.
  func perform<Metrics>(
    _ plan: Plan<Metrics>, after interrupted: Int? = nil
  ) async throws -> StageReport<Metrics> {
    for note in plan.notes where interrupted == nil { progress.note(note) }
    let report: StageReport<Metrics>
    if let done: StageReport<Metrics> = try await finished(interrupted) {
      report = done
    } else {
      report = try await outcome(of: plan, isInterrupted: interrupted != nil)
    }
    do {
      try await plan.tidy()
    } catch let loss as PostgresError where loss.isLostConnection {
      throw Interruption(run: report.run, cause: loss)
    }
    for warning in (report.metrics as? any Warned)?.warnings ?? [] {
      progress.note("WARNING: \(warning)")
    }
    return report
  }

  private func outcome<Metrics>(
    of plan: Plan<Metrics>, isInterrupted: Bool
  ) async throws -> StageReport<Metrics> {
    // Those who helped before the connection was lost may be at it still.
    let helps = sharing.joins || isInterrupted && plan.company == .joined
    let company = helps ? plan.company : .refused
    if let run = sharing.helped {
      // What it rests on may have changed since it began: that would be a run of its own, which nobody asked for.
      guard try await database.with({ try Run.numbered(run, isOf: plan.work, in: $0) }) else {
        throw LearnError.inputsChanged(run: run)
      }
    }
    var opening = try await open(plan.work, again: again, company)
    if case .finished(let done) = opening, try await !plan.stands(done.id) {
      opening = try await open(plan.work, again: true, company)
    }
    switch opening {
    case .finished(let done):
      try announce(nil, plan.work)
      progress.note("run \(done.id) has done this already; --again repeats it")
      return StageReport(
        run: done.id, alreadyDone: true,
        metrics: try Metrics.read(done.metrics, form: done.form))
    case .joined(let run):
      progress.note("helping with run \(run)")
      return try await finish(run, plan, isFirst: false)
    case .resumed(let run):
      progress.note("going on with run \(run)")
      return try await finish(run, plan, isFirst: true)
    case .new(let run):
      return try await finish(run, plan, isFirst: true)
    }
  }

  /// What a run did whose end was committed though the answer was lost.
  private func finished<Metrics: Stored>(_ run: Int?) async throws -> StageReport<Metrics>? {
    guard let run else { return nil }
    let status = try await database.with { try Run.numbered(run, in: $0).status }
    return status == "finished" ? try await ended(run) : nil
  }

  private func open(_ work: Work, again: Bool, _ company: Company) async throws -> Opening {
    let user = user
    return try await database.with {
      try Run.open(work, by: user, again: again, company: company, in: $0)
    }
  }

  private func finish<Metrics>(
    _ run: Int, _ plan: Plan<Metrics>, isFirst: Bool
  ) async throws -> StageReport<Metrics> {
    do {
      guard let end = try await ending(of: run, plan, isFirst: isFirst) else {
        return try await ended(run)
      }
      let metrics = try await database.with { database in
        defer { try? end.leave(database) }
        return try Run.finish(run, in: database, end.conclude)
      }
      return StageReport(run: run, alreadyDone: false, metrics: metrics)
    } catch let loss as PostgresError where loss.isLostConnection && patience.seconds > 0 {
      throw Interruption(run: run, cause: loss)
    } catch {
      let (reason, isDiscarded) = (String(describing: error), plan.leavesNothing(error))
      try? await database.with { database in
        if isDiscarded { return try Run.discard(run, in: database) }
        try Run.fail(run, because: reason, in: database)
      }
      throw error
    }
  }

  /// Does the work; gives its end, or `nil` where another process has ended the run.
  private func ending<Metrics>(
    of run: Int, _ plan: Plan<Metrics>, isFirst: Bool
  ) async throws -> Ending<Metrics>? {
    if let measured: Conclusion<Metrics> = try await measured(run) {
      try announce(nil, plan.work)
      return Ending(conclude: measured)
    }
    try announce(run, plan.work)
    switch plan.doing {
    case .alone(let perform): return Ending(conclude: try await perform(run))
    case .together(let begin): return try await share(run, isFirst: isFirst, begin)
    }
  }

  /// What was measured of a run that another process has ended.
  private func ended<Metrics: Stored>(_ run: Int) async throws -> StageReport<Metrics> {
    let done = try await database.with { try Run.numbered(run, in: $0) }
    return StageReport(
      run: run, alreadyDone: false, metrics: try Metrics.read(done.metrics, form: done.form))
  }

  /// The end of a run that a version stopped at which wrote rows and measures first, and finished the
  /// run in a transaction of its own.
  private func measured<Metrics: Stored>(_ run: Int) async throws -> Conclusion<Metrics>? {
    guard let done = try await database.with({ try Run.measured(run, in: $0) }) else { return nil }
    let metrics = try Metrics.read(done.metrics, form: done.form)
    return { _ in metrics }
  }
}
