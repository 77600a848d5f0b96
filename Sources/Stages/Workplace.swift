public import Catalogue
internal import Engines
public import NeuralNetwork
public import PostgreSQL

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
  public let limits: TrainingLimits

  /// How work is shared with other processes.
  public var sharing: Sharing

  /// Whether the process was told to stop.
  public let stop: StopRequest

  /// How long a server that has gone away is waited for.
  public let patience: Patience

  /// What networks compute with.
  public let engine: any Engine

  /// What networks compute with where nothing else is said: another engine is named here.
  public static let usualEngine: any Engine = FittingEngine()

  /// Who trains together with this process; the first of them alone writes to the database and says how
  /// far it is.
  public let ranks: any Ranks

  /// Gathers what stages work with.
  public init(
    database: Database, user: Operator, progress: any ProgressDisplay, again: Bool = false,
    limits: TrainingLimits = TrainingLimits(), sharing: Sharing = Sharing(),
    stop: StopRequest = StopRequest(), patience: Patience = Patience(),
    engine: any Engine = Workplace.usualEngine, ranks: any Ranks = Alone()
  ) {
    self.database = database
    self.user = user
    self.progress = ranks.isFirst ? progress : Silence()
    self.again = again
    self.limits = limits
    self.sharing = sharing
    self.stop = stop
    self.patience = patience
    self.engine = engine
    self.ranks = ranks
  }
}

extension Workplace {
  /// How many ranks train together; `nil` where this process trains by itself.
  var rankCount: Int? { ranks.count > 1 ? ranks.count : nil }

  /// The survey of that name.
  package func survey(_ name: String) async throws -> Survey {
    try await database.with { try Survey.named(name, in: $0) }
  }
}
