internal import PostgreSQL

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

  func edge(at place: SourceFilter.Place, in database: Connection) throws -> Edge? {
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

  func query(
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
