public import PostgreSQL

extension SourceFilter {
  /// Where a page of sources lies: beside the source of that key.
  public enum Place: Sendable, Equatable {
    /// Behind the source.
    case after(Int)
    /// Before the source.
    case before(Int)
  }

  /// A page of the sources of a survey that pass the filter, and how many pass.
  ///
  /// The page is found by the key of the source beside it, so that one far behind costs no more than
  /// the first. All of a survey are kept count of; what a filter passes is counted up to 10,000, and up to
  /// 1000 where several tables are asked.
  ///
  /// - Parameters:
  ///   - survey: The survey.
  ///   - scheme: The scheme of the labels that are shown and filtered by.
  ///   - work: The clustering and the classification that are shown and filtered by.
  ///   - place: Where the page lies; it is the first where that is `nil` or no source of the survey.
  ///   - size: Sources on a page.
  ///   - database: Where they are.
  /// - Returns: The page, which is empty behind the last source, and the number of sources on all pages.
  /// - Throws: `PostgresError`.
  public func page(
    of survey: Survey, scheme: ClassScheme, work: NewestWork, at place: Place? = nil, size: Int,
    in database: Connection
  ) throws -> (sources: [ListedSource], all: BoundedCount) {
    let search = SourceSearch(
      filter: self, survey: survey, scheme: scheme, work: work,
      counts: try survey.counts(in: database))
    let (keys, passing) = try search.page(at: place, size: size, in: database)
    let all =
      try passing.map { BoundedCount(counted: $0, bound: search.bound) }
      ?? search.count(in: database)
    return (try search.listed(keys, in: database), all)
  }
}

/// A question for sources: which tables it needs, and in which order it goes through them.
///
/// The keys of a page are searched for with the tables alone that the filter and the order need; what is
/// shown of them is looked up afterwards. Where few sources pass, all of them are found and sorted; where
/// many do, the index of the order is walked along until a page is full.
struct SourceSearch {
  let filter: SourceFilter
  let survey: Survey
  let scheme: ClassScheme
  let work: NewestWork

  /// What is kept of the survey's size.
  let counts: Survey.Counts

  /// What else has to hold of a source, by its key.
  var condition: (@Sendable (_ key: SQL) -> SQL)?

  /// A table with a row for each source, or for some; the rarer come first.
  enum Table: String, CaseIterable { case remarked, tagged, agreed, prediction, member, source }

  /// The signal to noise of a row of `source`, as its index has it.
  static let signalToNoise = "(source.peak_flux / nullif(source.rms, 0))"

  /// The sources that have the figure that an order goes by come before those that have none.
  enum Part { case figured, bare }

  /// How those that pass are come by.
  enum Way {
    /// In any order, up to a number.
    case finding(upTo: Int)
    /// All were found before.
    case among([Int])
    /// Along the index of an order.
    case walking

    var isAmong: Bool { if case .among = self { true } else { false } }
  }

  /// As many sources are few: they are looked up sooner than as many of a large survey are walked past.
  private static let few = 3000

  /// Whether the sizes of the survey tell that nothing passes.
  private var isVain: Bool {
    // Images of sources that the newest release lacks may be counted too, so that as many as sources tell nothing.
    counts.sources == 0 || filter.hasImage == true && counts.cutouts == 0
  }

  /// Whether all those pass, and no others, that lack an image.
  private var isOfMissingImages: Bool { needed.isEmpty && filter.hasImage == false }

  /// The keys of a page, in order, and the number of all that pass where those were found.
  func page(
    at place: SourceFilter.Place?, size: Int, in database: Connection
  ) throws -> (keys: [Int], passing: Int?) {
    // A survey without sources has no table of them.
    guard !isVain else { return ([], 0) }
    return try lookingUp(in: database) { database in
      let edge = try place.flatMap { try self.edge(at: $0, in: database) }
      let all = try condition == nil ? few(in: database) : nil
      let way = all.map(Way.among) ?? .walking
      return (try page(at: edge, way, size: size, in: database), all?.count)
    }
  }

