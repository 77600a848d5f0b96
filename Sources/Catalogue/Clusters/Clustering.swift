public import PostgreSQL

/// Clusters of a survey's embeddings, with the hierarchy over them.
///
/// A row of `reber.clustering`, which never changes once it is written.
public struct Clustering: Sendable {
  /// The key in `reber.clustering`.
  public var id: Int

  /// The run that made it.
  public var run: Int

  /// A cluster or a union of clusters.
  public struct Node: Sendable {
    /// The number within the clustering; leaves come first.
    public var number: Int

    /// The union it belongs to; `nil` for the root.
    public var parent: Int?

    /// How unlike the two halves of a union are; 0 for a leaf.
    public var height: Float

    /// Sources in it and all below it.
    public var members: Int

    /// The mean of its sources' embeddings, each brought to length 1.
    public var centroid: [Float]

    /// The most central source.
    public var medoid: Int?

    /// Describes a node.
    ///
    /// A leaf has height 0; its centroid is the mean of its members on the unit sphere, its medoid the member
    /// that lies most in the middle.
    public init(
      number: Int, parent: Int?, height: Float, members: Int, centroid: [Float], medoid: Int?
    ) {
      self.number = number
      self.parent = parent
      self.height = height
      self.members = members
      self.centroid = centroid
      self.medoid = medoid
    }
  }

  /// A source's place in a leaf.
  ///
  /// A row of `reber.cluster_member`; distances are in the space of the embeddings, brought to its
  /// principal components.
  public struct Member: Sendable {
    /// The source.
    public var source: Int

    /// The leaf.
    public var cluster: Int

    /// From the leaf's centre.
    public var distance: Float

    /// Larger is less like anything else.
    public var outlierScore: Float

    /// Among the leaf's examples nearest to another leaf.
    public var isBoundary: Bool

    /// Where it lies on the map, -1 to 1; `nil` where the clustering has no layout.
    public var x, y: Float?

    /// Describes a member.
    ///
    /// The distance is that from the leaf's centroid, the outlier score the mean distance to the nearest
    /// neighbours; a source is at the boundary where another centroid is nearly as near.
    public init(
      source: Int, cluster: Int, distance: Float, outlierScore: Float, isBoundary: Bool,
      x: Float? = nil, y: Float? = nil
    ) {
      self.source = source
      self.cluster = cluster
      self.distance = distance
      self.outlierScore = outlierScore
      self.isBoundary = isBoundary
      (self.x, self.y) = (x, y)
    }
  }
}

extension Clustering: QueryRow {
  public static let columns = Columns<Self>(
    .column("clustering_id", \.id), .column("run_id", \.run), make: Clustering.init)
}

extension Clustering.Node: TableRow {
  public static let table = "reber.cluster"
  public static let columns = Columns<Self>(
    .column("cluster", \.number), .column("parent", \.parent), .column("height", \.height),
    .column("members", \.members), .column("centroid", \.centroid),
    .column("medoid_source_id", \.medoid), make: Clustering.Node.init)
}

extension Clustering.Member: TableRow {
  public static let table = "reber.cluster_member"
  public static let columns = Columns<Self>(
    .column("source_id", \.source), .column("cluster", \.cluster),
    .column("distance", \.distance), .column("outlier_score", \.outlierScore),
    .column("is_boundary", \.isBoundary), .column("x", \.x), .column("y", \.y),
    make: Clustering.Member.init)
}

extension Clustering {
  /// Stores a clustering whole, in one transaction.
  ///
  /// - Returns: The clustering, with its key.
  /// - Throws: `PostgresError`; nothing is stored then.
  public static func write(
    nodes: [Node], members: [Member], of survey: Survey, model: Int, run: Int,
    in database: Connection
  ) throws -> Clustering {
    try database.transaction { database in
      try Partition.waitForOthers(in: database)
      let id = try database.row(
        """
        INSERT INTO reber.clustering (run_id, model_id, survey_id)
        VALUES (\(run), \(model), \(survey.id))
        RETURNING clustering_id
        """, as: Int.self)
      try database.copy(nodes, with: ["clustering_id": id])
      let partition = Partition(whole: "reber.cluster_member", key: id)
      try partition.open(in: database)
      try database.copy(
        members, into: partition.table, with: ["clustering_id": id, "survey_id": survey.id])
      try partition.attach(in: database)
      try database.execute("SELECT reber.count_clusters(\(id))")
      return Clustering(id: id, run: run)
    }
  }

  /// Whether the survey has been clustered.
  public static func isThere(of survey: Survey, in database: Connection) throws -> Bool {
    try database.row(
      "SELECT EXISTS (SELECT FROM reber.clustering WHERE survey_id = \(survey.id))", as: Bool.self)
  }

  /// The survey's newest clustering, or the one of that number.
  ///
  /// - Throws: `CatalogueError.missing`.
  public static func find(
    of survey: Survey, numbered id: Int? = nil, in database: Connection
  ) throws -> Clustering {
    let found = try database.first(
      """
      SELECT \(Clustering.columns) FROM reber.clustering
      WHERE survey_id = \(survey.id) AND clustering_id = coalesce(\(id), clustering_id)
      ORDER BY clustering_id DESC
      LIMIT 1
      """, as: Clustering.self)
    guard let found else {
      throw CatalogueError.missing(
        "clustering of '\(survey.name)'", hint: "make one with 'reber cluster'")
    }
    return found
  }

  /// Where its members lie on the map; none where it has no layout.
  public func layout(
    in database: Connection
  ) throws -> (sources: [Int], places: [Float]) {
    let rows = try database.rows(
      """
      SELECT source_id, x, y FROM reber.cluster_member
      WHERE clustering_id = \(id) AND x IS NOT NULL AND y IS NOT NULL
      ORDER BY source_id
      """, as: Int.self, Float.self, Float.self)
    return (rows.map(\.0), rows.flatMap { [$0.1, $0.2] })
  }

  /// How far neighbours on a map are neighbours in the space of the embeddings, 0 to 1.
  public struct Trust: Sendable {
    /// Of the layout.
    public var layout: Double?
    /// Of the plane of the first two principal components.
    public var plane: Double?

    /// What its run measured.
    public static func of(_ clustering: Clustering, in database: Connection) throws -> Trust? {
      try database.first(
        """
        SELECT (metrics ->> 'trustworthiness')::float8, (metrics ->> 'planeTrustworthiness')::float8
        FROM reber.clustering JOIN reber.run USING (run_id)
        WHERE clustering_id = \(clustering.id)
        """, as: Double?.self, Double?.self
      ).map { Trust(layout: $0, plane: $1) }
    }
  }

  /// The sources of a cluster and of all clusters below it, most central first.
  ///
  /// A number that no cluster has gives none.
  public func members(of cluster: Int, in database: Connection) throws -> [Int] {
    try database.rows(
      """
      SELECT source_id FROM (\(membersBelow(cluster))) AS member
      ORDER BY distance, source_id
      """, as: Int.self)
  }
}
