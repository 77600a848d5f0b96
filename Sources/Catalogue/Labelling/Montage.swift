public import PostgreSQL

/// A source in a montage: what its picture and its caption need.
///
/// `cutout` is `nil` for a source without an image, `classID` without a label of the annotator.
public struct MontageCell: Sendable, Equatable {
  /// The source.
  public var source: Int

  /// Identifier within the survey.
  public var name: String

  /// The key of the current image; `nil` where it has none.
  public var cutout: Int?

  /// The class that the annotator gave it.
  public var classID: Int16?
}

extension MontageCell: QueryRow {
  /// Of the tables `source` and `cutout`, and of `said`: what somebody said of the source.
  public static let columns = Columns<Self>(
    .column("source.source_id", \.source), .column("source.name", \.name),
    .column("cutout.cutout_id", \.cutout), .column("said.class_id", \.classID),
    make: MontageCell.init)
}

extension Annotation {
  /// The sources of a cluster in an order that shows on the first page how pure it is: the most
  /// central, the farthest, the second most central, the second farthest, ….
  ///
  /// - Returns: One page of the cluster's sources without a label of the annotator, and how many
  ///   there are in all.
  public func montage(
    of cluster: Int, in clustering: Clustering, page: Int, size: Int, database: Connection
  ) throws -> (cells: [MontageCell], all: Int) {
    let (members, own) = try database.row(
      """
      SELECT
          coalesce((
              SELECT members FROM reber.cluster
              WHERE clustering_id = \(clustering.id) AND cluster = \(cluster)
          ), 0),
          coalesce((
              SELECT sum(sources) FROM reber.label_count
              WHERE survey_id = \(survey.id) AND class_scheme_id = \(scheme.id)
                  AND clustering_id = \(clustering.id) AND annotator = \(annotator)
                  AND cluster = ANY (ARRAY(\(clustering.leavesBelow(cluster))))
          ), 0)::bigint
      """, as: Int.self, Int.self)
    let all = members - own
    let places = min(all, page * size)..<min(all, (page + 1) * size)
    let cells = try database.rows(
      """
      SELECT \(MontageCell.columns)
      FROM (
          SELECT source_id, 2 * place AS place, NULL::smallint AS class_id
          FROM (\(end("ASC", of: cluster, clustering, from: places.lowerBound + 1, to: places.upperBound + 1)))
              AS central
          UNION ALL
          SELECT source_id, 2 * place + 1, NULL
          FROM (\(end("DESC", of: cluster, clustering, from: places.lowerBound, to: places.upperBound)))
              AS far
      ) AS said
      JOIN reber.source ON source.survey_id = \(survey.id) AND source.source_id = said.source_id
      LEFT JOIN reber.cutout ON cutout.survey_id = \(survey.id)
          AND cutout.source_id = said.source_id AND cutout.is_current
      ORDER BY place
      """, as: MontageCell.self)
    return (cells, all)
  }

  /// Every other one of a cluster's unlabelled sources from one end of the order of distances, which
  /// each leaf has an index for: of an end the ranks that the doubled places `from` to `to` stand for.
  private func end(
    _ way: String, of cluster: Int, _ clustering: Clustering, from: Int, to: Int
  ) -> SQL {
    let order: SQL = "distance \(raw: way), source_id \(raw: way)"
    return """
      SELECT source_id, row_number() OVER (ORDER BY \(order)) AS place
      FROM (
          SELECT found.*
          FROM (\(clustering.leavesBelow(cluster))) AS leaf
          CROSS JOIN LATERAL (
              SELECT source_id, distance
              FROM reber.cluster_member AS member
              WHERE clustering_id = \(clustering.id) AND member.cluster = leaf.cluster
                  AND \(isUnlabelled("member.source_id"))
              ORDER BY \(order)
              LIMIT \(to / 2)
          ) AS found
          ORDER BY \(order)
          LIMIT \(to / 2 - from / 2) OFFSET \(from / 2)
      ) AS taken
      """
  }

  /// Some sources in the given order.
  ///
  /// A key that is not there is left out. In a scheme of tags none has a class.
  public func cells(of sources: [Int], in database: Connection) throws -> [MontageCell] {
    try database.rows(
      """
      SELECT \(MontageCell.columns)
      FROM unnest(\(sources)) WITH ORDINALITY AS listed (source_id, place)
      JOIN reber.source ON source.survey_id = \(survey.id)
          AND source.source_id = listed.source_id
      LEFT JOIN reber.cutout ON cutout.survey_id = \(survey.id)
          AND cutout.source_id = listed.source_id AND cutout.is_current
      LEFT JOIN LATERAL (\(own(of: "listed.source_id"))) AS said ON \(!scheme.isTags)
      ORDER BY listed.place
      """, as: MontageCell.self)
  }

  /// What the annotator says of a source now, looked up by the index on sources: joined as a whole,
  /// the labels of an annotator whom the planner does not know yet would be sorted once a source,
  /// and with a limit it would walk back through all labels to find none.
  ///
  /// In a scheme of tags it is the first tag that the annotator says something of.
  package func own(of source: SQL) -> SQL {
    if scheme.isTags {
      return """
        SELECT min(class_id) AS class_id FROM reber.current_label
        WHERE current_label.survey_id = \(survey.id) AND current_label.source_id = \(source)
            AND class_scheme_id = \(scheme.id) AND annotator = \(annotator)
        """
    }
    return """
      SELECT (array_agg(class_id ORDER BY label_id DESC))[1] AS class_id
      FROM reber.label
      WHERE label.survey_id = \(survey.id) AND label.source_id = \(source)
          AND class_scheme_id = \(scheme.id) AND annotator = \(annotator)
      """
  }

  /// Whether the annotator says nothing of a source, by its key.
  ///
  /// Behind `coalesce` the planner expects that of every other source, not of one in 200, and goes
  /// through an index in order rather than sort what it finds.
  func isUnlabelled(_ source: SQL) -> SQL { "coalesce((\(own(of: source))) IS NULL, true)" }

  /// How many sources the annotator has given each class.
  ///
  /// Withdrawn labels do not count.
  public func labelledCounts(in database: Connection) throws -> [Int16: Int] {
    try database.table(
      """
      SELECT class_id, sum(sources)::bigint FROM reber.label_count
      WHERE survey_id = \(survey.id) AND class_scheme_id = \(scheme.id) AND clustering_id = 0
          AND annotator = \(annotator)
      GROUP BY class_id
      HAVING sum(sources) > 0
      """, by: Int16.self, Int.self)
  }

  /// The sources that the annotator has given each class.
  ///
  /// In the order of the sources; withdrawn labels do not count.
  public func labelledSources(in database: Connection) throws -> [SourceClass] {
    try database.rows(
      """
      SELECT \(SourceClass.columns) FROM reber.current_label
      WHERE survey_id = \(survey.id) AND class_scheme_id = \(scheme.id)
          AND annotator = \(annotator) AND NOT denies
      ORDER BY source_id
      """, as: SourceClass.self)
  }
}
