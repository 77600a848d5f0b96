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

// MARK: - Order

extension SourceSearch {
  /// The source beside a page.
  struct Edge {
    /// Its key.
    let source: Int
    /// The figure that the order goes by, as text; `nil` where it has none.
    let figure: String?
    /// Whether the page lies before it.
    let isBackward: Bool

    var part: Part { figure == nil ? .bare : .figured }

    /// Whether the page is past all of a part.
    func isBehind(_ other: Part) -> Bool {
      other != part && other == (isBackward ? .bare : .figured)
    }
  }

  private func edge(at place: SourceFilter.Place, in database: Connection) throws -> Edge? {
    let (source, isBackward) =
      switch place {
      case .after(let source): (source, false)
      case .before(let source): (source, true)
      }
    let order = filter.order
    let row: SQL =
      order.table == .source
      ? ""
      : """
      LEFT JOIN \(name(order.table))
          ON \(scope(order.table)) AND \(key(order.table)) = source.source_id
      """
    let figure = try database.first(
      """
      SELECT \(raw: order.figure)::text FROM reber.source \(row)
      WHERE source.survey_id = \(survey.id) AND source.source_id = \(source)
      """, as: String?.self)
    return figure.map { Edge(source: source, figure: $0, isBackward: isBackward) }
  }

  private func query(
    _ part: Part, _ edge: Edge?, _ isBackward: Bool, _ limit: Int, _ way: Way
  ) -> SQL? {
    part == .figured
      ? figured(edge, isBackward, limit, way) : bare(edge, isBackward, limit, way)
  }

  /// The keys of sources that have the figure, from an edge on.
  ///
  /// Equals go by their keys, against the figure's direction, as in the indexes.
  private func figured(_ edge: Edge?, _ isBackward: Bool, _ limit: Int, _ way: Way) -> SQL {
    let order = filter.order
    let (tables, falls) = (needed.union([order.table]), order.isFalling != isBackward)
    var found = [conditions(tables, way), "\(raw: order.figure) IS NOT NULL"]
    if let edge, let value = edge.figure {
      let at: SQL = "\(value)::text::\(raw: order.type)"
      let beyond = falls ? "<" : ">"
      found.append("\(raw: order.figure) \(raw: beyond)= \(at)")
      found.append(
        """
        (\(raw: order.figure) \(raw: beyond) \(at)
            OR \(key(order.table)) \(raw: falls ? ">" : "<") \(edge.source))
        """)
    }
    let (figureWay, keyWay) =
      falls ? ("DESC \(order.nulls.falling)", "ASC") : ("ASC \(order.nulls.rising)", "DESC")
    let sorted: SQL = """
      ORDER BY figure \(raw: figureWay), source_id \(raw: keyWay) LIMIT \(limit)
      """
    let keys: SQL = "SELECT \(key(order.table)) AS source_id, \(raw: order.figure) AS figure"
    let rows: SQL = "\(keys) FROM \(joined(tables)) WHERE \(found.joined(separator: " AND "))"
    if way.isAmong {
      return "SELECT source_id FROM (\(rows) OFFSET 0) AS found \(sorted)"
    }
    guard order.table == .prediction else {
      return "SELECT source_id FROM (\(rows) \(sorted)) AS found"
    }
    // The index of predictions begins with the class: a page is the first of all classes' pages.
    return """
      SELECT source_id
      FROM (SELECT DISTINCT class_id FROM reber.class) AS each
      CROSS JOIN LATERAL (
          \(rows) AND prediction.class_id = each.class_id \(sorted)
      ) AS found
      \(sorted)
      """
  }

