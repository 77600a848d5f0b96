public import PostgreSQL

/// A link that makes one object of two sources, a row of `reber.identity_link`.
public struct IdentityLink: Sendable, Codable {
  /// A source by its names.
  public struct End: Sendable, Codable, Hashable {
    /// The name of its survey.
    public var survey: String
    /// Its name in the survey.
    public var name: String

    /// Names a source.
    public init(survey: String, name: String) {
      self.survey = survey
      self.name = name
    }
  }

  /// Its two sources.
  public var one, other: End

  /// Arcsec; of what a run found.
  public var separation: Float?

  /// The error of the separation, arcsec.
  public var sigma: Float?

  /// How much more often a counterpart lies there than an unrelated source.
  public var likelihoodRatio: Double?

  /// The probability that it is the counterpart.
  public var reliability: Float?

  /// The run that found it, or that read the table by which it was joined.
  public var run: Int?

  /// Who joined them.
  public var annotator: String?
}

extension IdentityLink: QueryRow {
  public static let columns = Columns<Self>(
    .column("one_survey", \.one.survey), .column("one_name", \.one.name),
    .column("other_survey", \.other.survey), .column("other_name", \.other.name),
    .column("separation", \.separation), .column("sigma", \.sigma),
    .column("likelihood_ratio", \.likelihoodRatio), .column("reliability", \.reliability),
    .column("run_id", \.run), .column("annotator", \.annotator)
  ) { survey, name, otherSurvey, otherName, separation, sigma, ratio, reliability, run, annotator in
    IdentityLink(
      one: End(survey: survey, name: name), other: End(survey: otherSurvey, name: otherName),
      separation: separation, sigma: sigma, likelihoodRatio: ratio, reliability: reliability,
      run: run, annotator: annotator)
  }

  /// The links of the object that a source is.
  public static func all(
    ofObjectOf source: SourceKey, in database: Connection
  ) throws -> [IdentityLink] {
    try database.rows(
      """
      SELECT one_survey.name AS one_survey, one.name AS one_name, other_survey.name AS other_survey,
          other.name AS other_name, link.separation, link.sigma, link.likelihood_ratio,
          link.reliability, link.run_id, link.annotator
      FROM reber.source_identity AS own
      JOIN reber.source_identity AS member USING (physical_source_id)
      -- Each is looked up: a join would read all links.
      CROSS JOIN LATERAL (
          SELECT * FROM reber.identity_link AS link
          WHERE link.survey_id = member.survey_id AND link.source_id = member.source_id
          OFFSET 0
      ) AS link
      JOIN reber.source AS one
          ON one.survey_id = link.survey_id AND one.source_id = link.source_id
      JOIN reber.source AS other
          ON other.survey_id = link.other_survey_id AND other.source_id = link.other_source_id
      JOIN reber.survey AS one_survey ON one_survey.survey_id = one.survey_id
      JOIN reber.survey AS other_survey ON other_survey.survey_id = other.survey_id
      WHERE own.survey_id = \(source.survey) AND own.source_id = \(source.source)
      ORDER BY one_survey.name, one.name, other_survey.name, other.name, link.annotator
      """, as: IdentityLink.self)
  }
}

extension SourceKey {
  /// The source of a survey that is called so now, or was in a former release.
  ///
  /// - Throws: `CatalogueError.unknownSource`.
  public static func named(
    _ name: String, of survey: Survey, in database: Connection
  ) throws -> SourceKey {
    let source = try database.row(
      "SELECT reber.source_called(\(Int32(survey.id)), \(name))", as: Int?.self)
    guard let source else { throw CatalogueError.unknownSource(name, survey: survey.name) }
    return SourceKey(survey: survey.id, source: source)
  }
}
