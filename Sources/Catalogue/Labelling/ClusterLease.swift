public import PostgreSQL

extension Annotation {
  /// Seconds for which a cluster is the annotator's once it was shown.
  public static let leaseSeconds = 600.0

  /// Hands a cluster to the annotator for a while, instead of the one before.
  ///
  /// - Returns: Who has it, or a part of it, or what it is a part of; `nil` where the annotator has it now.
  public func lease(
    _ cluster: Int, of clustering: Clustering, in database: Connection
  ) throws -> String? {
    try database.row(
      """
      SELECT reber.lease_cluster(
          \(clustering.id), \(Int32(clamping: cluster)), \(Int32(scheme.id)), \(annotator),
          \(Self.leaseSeconds))
      """, as: String?.self)
  }

  /// Gives a cluster back, for whoever comes next.
  public func giveBack(_ cluster: Int, of clustering: Clustering, in database: Connection) throws {
    try database.execute(
      """
      DELETE FROM reber.cluster_lease
      WHERE clustering_id = \(clustering.id) AND class_scheme_id = \(scheme.id)
          AND cluster = \(cluster) AND annotator = \(annotator)
      """)
  }

  /// The clusters that others have now, by number.
  public func leased(of clustering: Clustering, in database: Connection) throws -> [Int: String] {
    try database.table(
      """
      SELECT cluster::bigint, annotator FROM reber.cluster_lease
      WHERE clustering_id = \(clustering.id) AND class_scheme_id = \(scheme.id)
          AND annotator <> \(annotator) AND lease_ends > clock_timestamp()
      """, by: Int.self, String.self)
  }
}

extension ClusterQueue {
  /// Who else has a cluster, a part of it, or what it is a part of, of what others have.
  public func holder(of cluster: Int, among leased: [Int: String]) -> String? {
    guard !leased.isEmpty else { return nil }
    return above(cluster).lazy.compactMap { leased[$0] }.first
      ?? leased.first { above($0.key).contains(cluster) }?.value
  }

  /// A cluster and all unions that it is a part of.
  private func above(_ cluster: Int) -> [Int] {
    Array(sequence(first: cluster) { nodes[$0]?.parent })
  }
}
