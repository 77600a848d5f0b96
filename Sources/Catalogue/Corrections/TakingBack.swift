public import PostgreSQL

/// What is to be taken back: what only a run made, or all of a survey.
///
/// It happens in one transaction, by who owns the tables, and leaves a ``Correction``. What a run wrote in
/// tables of its own goes by dropping them.
public struct TakingBack: Sendable {
  /// What goes.
  public var subject: Subject

  /// Whether the labels that people gave to it go too; they are kept in `reber.label_taken_back`.
  public var withLabels = false

  /// Whether later runs that rest on it go too.
  public var withLater = false

  /// Why, for the record.
  public var reason: String?

  /// Describes what is to be taken back, and nothing that hangs on it.
  public init(_ subject: Subject) { self.subject = subject }

  /// A run, or a survey.
  public enum Subject: Sendable {
    /// What the run of that number made.
    case run(Int)
    /// The survey of that name, with all that was made of it.
    case survey(String)
  }
}

/// What goes when something is taken back.
public struct Loss: Sendable, Codable {
  /// What was asked for: a survey, or a run and its stage.
  public var subject: String

  /// The runs that go, newest first.
  public var runs: [Item]

  /// Labels of people that go.
  public var labels: Int

  /// Sources that they were given to.
  public var labelledSources: Int

  /// Who gave them.
  public var annotators: [String]

  /// Decisions of people on the pages that go.
  public var decisions: Int

  /// The rows that went, by table; empty before they have.
  public var rows: [String: Int] = [:]

  /// A run that goes.
  public struct Item: Sendable, Codable, Equatable {
    /// Its number.
    public var run: Int
    /// Its stage.
    public var stage: String
  }
}

extension Loss.Item: QueryRow, CustomStringConvertible {
  public static let columns = Columns<Self>(
    .column("run_id", \.run), .column("stage", \.stage), make: Loss.Item.init)

  public var description: String { "run \(run) (\(stage))" }
}

extension TakingBack {
  /// What would go: it is taken back, and then all of that is undone.
  ///
  /// - Throws: What ``perform(by:in:)`` throws.
  public func loss(by user: Operator, in database: Connection) throws -> Loss {
    var loss = Loss(subject: "")
    do {
      try database.transaction { database in
        loss = try removed(by: user, in: database)
        throw OnlyTried()
      }
    } catch is OnlyTried {}
    return loss
  }

  /// Ends a transaction that was only to say what would go.
  private struct OnlyTried: Error {}

  /// Takes it back.
  ///
  /// - Returns: What went.
  /// - Throws: `CatalogueError.missing` for what is not there; `CatalogueError.labelsHang` and
  ///   `CatalogueError.restedOn` where more would go than was asked for; `CatalogueError.busy` where a
  ///   process works on one of the runs; `CatalogueError.notOwner`; `CatalogueError.inUse` where things of
  ///   other people depend on a table. Nothing is changed then.
  public func perform(by user: Operator, in database: Connection) throws -> Loss {
    try database.transaction { try removed(by: user, in: $0) }
  }

  /// Takes it back in the transaction that is open.
  private func removed(by user: Operator, in database: Connection) throws -> Loss {
    try Correction.checkOwner(in: database)
    // Nobody begins a run that would rest on what goes.
    try database.execute("LOCK TABLE reber.run IN SHARE ROW EXCLUSIVE MODE")
    var removal = try Removal(self, in: database)
    try removal.perform(self, by: user)
    return removal.loss
  }
}

/// What is being taken back, in a transaction.
struct Removal {
  let database: Connection

  /// The survey that goes as a whole.
  let survey: Survey?

  var loss: Loss

  /// Finds what goes, and refuses more than was asked for.
  init(_ asked: TakingBack, in database: Connection) throws {
    self.database = database
    let given: [Int]
    switch asked.subject {
    case .run(let run):
      let found = try Run.numbered(run, in: database)
      survey = nil
      given = [run]
      loss = Loss(subject: "run \(run) (\(found.stage))")
    case .survey(let name):
      let found = try Survey.named(name, in: database)
      survey = found
      given = try Self.runs(of: found, in: database)
      loss = Loss(subject: "survey '\(name)'")
    }
    let all = try findLabels(with: given)
    loss.runs = try items(all)
    try refuseLater(asked, given: given)
    if !asked.withLabels, loss.labels + loss.decisions > 0 {
      throw CatalogueError.labelsHang(
        on: loss.subject, labels: loss.labels, sources: loss.labelledSources,
        annotators: loss.annotators, decisions: loss.decisions)
    }
  }

  /// The runs that wrote something of a survey.
  private static func runs(of survey: Survey, in database: Connection) throws -> [Int] {
    try database.rows(
      """
      SELECT run_id FROM reber.run
      WHERE \(Int32(survey.id)) IN (SELECT survey_id FROM reber.surveys_of(run_id))
      """, as: Int.self)
  }

  /// The runs with all that rest on them, and the labels of people that hang on those: runs that learned
  /// such labels rest on them too.
  private mutating func findLabels(with given: [Int]) throws -> [Int] {
    var runs = given
    while true {
      let all = try database.rows(
        """
        WITH RECURSIVE going (run_id) AS (
            SELECT unnest(\(runs))
            UNION
            SELECT later.run_id FROM going CROSS JOIN LATERAL reber.resting_on(going.run_id) AS later
        )
        SELECT run_id FROM going
        """, as: Int.self)
      try gatherLabels(of: all)
      let learned = try database.rows(
        """
        SELECT DISTINCT run_id FROM reber.training_source
        WHERE label_ids && ARRAY(SELECT label_id FROM going_label) AND run_id <> ALL (\(all))
        """, as: Int.self)
      if learned.isEmpty { return all }
      runs = all + learned
    }
  }

  private func items(_ runs: [Int]) throws -> [Loss.Item] {
    try database.rows(
      """
      SELECT \(Loss.Item.columns) FROM reber.run
      WHERE run_id = ANY (\(runs))
      ORDER BY run_id DESC
      """, as: Loss.Item.self)
  }

  /// Of a survey all runs go that wrote of it alone; others are later ones.
  private func refuseLater(_ asked: TakingBack, given: [Int]) throws {
    if asked.withLater { return }
    var later = loss.runs.filter { !given.contains($0.run) }
    if let survey {
      later = try loss.runs.filter { item in
        try database.row(
          """
          SELECT EXISTS (
              SELECT FROM reber.surveys_of(\(item.run)) WHERE survey_id <> \(survey.id)
          )
          """, as: Bool.self)
      }
    }
    guard later.isEmpty else {
      throw CatalogueError.restedOn(loss.subject, by: later.reversed().map(\.description))
    }
  }
}

extension Loss {
  fileprivate init(subject: String) {
    self.init(
      subject: subject, runs: [], labels: 0, labelledSources: 0, annotators: [], decisions: 0)
  }
}
