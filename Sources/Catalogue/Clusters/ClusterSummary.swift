public import PostgreSQL

extension Clustering {
  /// A cluster or a union of clusters as a person sees it listed.
  ///
  /// A leaf has height 0; a union's is that of the join that made it, in the space of the embeddings.
  public struct Summary: Sendable, Codable, Equatable {
    /// The number within the clustering.
    public var cluster: Int
    /// The union it belongs to.
    public var parent: Int?
    /// How unlike the two halves of a union are; 0 for a cluster.
    public var height: Float
    /// Sources in it and all below it.
    public var members: Int
    /// The name of its most central source.
    public var medoid: String?
    /// Sources in it that have a label in the scheme.
    public var labelled: Int
    /// What the labels say; `nil` without any.
    public var purity: Purity?
  }

  /// How far the labels in a cluster agree: a row of `reber.cluster_purity`.
  ///
  /// The interval is that of the share for all of the cluster, as if the labelled sources were drawn by
  /// chance; the entropy is in bits, 0 where all have one class.
  public struct Purity: Sendable, Codable, Equatable {
    /// The class of most labelled members.
    public var className: String
    /// Labelled members of that class.
    public var sources: Int
    /// Their share of the labelled members.
    public var share: Double
    /// The lower end of the 95% interval of that share among all members.
    public var lower: Double
    /// The upper end.
    public var upper: Double
    /// The entropy of the labelled members' classes, bits.
    public var entropy: Double
  }

  /// The clusters, the largest first, with what the labels of a scheme say of each.
  ///
  /// With `unions` the nodes of the hierarchy above them follow, the tightest first.
  public func summaries(
    scheme: ClassScheme, unions: Bool = false, in database: Connection
  ) throws -> [Summary] {
    try database.rows(
      """
      SELECT \(Summary.columns)
      FROM reber.clustering
      JOIN reber.cluster USING (clustering_id)
      LEFT JOIN reber.source ON source.survey_id = clustering.survey_id
          AND source.source_id = cluster.medoid_source_id
      LEFT JOIN (
          SELECT * FROM reber.cluster_purity
          WHERE clustering_id = \(id) AND class_scheme_id = \(scheme.id)
      ) AS purity ON purity.cluster = cluster.cluster
      LEFT JOIN reber.class ON class.class_scheme_id = \(scheme.id)
          AND class.class_id = purity.class_id
      WHERE clustering.clustering_id = \(id) AND (\(unions) OR coalesce(cluster.height, 0) = 0)
      ORDER BY coalesce(cluster.height, 0), cluster.members DESC, cluster.cluster
      """, as: Summary.self)
  }

  /// The cluster of each source.
  ///
  /// Leaves alone, by the keys of the sources.
  public func clusters(in database: Connection) throws -> [Int: Int] {
    try database.table(
      "SELECT source_id, cluster FROM reber.cluster_member WHERE clustering_id = \(id)",
      by: Int.self, Int.self)
  }
}

extension Clustering.Summary: QueryRow {
  public static let columns = Columns<Self>(
    .column("cluster.cluster", \.cluster), .column("cluster.parent", \.parent),
    .expression("coalesce(cluster.height, 0)", as: "height", \.height),
    .column("cluster.members", \.members), .column("source.name", \.medoid),
    .expression("coalesce(purity.labelled, 0)", as: "labelled", \.labelled),
    .group(\.purity, optional: Clustering.Purity.columns), make: Clustering.Summary.init)
}

extension Clustering.Purity: QueryRow {
  public static let columns = Columns<Self>(
    .column("class.name", \.className), .column("purity.sources", \.sources),
    .column("purity.purity", \.share), .column("purity.purity_lower", \.lower),
    .column("purity.purity_upper", \.upper), .column("purity.entropy", \.entropy),
    make: Clustering.Purity.init)
}
