public import PostgreSQL

/// What an annotator said of a source, and said when asked again without being told.
///
/// A row of `reber.label_again`.
public struct RepeatedLabel: Sendable {
  /// Who.
  public var annotator: String

  /// The class before.
  public var classID: Int16

  /// The class that was given again.
  public var again: Int16
}

extension RepeatedLabel: QueryRow {
  public static let columns = Columns<Self>(
    .column("annotator", \.annotator), .column("class_id", \.classID),
    .column("class_id_again", \.again), make: RepeatedLabel.init)

  /// What the annotators of a survey said twice, by annotator.
  public static func all(
    of survey: Survey, scheme: ClassScheme, in database: Connection
  ) throws -> [RepeatedLabel] {
    try database.rows(
      """
      SELECT \(columns) FROM reber.label_again
      WHERE survey_id = \(survey.id) AND class_scheme_id = \(scheme.id)
      ORDER BY annotator, source_id
      """, as: RepeatedLabel.self)
  }

  /// The same labels by annotator, in the order of their names.
  public static func byAnnotator(
    _ labels: [RepeatedLabel]
  ) -> [(annotator: String, labels: [RepeatedLabel])] {
    Dictionary(grouping: labels, by: \.annotator).sorted { $0.key < $1.key }
      .map { (annotator: $0.key, labels: $0.value) }
  }
}

/// A source that an annotator has labelled, to be asked about again.
public struct AskedAgain: Sendable {
  /// The source.
  public var id: Int

  /// Its name within the survey.
  public var source: String

  /// ICRS, degrees.
  public var ra: Double?

  /// ICRS, degrees.
  public var dec: Double?

  /// Whether it was labelled less than a day ago, so that the annotator may remember.
  public var isFresh: Bool
}

extension AskedAgain: QueryRow {
  public static let columns = Columns<Self>(
    .column("source_id", \.id), .column("source.name", \.source), .column("source.ra", \.ra),
    .column("source.dec", \.dec),
    .expression("labelled_at > clock_timestamp() - interval '1 day'", as: "is_fresh", \.isFresh),
    make: AskedAgain.init)
}

extension RepeatedLabel {
  /// The sources, by their keys, that annotators have given a class otherwise than when asked again, and have not
  /// undone, by annotator.
  public static func sources(
    labelledBy annotators: Set<String>, of survey: Survey, scheme: ClassScheme,
    in database: Connection
  ) throws -> [String: Set<Int>] {
    let said = try database.rows(
      """
      SELECT DISTINCT annotator, source_id FROM reber.label
      WHERE survey_id = \(survey.id) AND class_scheme_id = \(scheme.id)
          AND annotator = ANY (\(annotators.sorted())) AND class_id IS NOT NULL
          AND method NOT IN ('again', 'merge')
          AND NOT EXISTS (
              SELECT FROM reber.labelling_action AS undo WHERE undo.undoes = label.action_id
          )
      """, as: String.self, Int.self)
    return Dictionary(grouping: said, by: \.0).mapValues { Set($0.map(\.1)) }
  }
}

extension Annotation {
  /// The sources with an image that the annotator was not asked about again, of what the annotator labelled longest
  /// ago first.
  ///
  /// At most `count` are given, `excluding` those that were skipped. An answer that was undone was not given.
  public func askedAgain(
    _ count: Int, excluding skipped: [Int] = [], in database: Connection
  ) throws -> [AskedAgain] {
    try database.rows(
      """
      SELECT \(AskedAgain.columns)
      FROM reber.label AS said
      JOIN reber.source USING (survey_id, source_id)
      WHERE survey_id = \(survey.id) AND class_scheme_id = \(scheme.id) AND annotator = \(annotator)
          AND class_id IS NOT NULL AND method NOT IN ('merge', 'carry')
          AND \(isShown("said.source_id", skipped))
          AND NOT EXISTS (
              SELECT FROM reber.label AS other
              WHERE other.survey_id = said.survey_id AND other.source_id = said.source_id
                  AND other.class_scheme_id = said.class_scheme_id AND other.annotator = said.annotator
                  AND (
                      other.label_id > said.label_id AND other.method <> 'merge'
                      OR other.method = 'again' AND NOT EXISTS (
                          SELECT FROM reber.labelling_action AS undo WHERE undo.undoes = other.action_id
                      )
                  )
          )
      ORDER BY label_id
      LIMIT \(count)
      """, as: AskedAgain.self)
  }
}
