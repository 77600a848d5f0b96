public import PostgreSQL

/// A question for the sources of a survey that somebody gave a name, a row of `reber.saved_question`.
public struct SavedQuestion: Sendable, Equatable {
  /// What it is called.
  public var name: String
  /// The question, as it stands in the address of the page of sources.
  public var query: String
  /// Who gave it the name.
  public var annotator: String

  /// The most characters of a name, and of a question.
  public static let longest = (name: 100, query: 4000)
}

extension SavedQuestion: QueryRow {
  public static let columns = Columns<Self>(
    .column("name", \.name), .column("query", \.query), .column("annotator", \.annotator),
    make: SavedQuestion.init)

  /// The questions of a survey that have a name, by name.
  public static func all(of survey: Survey, in database: Connection) throws -> [SavedQuestion] {
    try database.rows(
      """
      SELECT \(columns)
      FROM (
          SELECT DISTINCT ON (name) name, query, annotator FROM reber.saved_question
          WHERE survey_id = \(survey.id)
          ORDER BY name, question_id DESC
      ) AS newest
      WHERE query IS NOT NULL
      ORDER BY name
      """, as: SavedQuestion.self)
  }
}

extension Annotation {
  /// Gives a question a name, for all who work on the survey; no question takes the name back.
  public func save(_ query: String?, as name: String, in database: Connection) throws {
    try database.execute(
      """
      INSERT INTO reber.saved_question (survey_id, name, query, annotator)
      VALUES (\(survey.id), \(name), \(query), \(annotator))
      """)
  }
}
