internal import PostgreSQL

extension SourceSearch {
  /// The tables that the filter needs.
  var needed: Set<Table> {
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
  func name(_ table: Table) -> SQL {
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

  func key(_ table: Table) -> SQL { "\(raw: table.rawValue).source_id" }

  /// What of a table is of the survey and of the work that is shown: nothing where that was not done.
  ///
  /// Rows are looked up by survey and source; a table that is asked alone needs no word of the survey,
  /// which indexes in other orders do not have.
  func scope(_ table: Table, isAlone: Bool = false) -> SQL {
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

  func inOrder(_ tables: Set<Table>) -> [Table] {
    tables.isEmpty ? [.source] : Table.allCases.filter(tables.contains)
  }

  /// Tables joined by the keys of sources.
  func joined(_ tables: Set<Table>) -> SQL {
    let tables = inOrder(tables)
    let others: [SQL] = tables.dropFirst().map {
      "JOIN \(name($0)) ON \(key($0)) = \(key(tables[0]))"
    }
    return ([name(tables[0])] + others).joined(separator: " ")
  }

  func conditions(_ tables: Set<Table>, _ way: Way) -> SQL {
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
