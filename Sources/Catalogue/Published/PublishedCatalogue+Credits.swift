public import Astronomy
public import PostgreSQL

extension PublishedCatalogue {
  /// What is said of the catalogue itself, with the copyright statement of its survey where it has none.
  ///
  /// Who made the survey, and under which licence, says nothing of the catalogue.
  public func credits(in database: Connection) throws -> Credits {
    let own = try database.row(
      "SELECT \(Credits.columns) FROM reber.catalogue WHERE name = \(name)", as: Credits.self)
    let survey = try Survey.named(survey, in: database).observation.credits
    return own.filled(from: Credits(copyright: survey.copyright))
  }

  /// Says who made the catalogue and how it may be used; what is `nil` stays as it was.
  public func describe(_ credits: Credits, in database: Connection) throws {
    try database.execute(
      """
      UPDATE reber.catalogue
      SET title = coalesce(\(credits.title), title),
          authors = coalesce(\(credits.authors), authors),
          reference = coalesce(\(credits.reference), reference),
          licence = coalesce(\(credits.licence), licence),
          copyright = coalesce(\(credits.copyright), copyright)
      WHERE name = \(name)
      """)
  }

  /// The runs that the catalogue rests on, the first first, and itself at the end.
  public func runs(in database: Connection) throws -> [Run] {
    try database.rows(
      """
      SELECT \(Run.columns)
      FROM reber.lineage(\(run))
      JOIN reber.run USING (run_id)
      ORDER BY run_id
      """, as: Run.self)
  }
}

extension Credits: QueryRow {
  public static let columns = Columns<Self>(
    .column("title", \.title), .column("authors", \.authors), .column("reference", \.reference),
    .column("licence", \.licence), .column("copyright", \.copyright), make: Credits.init)
}
