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
    let rows = try database.rows(
      """
      SELECT \(MontageCell.columns), said.total
      FROM (
          SELECT ranked.*, count(*) OVER () AS total,
              least(
                  2 * row_number() OVER (ORDER BY distance, source_id),
                  2 * row_number() OVER (ORDER BY distance DESC, source_id DESC) + 1
              ) AS place
          FROM (
              SELECT below.source_id, below.distance, own.class_id
              FROM (\(clustering.membersBelow(cluster))) AS below
              LEFT JOIN LATERAL (\(own(of: "below.source_id"))) AS own ON true
          ) AS ranked
          WHERE class_id IS NULL
      ) AS said
      JOIN reber.source ON source.survey_id = \(survey.id) AND source.source_id = said.source_id
      LEFT JOIN reber.cutout ON cutout.survey_id = \(survey.id)
          AND cutout.source_id = said.source_id AND cutout.is_current
      ORDER BY place, said.source_id
      LIMIT \(size) OFFSET \(page * size)
      """, as: MontageCell.self, Int.self)
    return (rows.map(\.0), rows.first?.1 ?? 0)
  }

  /// Some sources in the given order.
  ///
  /// A key that is not there is left out.
  public func cells(of sources: [Int], in database: Connection) throws -> [MontageCell] {
    try database.rows(
      """
      SELECT \(MontageCell.columns)
      FROM unnest(\(sources)) WITH ORDINALITY AS listed (source_id, place)
      JOIN reber.source ON source.survey_id = \(survey.id)
          AND source.source_id = listed.source_id
      LEFT JOIN reber.cutout ON cutout.survey_id = \(survey.id)
          AND cutout.source_id = listed.source_id AND cutout.is_current
      LEFT JOIN LATERAL (\(own(of: "listed.source_id"))) AS said ON true
      ORDER BY listed.place
      """, as: MontageCell.self)
  }

  /// What the annotator says of a source now, looked up by the index on sources: joined as a whole,
  /// the labels of an annotator whom the planner does not know yet would be sorted once a source,
  /// and with a limit it would walk back through all labels to find none.
  package func own(of source: String) -> SQL {
    """
    SELECT (array_agg(class_id ORDER BY label_id DESC))[1] AS class_id
    FROM reber.label
    WHERE label.survey_id = \(survey.id) AND label.source_id = \(raw: source)
        AND class_scheme_id = \(scheme.id) AND annotator = \(annotator)
    """
  }

  /// The sources that the annotator has given each class.
  ///
  /// In the order of the sources; withdrawn labels do not count.
  public func labelledSources(in database: Connection) throws -> [SourceClass] {
    try database.rows(
      """
      SELECT \(SourceClass.columns) FROM reber.current_label
      WHERE survey_id = \(survey.id) AND class_scheme_id = \(scheme.id)
          AND annotator = \(annotator)
      ORDER BY source_id
      """, as: SourceClass.self)
  }
}
