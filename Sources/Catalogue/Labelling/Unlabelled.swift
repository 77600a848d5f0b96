public import PostgreSQL

extension Annotation {
  /// Sources with an image that the annotator has not labelled or, by two of the orders, is to look at again.
  ///
  /// `order` says which come first; those in `skipped` are left out. `ranking` are the sources that are suggested, or
  /// least like anything labelled, for the orders that go by it.
  ///
  /// - Throws: `CatalogueError.missing` where labels are to be contradicted and no classifier says anything of them.
  public func unlabelled(
    by order: Order, work: NewestWork, excluding skipped: [Int], ranking: [Int] = [], count: Int,
    in database: Connection
  ) throws -> [String] {
    let keys =
      switch order {
      case .suggested: try suggested(ranking, skipped, count, database)
      case .doubtful: try searched(.doubtful, work, skipped, count, database)
      case .outliers: try searched(.outliers, work, skipped, count, database)
      case .spread: try spread(skipped, count, database)
      case .shared: try shared(skipped, count, database)
      case .second: try second(skipped, count, database)
      case .unlike: try open(ranking, skipped, count, database)
      case .contradicted: try contradicted(skipped, count, database)
      case .again: try askedAgain(count, excluding: skipped, in: database).map(\.id)
      }
    return try Source.names(of: keys, in: survey, database)
  }

  /// Whether a source, by its key, is to be asked about.
  func isOpen(_ key: SQL, _ skipped: [Int]) -> SQL {
    "\(isUnlabelled(key)) AND \(isShown(key, skipped))"
  }

  /// Whether a source, by its key, has an image and is not skipped.
  func isShown(_ key: SQL, _ skipped: [Int]) -> SQL {
    """
    \(key) <> ALL (\(skipped)) AND (
        SELECT cutout_id FROM reber.cutout
        WHERE cutout.survey_id = \(survey.id) AND cutout.source_id = \(key) AND cutout.is_current
    ) IS NOT NULL
    """
  }

  /// What is suggested and nobody has labelled, and any other where that is too little.
  private func suggested(
    _ ranking: [Int], _ skipped: [Int], _ count: Int, _ database: Connection
  ) throws -> [Int] {
    let found = try open(ranking, skipped, count, database)
    guard found.count < count else { return found }
    return found + (try spread(skipped + found, count - found.count, database))
  }

  private func searched(
    _ order: SourceFilter.Order, _ work: NewestWork, _ skipped: [Int], _ count: Int,
    _ database: Connection
  ) throws -> [Int] {
    var filter = SourceFilter()
    filter.order = order
    let search = SourceSearch(
      filter: filter, survey: survey, scheme: scheme, work: work,
      counts: try survey.counts(in: database)
    ) { isOpen($0, skipped) }
    return try search.page(at: nil, size: count, in: database).keys
  }

  private func shared(_ skipped: [Int], _ count: Int, _ database: Connection) throws -> [Int] {
    let order: SQL =
      scheme.isTags ? "GROUP BY source_id ORDER BY max(all_votes) DESC" : "ORDER BY all_votes DESC"
    return try database.rows(
      """
      SELECT source_id FROM reber.agreed
      WHERE survey_id = \(survey.id) AND class_scheme_id = \(scheme.id) AND class_id IS NOT NULL
          AND \(isOpen("agreed.source_id", skipped))
      \(order), source_id
      LIMIT \(count)
      """, as: Int.self)
  }

  /// Those of the share that is asked about again that one other annotator has labelled.
  private func second(_ skipped: [Int], _ count: Int, _ database: Connection) throws -> [Int] {
    let look = try secondLook(in: database)
    return try database.rows(
      """
      SELECT source_id FROM reber.agreed
      WHERE \(isDrawn(look)) AND all_votes = 1 AND \(isOpen("agreed.source_id", skipped))
      GROUP BY reber.lot(source_id), source_id
      ORDER BY reber.lot(source_id), source_id
      LIMIT \(count)
      """, as: Int.self)
  }

  private func contradicted(
    _ skipped: [Int], _ count: Int, _ database: Connection
  ) throws -> [Int] {
    let model = try Model.auditor(of: survey, scheme: scheme, in: database)
    return try database.rows(
      """
      SELECT source_id FROM reber.contradicted_label
      WHERE run_id = \(model.run) AND model_id = \(model.id) AND survey_id = \(survey.id)
          AND source_id <> ALL (\(skipped))
      ORDER BY doubt DESC, source_id
      LIMIT \(count)
      """, as: Int.self)
  }

  /// The first of some sources that nobody has labelled and that are to be asked about.
  private func open(
    _ sources: [Int], _ skipped: [Int], _ count: Int, _ database: Connection
  ) throws -> [Int] {
    try database.rows(
      """
      SELECT listed.source_id
      FROM unnest(\(sources)) WITH ORDINALITY AS listed (source_id, place)
      WHERE \(isOpen("listed.source_id", skipped)) AND \(isNew("listed.source_id"))
      ORDER BY place
      LIMIT \(count)
      """, as: Int.self)
  }

  /// Whether nobody says anything of a source, by its key.
  private func isNew(_ key: SQL) -> SQL {
    """
    NOT EXISTS (
        SELECT FROM reber.agreed
        WHERE agreed.survey_id = \(survey.id) AND agreed.source_id = \(key)
            AND agreed.class_scheme_id = \(scheme.id) AND agreed.class_id IS NOT NULL
    )
    """
  }

  /// Those of some sources that nobody has labelled, in their order.
  public func new(among sources: [Int], in database: Connection) throws -> [Int] {
    try database.rows(
      """
      SELECT listed.source_id
      FROM unnest(\(sources)) WITH ORDINALITY AS listed (source_id, place)
      WHERE \(isNew("listed.source_id"))
      ORDER BY place
      """, as: Int.self)
  }

  /// Goes about the keys by the golden section, of which every new step falls into a widest gap of
  /// the steps before (Knuth 1998, The Art of Computer Programming 3, 6.4); what no step of the first
  /// 20,000 finds comes in the order of the keys.
  private func spread(_ skipped: [Int], _ count: Int, _ database: Connection) throws -> [Int] {
    let listed: SQL =
      "FROM reber.cutout AS listed WHERE survey_id = \(survey.id) AND is_current"
    let found = try database.rows(
      """
      WITH RECURSIVE step (number) AS (
          SELECT 1 UNION ALL SELECT number + 1 FROM step WHERE number < 20000
      )
      SELECT near.source_id
      FROM (SELECT min(source_id) AS first, max(source_id) AS last \(listed)) AS ends
      CROSS JOIN step
      CROSS JOIN LATERAL (
          SELECT source_id \(listed)
              AND source_id
                  >= first + floor((last - first + 1) * (number * 0.6180339887498949 % 1))::bigint
          ORDER BY source_id
          LIMIT 1
      ) AS near
      WHERE \(isOpen("near.source_id", skipped))
      LIMIT \(4 * count)
      """, as: Int.self)
    var seen: Set<Int> = []
    let keys = found.filter { seen.insert($0).inserted }.prefix(count)
    guard keys.count < count else { return Array(keys) }
    return try keys
      + database.rows(
        """
        SELECT source_id \(listed) AND \(isOpen("listed.source_id", skipped + keys))
        ORDER BY source_id
        LIMIT \(count - keys.count)
        """, as: Int.self)
  }
}
