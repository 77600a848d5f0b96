public import PostgreSQL

/// The clusters that a person has before them: a cut through the hierarchy, finer where the person
/// has split, each with how much of it is labelled.
public struct ClusterQueue: Sendable {
  /// The clustering.
  public var clustering: Clustering

  /// Its clusters and unions, by number.
  public var nodes: [Int: Node]

  /// A cluster or a union of clusters.
  public struct Node: Sendable {
    /// The number within the clustering.
    public var number: Int
    /// The union it belongs to.
    public var parent: Int?
    /// The parts of a union.
    public var children: [Int] = []
    /// How unlike the parts are; 0 for a leaf.
    public var height: Float
    /// Sources in it and all below it.
    public var members = 0
    /// Those that somebody has labelled.
    public var labelled = 0
    /// The summed squares of the distances from the leaves' centres.
    var squares = 0.0
    /// Labelled sources by class.
    public var classes: [Int16: Int] = [:]
    /// Whether the annotator has split it.
    public var isSplit = false

    /// Sources that nobody has labelled.
    public var unlabelled: Int { members - labelled }
  }
}

/// The clusters of a clustering and the unions above them, with the sources that each holds.
///
/// Nothing of it changes once the clustering is written, so it need be read only once.
public struct ClusterTree: Sendable {
  /// The clustering.
  public var clustering: Clustering

  /// Its clusters and unions, by number, without what people have said of them.
  fileprivate var nodes: [Int: ClusterQueue.Node]

  /// Reads the tree of a clustering.
  ///
  /// It never changes, so it is best kept.
  public init(of clustering: Clustering, in database: Connection) throws {
    let rows = try database.rows(
      """
      SELECT \(ClusterQueue.Node.columns)
      FROM reber.cluster
      WHERE clustering_id = \(clustering.id)
      ORDER BY cluster
      """, as: ClusterQueue.Node.self)
    self.clustering = clustering
    nodes = Dictionary(rows.map { ($0.number, $0) }, uniquingKeysWith: { $1 })
    for row in rows {
      if let parent = row.parent { nodes[parent]?.children.append(row.number) }
    }
    nodes.addUp { union, part in
      union.members += part.members
      union.squares += part.squares
    }
  }
}

extension ClusterQueue.Node: QueryRow {
  /// What never changes of a node; a union's members and squares are added up from its leaves.
  public static let columns = Columns<Self>(
    .column("cluster", \.number), .column("parent", \.parent),
    .expression("coalesce(height, 0)", as: "height", \.height),
    .expression(
      "CASE WHEN coalesce(height, 0) = 0 THEN members ELSE 0 END", as: "members", \.members),
    .expression("coalesce(squares, 0)", as: "squares", \.squares)
  ) { number, parent, height, members, squares in
    ClusterQueue.Node(
      number: number, parent: parent, height: height, members: members, squares: squares)
  }
}

extension Annotation {
  /// The clusters of a clustering with their labels and the annotator's splits.
  ///
  /// Labels are the consensus of all annotators; splits are the annotator's own.
  public func queue(of tree: ClusterTree, in database: Connection) throws -> ClusterQueue {
    var nodes = tree.nodes
    for (cluster, classID, sources) in try labelled(tree.clustering, database) {
      nodes[cluster]?.labelled += sources
      nodes[cluster]?.classes[classID, default: 0] += sources
    }
    for cluster in try splits(tree.clustering, database) { nodes[cluster]?.isSplit = true }
    nodes.addUp { union, part in
      union.labelled += part.labelled
      union.classes.merge(part.classes, uniquingKeysWith: +)
    }
    return ClusterQueue(clustering: tree.clustering, nodes: nodes)
  }

  /// Labelled sources by leaf and class; a source that several people labelled counts once.
  private func labelled(
    _ clustering: Clustering, _ database: Connection
  ) throws -> [(Int, Int16, Int)] {
    try database.rows(
      """
      SELECT cluster, class_id, sum(sources)::bigint FROM reber.label_count
      WHERE survey_id = \(survey.id) AND class_scheme_id = \(scheme.id)
          AND clustering_id = \(clustering.id) AND annotator = ''
      GROUP BY cluster, class_id
      HAVING sum(sources) > 0
      """, as: Int.self, Int16.self, Int.self)
  }

  private func splits(_ clustering: Clustering, _ database: Connection) throws -> [Int] {
    try database.rows(
      """
      SELECT cluster FROM reber.labelling_action AS action
      WHERE clustering_id = \(clustering.id) AND kind = 'split' AND annotator = \(annotator)
          AND NOT EXISTS (
              SELECT FROM reber.labelling_action AS undo WHERE undo.undoes = action.action_id
          )
      """, as: Int.self)
  }
}

extension [Int: ClusterQueue.Node] {
  /// Adds every part to its union, from below; parts have lower numbers than their union.
  fileprivate mutating func addUp(_ add: (inout ClusterQueue.Node, ClusterQueue.Node) -> Void) {
    for number in keys.sorted() {
      guard let node = self[number], let parent = node.parent, var union = self[parent] else {
        continue
      }
      add(&union, node)
      self[parent] = union
    }
  }
}

extension ClusterQueue {
  /// The cut through the hierarchy into `groups` parts, finer where the annotator has split.
  ///
  /// In no order. Fewer where the clustering has fewer clusters.
  func cut(into groups: Int) -> [Node] {
    var open = nodes.values.filter { $0.parent == nil }
    let unions = nodes.values.filter { !$0.children.isEmpty }
      .sorted { ($1.height, $0.number) < ($0.height, $1.number) }
    let opened = Set(unions.prefix(max(0, groups - open.count)).map(\.number))
    var parts: [Node] = []
    while let node = open.popLast() {
      if !node.children.isEmpty, node.isSplit || opened.contains(node.number) {
        open.append(contentsOf: node.children.compactMap { nodes[$0] })
      } else {
        parts.append(node)
      }
    }
    return parts
  }

  /// The clusters in the order in which labelling them gains most: those with the highest expected
  /// number of sources that one decision labels rightly come first.
  ///
  /// That number is the unlabelled sources times the share that one class holds: known from the
  /// labels in the cluster where there are some, and guessed from how tight the cluster is where
  /// there are none. A tight cluster of the typical spread is taken to be half pure.
  public func suggestions(groups: Int) -> [Node] {
    let parts = cut(into: groups)
    let typical = parts.map(spread).sorted().dropFirst(parts.count / 2).first ?? 1
    func gain(_ node: Node) -> Double {
      let ratio = typical > 0 ? spread(node) / typical : 1
      let prior = 1 / (1 + ratio * ratio)
      let known = Double(node.classes.values.max() ?? 0)
      // Two imagined labels weigh as much as the guess from the spread.
      let purity = (known + 2 * prior) / (Double(node.labelled) + 2)
      return Double(node.unlabelled) * purity
    }
    return parts.map { (gain($0), $0) }
      .sorted { ($1.0, $0.1.number) < ($0.0, $1.1.number) }
      .map(\.1)
  }

  /// Root mean square of what lies between a source and the node's centre: the distance within the
  /// leaf, and for unions what their parts differ by.
  public func spread(_ node: Node) -> Double {
    guard node.members > 0 else { return 0 }
    var squares = node.squares
    var open = [node]
    while let union = open.popLast() {
      // A Ward join at height h adds h² / 2 to the summed squares.
      squares += Double(union.height) * Double(union.height) / 2
      open.append(contentsOf: union.children.compactMap { nodes[$0] })
    }
    return (squares / Double(node.members)).squareRoot()
  }
}