  /// The keys of sources that have no such figure, from an edge on; `nil` where every source has one.
  private func bare(_ edge: Edge?, _ isBackward: Bool, _ limit: Int, _ way: Way) -> SQL? {
    let order = filter.order
    let isPart = order.table != .source
    if order == .name || (isPart && needed.contains(order.table)) { return nil }
    let tables = needed.union([.source])
    var found = [conditions(tables, way)]
    found.append(
      isPart
        ? """
        NOT EXISTS (
            SELECT FROM \(name(order.table))
            WHERE \(scope(order.table)) AND \(key(order.table)) = source.source_id
        )
        """ : "\(raw: order.figure) IS NULL")
    if let edge {
      found.append("source.source_id \(raw: isBackward ? "<" : ">") \(edge.source)")
    }
    return """
      SELECT source_id FROM (
          SELECT source.source_id FROM \(joined(tables)) WHERE \(found.joined(separator: " AND "))
          \(raw: way.isAmong ? "OFFSET 0" : "")
      ) AS found
      ORDER BY source_id \(raw: isBackward ? "DESC" : "ASC") LIMIT \(limit)
      """
  }
}

extension SourceFilter.Order {
  /// The table of the figure that it goes by.
  fileprivate var table: SourceSearch.Table {
    switch self {
    case .name, .flux, .size, .signal: .source
    case .sure, .doubtful: .prediction
    case .outliers: .member
    }
  }

  fileprivate var figure: String {
    switch self {
    case .name: "source.name"
    case .flux: "source.total_flux"
    case .size: "source.major_axis"
    case .signal: SourceSearch.signalToNoise
    case .sure, .doubtful: "prediction.probability"
    case .outliers: "member.outlier_score"
    }
  }

  /// The figure's type in the database.
  fileprivate var type: String {
    switch self {
    case .name: "text"
    case .flux, .size, .signal: "double precision"
    case .sure, .doubtful, .outliers: "real"
    }
  }

  /// Where its index has sources without the figure: a table that lacks their rows has no say in it.
  fileprivate var nulls: (falling: String, rising: String) {
    [.flux, .size, .signal].contains(self) ? ("NULLS LAST", "NULLS FIRST") : ("", "")
  }

  fileprivate var isFalling: Bool { self != .name && self != .doubtful }
}

// MARK: - Filter

extension SourceSearch {
  /// The tables that the filter needs.
  private var needed: Set<Table> {
    var tables: Set<Table> = []
    if !filter.remarks.isEmpty { tables.insert(.remarked) }
    if filter.tag != nil { tables.insert(.tagged) }
    if filter.labelledAs != nil { tables.insert(.agreed) }
    if filter.predictedAs != nil || filter.probability != nil || filter.set != nil {
      tables.insert(.prediction)
    }
    if filter.cluster != nil, work.clustering != nil { tables.insert(.member) }
    let isOfCatalogue =
      filter.flux != nil || filter.size != nil || filter.signalToNoise != nil
      || filter.cone != nil || filter.name != nil
    if isOfCatalogue { tables.insert(.source) }
    return tables
  }

  /// The table of the survey, run or clustering alone, so that an index has all that is asked.
  private func name(_ table: Table) -> SQL {
    if table == .remarked { return "(\(remarked)) AS remarked" }
    let partition =
      switch table {
      case .agreed, .tagged, .remarked: "reber.agreed"
      case .prediction: work.classification.map { Partition.predictions(of: $0).table }
      case .member: work.clustering.map { Partition(whole: "reber.cluster_member", key: $0).table }
      case .source: Partition(whole: "reber.source", key: survey.id).table
      }
    let whole = table == .member ? "reber.cluster_member" : "reber.prediction"
    return "\(raw: partition ?? whole) AS \(raw: table.rawValue)"
  }

  /// The sources of which somebody says what is asked for, each once.
  private var remarked: SQL {
    """
    SELECT DISTINCT survey_id, source_id FROM reber.current_remark
    WHERE survey_id = \(survey.id) AND kind = ANY (\(filter.remarks.map(\.rawValue)))
    """
  }

  private func key(_ table: Table) -> SQL { "\(raw: table.rawValue).source_id" }

  /// What of a table is of the survey and of the work that is shown: nothing where that was not done.
  ///
  /// Rows are looked up by survey and source; a table that is asked alone needs no word of the survey,
  /// which indexes in other orders do not have.
  private func scope(_ table: Table, isAlone: Bool = false) -> SQL {
    let own: SQL = isAlone ? "true" : "\(raw: table.rawValue).survey_id = \(survey.id)"
    return switch table {
    case .remarked: "true"
    case .tagged:
      """
      tagged.survey_id = \(survey.id) AND tagged.class_scheme_id = \(filter.tag?.scheme)
          AND tagged.class_id = \(filter.tag?.id) AND NOT tagged.denies
      """
    case .agreed: "agreed.survey_id = \(survey.id) AND agreed.class_scheme_id = \(scheme.id)"
    case .prediction: work.classification == nil ? "false" : own
    case .member: work.clustering == nil ? "false" : own
    case .source: "\(own) AND source.is_listed"
    }
  }