  /// The keys of all that pass the filter where they are few, in any order.
  private func few(in database: Connection) throws -> [Int]? {
    guard !needed.isEmpty || isOfMissingImages, !isKnown(toExceed: Self.few) else { return nil }
    let keys = try database.rows(found(upTo: Self.few), as: Int.self)
    return keys.count > Self.few ? nil : keys
  }

  /// The keys of those that pass, in any order, up to one more than a bound.
  private func found(upTo bound: Int) -> SQL {
    """
    SELECT \(key(inOrder(needed)[0])) FROM \(joined(needed))
    WHERE \(conditions(needed, .finding(upTo: bound))) LIMIT \(bound + 1)
    """
  }

  /// Whether the sizes of the survey tell that more pass.
  private func isKnown(toExceed bound: Int) -> Bool {
    isOfMissingImages && counts.withoutImage > bound
  }

  private func page(
    at edge: Edge?, _ way: Way, size: Int, in database: Connection
  ) throws -> [Int] {
    let isBackward = edge?.isBackward ?? false
    var keys: [Int] = []
    let parts: [Part] = isBackward ? [.bare, .figured] : [.figured, .bare]
    for part in parts where keys.count < size {
      if let edge, edge.isBehind(part) { continue }
      let own = edge?.part == part ? edge : nil
      if let query = query(part, own, isBackward, size - keys.count, way) {
        keys += try database.rows(query, as: Int.self)
      }
    }
    return isBackward ? keys.reversed() : keys
  }

  /// How far sources are counted: not as far where each has to be looked up in several tables.
  var bound: Int { needed.count > 1 ? 1000 : 10_000 }

  /// How many pass, up to the bound; all of the survey are kept.
  func count(in database: Connection) throws -> BoundedCount {
    if isVain { return BoundedCount(counted: 0) }
    if needed.isEmpty, filter.hasImage == nil { return BoundedCount(counted: counts.sources) }
    if isKnown(toExceed: bound) { return BoundedCount(counted: counts.withoutImage, bound: bound) }
    let counted = try lookingUp(in: database) { database in
      try database.row("SELECT count(*) FROM (\(found(upTo: bound))) AS found", as: Int.self)
    }
    return BoundedCount(counted: counted, bound: bound)
  }

  /// Runs `body` where rows of further tables are looked up one by one: the planner, which knows little of
  /// rare figures, would read whole tables to join them, by several processes.
  private func lookingUp<Value>(
    in database: Connection, _ body: (Connection) throws -> Value
  ) throws -> Value {
    try database.transaction { database in
      try database.script(
        """
        SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off;
        SET LOCAL max_parallel_workers_per_gather = 0
        """)
      return try body(database)
    }
  }

  /// Sources by their keys, in that order, with all that lists show.
  func listed(_ keys: [Int], in database: Connection) throws -> [ListedSource] {
    try database.rows(
      """
      SELECT \(ListedSource.columns)
      FROM unnest(\(keys)) WITH ORDINALITY AS listed (source_id, place)
      JOIN reber.source ON source.survey_id = \(survey.id) AND source.source_id = listed.source_id
      LEFT JOIN reber.cutout ON cutout.survey_id = \(survey.id)
          AND cutout.source_id = listed.source_id AND cutout.is_current
      LEFT JOIN reber.prediction ON prediction.run_id = \(work.classification)
          AND prediction.survey_id = \(survey.id) AND prediction.source_id = listed.source_id
      LEFT JOIN reber.cluster_member AS member ON member.clustering_id = \(work.clustering)
          AND member.survey_id = \(survey.id) AND member.source_id = listed.source_id
      CROSS JOIN LATERAL (
          SELECT class_ids[1] AS class_id, class_ids
          FROM (
              SELECT ARRAY(
                  SELECT class_id FROM reber.consensus
                  WHERE consensus.survey_id = \(survey.id) AND consensus.source_id = listed.source_id
                      AND class_scheme_id = \(scheme.id)
                  ORDER BY class_id
              ) AS class_ids
              OFFSET 0
          ) AS agreed
      ) AS said
      ORDER BY listed.place
      """, as: ListedSource.self)
  }
}
