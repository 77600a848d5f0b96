public import PostgreSQL

/// The share of a survey's labelled sources that a second annotator labels too, without seeing what the first said.
public struct SecondLook: Sendable, Equatable {
  /// 0 to 1.
  public var share: Double
  /// Labelled sources that are asked about again: those that got a second, blind label, and those that one has
  /// labelled.
  public var asked: Int
  /// Those of them that have it by now.
  public var answered: Int
  /// Those that are this annotator's to label.
  public var waiting: Int

  /// The sources whose lot lies below it are asked about again (`reber.lot`).
  public var lots: Int { Int((share * 10_000).rounded()) }
}

extension Annotation {
  /// The share that is asked about again, and how far that is.
  public func secondLook(in database: Connection) throws -> SecondLook {
    let share = try database.first(
      """
      SELECT share::double precision FROM reber.second_look
      WHERE survey_id = \(survey.id) AND class_scheme_id = \(scheme.id)
      ORDER BY look_id DESC
      LIMIT 1
      """, as: Double.self)
    var look = SecondLook(share: share ?? 0, asked: 0, answered: 0, waiting: 0)
    guard look.lots > 0 else { return look }
    (look.asked, look.answered, look.waiting) = try database.row(
      """
      SELECT count(*) FILTER (WHERE is_answered OR votes = 1), count(*) FILTER (WHERE is_answered),
          count(*) FILTER (WHERE votes = 1 AND \(isOpen("drawn.source_id", [])))
      FROM (
          SELECT source_id, min(all_votes) AS votes, max(all_votes) > 1 AND EXISTS (
              SELECT FROM reber.label AS said
              WHERE said.survey_id = \(survey.id) AND said.source_id = agreed.source_id
                  AND said.class_scheme_id = \(scheme.id) AND said.method = 'second'
                  AND said.class_id IS NOT NULL
          ) AS is_answered
          FROM reber.agreed
          WHERE \(isDrawn(look))
          GROUP BY source_id
      ) AS drawn
      """, as: Int.self, Int.self, Int.self)
    return look
  }

  /// Sets the share, 0 to 1, that is asked about again from now on.
  public func lookAgain(at share: Double, in database: Connection) throws {
    try database.execute(
      """
      INSERT INTO reber.second_look (survey_id, class_scheme_id, share, annotator)
      VALUES (\(survey.id), \(scheme.id), \(Float(share)), \(annotator))
      """)
  }

  /// Which rows of `reber.agreed` are of sources that are asked about again.
  func isDrawn(_ look: SecondLook) -> SQL {
    """
    survey_id = \(survey.id) AND class_scheme_id = \(scheme.id) AND class_id IS NOT NULL
        AND reber.lot(source_id) < \(look.lots)
    """
  }
}