  private func inOrder(_ tables: Set<Table>) -> [Table] {
    tables.isEmpty ? [.source] : Table.allCases.filter(tables.contains)
  }

  /// Tables joined by the keys of sources.
  private func joined(_ tables: Set<Table>) -> SQL {
    let tables = inOrder(tables)
    let others: [SQL] = tables.dropFirst().map {
      "JOIN \(name($0)) ON \(key($0)) = \(key(tables[0]))"
    }
    return ([name(tables[0])] + others).joined(separator: " ")
  }

  private func conditions(_ tables: Set<Table>, _ way: Way) -> SQL {
    let tables = inOrder(tables)
    let own = condition.map { [$0(key(tables[0]))] } ?? []
    let scopes = tables.map { scope($0, isAlone: tables.count == 1) }
    let chosen = choice(from: tables[0], way).map { [$0] } ?? []
    return (scopes + passing + chosen + own).joined(separator: " AND ")
  }

  /// Which sources of a table are looked at: those found before, or those that have an image or none.
  private func choice(from table: Table, _ way: Way) -> SQL? {
    guard case .among(let keys) = way else {
      return filter.hasImage.map { hasImage($0, table, way) }
    }
    return one(of: "ANY (\(keys))", in: table)
  }

  /// Whether the key in a table is one of some: with the survey, so that the index of keys serves.
  private func one(of keys: SQL, in table: Table) -> SQL {
    "\(raw: table.rawValue).survey_id = \(survey.id) AND \(key(table)) = \(keys)"
  }

  /// Whether a source, by its key in a table, has an image: each is looked up, but those without are found by
  /// what is kept of their number where all of them are wanted at the most.
  private func hasImage(_ wanted: Bool, _ table: Table, _ way: Way) -> SQL {
    if !wanted, case .finding(let bound) = way, counts.withoutImage <= bound {
      let bare: SQL =
        "SELECT source_id FROM reber.source_without_image WHERE survey_id = \(survey.id)"
      return one(of: "ANY (\(bare))", in: table)
    }
    return """
      (
          SELECT cutout_id FROM reber.cutout
          WHERE cutout.survey_id = \(survey.id) AND cutout.source_id = \(key(table)) AND cutout.is_current
      ) IS \(raw: wanted ? "NOT NULL" : "NULL")
      """
  }

  /// What the filter lets pass.
  private var passing: [SQL] {
    var conditions: [SQL] = []
    if let wanted = filter.labelledAs {
      conditions.append("agreed.class_id = \(wanted)")
      if scheme.isTags { conditions.append("NOT agreed.denies") }
    }
    if let wanted = filter.predictedAs { conditions.append("prediction.class_id = \(wanted)") }
    for (column, range) in [
      ("prediction.probability", filter.probability), ("source.total_flux", filter.flux),
      ("source.major_axis", filter.size), (Self.signalToNoise, filter.signalToNoise),
    ] {
      guard let range else { continue }
      conditions.append("\(raw: column) BETWEEN \(range.lowerBound) AND \(range.upperBound)")
    }
    conditions += filter.set?.conditions ?? []
    if let cone = filter.cone { conditions += cone.conditions }
    if let cluster = filter.cluster, let clustering = work.clustering {
      let leaves = Clustering(id: clustering, run: 0).leavesBelow(cluster)
      conditions.append("member.cluster = ANY (ARRAY(\(leaves)))")
    }
    if let name = filter.name {
      conditions.append("source.name ILIKE \("%" + name.escapedForLike + "%")")
    }
    return conditions
  }
}

extension String {
  /// The text as a pattern of LIKE that stands for itself.
  fileprivate var escapedForLike: String { replacing(/[\\%_]/) { "\\" + $0.output } }
}
