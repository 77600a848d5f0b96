public import PostgreSQL

/// How much of what annotators say of a source stands for a class, or for a tag.
///
/// A row of `reber.vote`, of labels that count now.
public struct VoteShare: Sendable, Equatable {
  /// The source.
  public var source: Int
  /// The class or tag.
  public var classID: Int16
  /// Of the confidence with which annotators say something of the source, or of its tag, the part that is for it.
  public var share: Float
  /// The labels that say so or, of a tag, that speak of it.
  public var labels: [Int]
}

extension VoteShare: QueryRow {
  public static let columns = Columns<Self>(
    .column("source_id", \.source), .column("class_id", \.classID), .column("share", \.share),
    .column("label_ids", \.labels), make: VoteShare.init)

  /// The shares of all labelled sources of a survey, in the order of the sources and classes.
  public static func all(
    of survey: Survey, scheme: ClassScheme, in database: Connection
  ) throws -> [VoteShare] {
    try database.rows(
      """
      SELECT \(columns) FROM reber.vote
      WHERE survey_id = \(survey.id) AND class_scheme_id = \(scheme.id)
      ORDER BY source_id, class_id
      """, as: VoteShare.self)
  }

  /// The shares as an input of a run: how many sources have some, and a digest.
  public static func input(
    of survey: Survey, scheme: ClassScheme, in database: Connection
  ) throws -> Work.Input {
    let (rows, digest) = try database.row(
      """
      SELECT count(DISTINCT source_id),
          encode(
              sha256(convert_to(
                  coalesce(
                      string_agg(
                          source_id || ' ' || class_id || ' ' || share, ',' ORDER BY source_id, class_id
                      ), ''
                  ), 'UTF8'
              )),
              'hex'
          )
      FROM reber.vote
      WHERE survey_id = \(survey.id) AND class_scheme_id = \(scheme.id)
      """, as: Int.self, String.self)
    return Work.Input(role: "votes", name: survey.name, sha256: digest, rows: rows)
  }
}
