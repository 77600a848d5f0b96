public import PostgreSQL

/// A class being grown over candidates ranked by similarity, a row of `reber.growth`.
///
/// `cluster` is `nil` where it began from labels, `action` where its labels are not written yet. The
/// ranking stays in the database; `candidates` says how long it is.
public struct Growth: Sendable {
  /// The key in `reber.growth`.
  public var id: Int

  /// The class that is grown.
  public var classID: Int16

  /// Who grows it.
  public var annotator: String

  /// The cluster it began from, if it did.
  public var cluster: Int?

  /// Candidates a page.
  public var pageSize: Int

  /// The sources that candidates were compared with.
  public var seeds: [Int]

  /// How many candidates there are.
  public var candidates: Int

  /// What was decided, in order.
  public var decisions: [Decision]

  /// The action that wrote its labels, once it has.
  public var action: Int?

  /// What was said of a page.
  ///
  /// A row of `reber.growth_decision`, in the order of the steps.
  public struct Decision: Sendable, Equatable {
    /// The page, from 0.
    public var page: Int

    /// Whether all of it (but what was rejected) belongs.
    public var answer: Answer

    /// Sources that were taken out.
    public var rejected: [Int]

    /// Describes a decision.
    ///
    /// Rejected are sources of a page that matches but for them.
    public init(page: Int, answer: Answer, rejected: [Int] = []) {
      self.page = page
      self.answer = answer
      self.rejected = rejected
    }
  }

  /// What can be said of a page.
  ///
  /// An undo takes the last answer back that stands.
  public enum Answer: String, PostgresColumn {
    /// All match.
    case match
    /// Some do not.
    case mismatch
    /// The decision before was wrong.
    case undo
  }
}

extension Growth: QueryRow {
  /// The columns of `reber.growth` and of the action that wrote its labels; the decisions are rows
  /// of a table of their own.
  public static let columns = Columns<Self>(
    .column("growth_id", \.id), .column("growth.class_id", \.classID),
    .column("growth.annotator", \.annotator), .column("growth.cluster", \.cluster),
    .column("page_size", \.pageSize), .column("seeds", \.seeds),
    .expression("cardinality(ranking)", as: "candidates", \.candidates),
    .column("action_id", \.action)
  ) { id, classID, annotator, cluster, pageSize, seeds, candidates, action in
    Growth(
      id: id, classID: classID, annotator: annotator, cluster: cluster, pageSize: pageSize,
      seeds: seeds, candidates: candidates, decisions: [], action: action)
  }
}

extension Growth.Decision: QueryRow {
  public static let columns = Columns<Self>(
    .column("page", \.page), .column("answer", \.answer), .column("rejected", \.rejected),
    make: Growth.Decision.init)
}

extension Annotation {
  /// Begins to grow a class.
  ///
  /// `seeds` are the sources that the candidates were compared with, and `ranking` the candidates,
  /// the most alike first.
  public func grow(
    _ classID: Int16, from cluster: Int?, of clustering: Clustering?, model: Int, seeds: [Int],
    ranking: [Int], pageSize: Int, in database: Connection
  ) throws -> Int {
    try database.row(
      """
      INSERT INTO reber.growth (
          survey_id, class_scheme_id, class_id, annotator, model_id, clustering_id, cluster,
          page_size, seeds, ranking
      )
      VALUES (
          \(survey.id), \(scheme.id), \(classID), \(annotator), \(model),
          \(cluster == nil ? nil : clustering?.id), \(cluster), \(pageSize), \(seeds), \(ranking)
      )
      RETURNING growth_id
      """, as: Int.self)
  }

  /// The growth of that number, where it is of this survey and scheme.
  ///
  /// - Throws: `CatalogueError.missing`.
  public func growth(_ id: Int, in database: Connection) throws -> Growth {
    let found = try database.first(
      """
      SELECT \(Growth.columns)
      FROM reber.growth
      LEFT JOIN reber.labelling_action AS action USING (growth_id)
      WHERE growth_id = \(id) AND growth.survey_id = \(survey.id)
          AND growth.class_scheme_id = \(scheme.id)
      ORDER BY action_id DESC NULLS LAST
      LIMIT 1
      """, as: Growth.self)
    guard var growth = found else {
      throw CatalogueError.missing("growth \(id) in '\(survey.name)'", hint: "begin a new one")
    }
    growth.decisions = try database.rows(
      """
      SELECT \(Growth.Decision.columns) FROM reber.growth_decision
      WHERE growth_id = \(id) ORDER BY step
      """, as: Growth.Decision.self)
    return growth
  }

  /// Writes the labels of a growth: the first `count` candidates but those that were rejected.
  ///
  /// - Returns: The decision, which counts one on the annotator's log.
  /// - Throws: `PostgresError`; no label is written then.
  public func finish(
    _ growth: Growth, taking count: Int, rejecting rejected: [Int], in database: Connection
  ) throws -> LabellingAction {
    var action = try decide(
      "grow", classID: growth.classID, growth: growth.id, shown: count, labelling: "growth",
      """
      SELECT source_id, \(growth.classID), -1, false
      FROM reber.growth, unnest(ranking[1:\(count)]) AS source_id
      WHERE growth_id = \(growth.id) AND NOT source_id = ANY (\(rejected))
      """, in: database)
    action.cluster = growth.cluster
    return action
  }
}

extension Growth {
  /// Some of the candidates, by their rank from 0.
  ///
  /// Ranks behind the last candidate give none.
  public func candidates(_ ranks: Range<Int>, in database: Connection) throws -> [Int] {
    try database.row(
      """
      SELECT ranking[\(ranks.lowerBound + 1):\(ranks.upperBound)]
      FROM reber.growth WHERE growth_id = \(id)
      """, as: [Int].self)
  }

  /// Adds a decision.
  ///
  /// - Throws: `PostgresError` of state `uniqueViolation` where another browser was faster.
  public func decide(_ decision: Decision, in database: Connection) throws {
    try database.execute(
      """
      INSERT INTO reber.growth_decision (growth_id, step, \(Decision.columns))
      VALUES (\(id), \(decisions.count + 1), \(values: decision))
      """)
  }
}
