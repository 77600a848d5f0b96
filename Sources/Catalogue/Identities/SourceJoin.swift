public import PostgreSQL

/// A source by its keys.
public struct SourceKey: Sendable, Hashable {
  /// The key of the survey.
  public var survey: Int

  /// The key within the survey.
  public var source: Int

  /// Pairs the two.
  public init(survey: Int, source: Int) {
    self.survey = survey
    self.source = source
  }
}

extension SourceKey: Comparable {
  public static func < (one: SourceKey, other: SourceKey) -> Bool {
    (one.survey, one.source) < (other.survey, other.source)
  }
}

/// What somebody says of a pair of sources, a row of `reber.source_join`.
///
/// Nothing is replaced: of a pair the newest row counts, whoever wrote it. Which sources are one object follows
/// at once.
public struct SourceJoin: Sendable, Equatable {
  /// The source of the lower keys.
  public let one: SourceKey

  /// The source of the higher keys.
  public let other: SourceKey

  /// Whether they are one object; `nil` takes back what was said.
  public var isSame: Bool?

  /// Who says so.
  public var annotator: String

  /// A remark.
  public var comment: String?

  /// Describes what is said of two sources, which must not be the same row.
  public init(
    _ one: SourceKey, _ other: SourceKey, isSame: Bool?, annotator: String, comment: String? = nil
  ) {
    (self.one, self.other) = one < other ? (one, other) : (other, one)
    self.isSame = isSame
    self.annotator = annotator
    self.comment = comment
  }

  /// How it was said.
  public enum Method: String, Sendable, PostgresColumn {
    /// One pair, on the pages.
    case single
    /// By a table.
    case imported = "import"
  }
}

extension SourceJoin: TableRow {
  public static let table = "reber.source_join"
  public static let columns = Columns<Self>(
    .column("survey_id", \.one.survey), .column("source_id", \.one.source),
    .column("other_survey_id", \.other.survey), .column("other_source_id", \.other.source),
    .column("is_same", \.isSame), .column("annotator", \.annotator), .column("comment", \.comment)
  ) { survey, source, otherSurvey, otherSource, isSame, annotator, comment in
    SourceJoin(
      SourceKey(survey: survey, source: source),
      SourceKey(survey: otherSurvey, source: otherSource), isSame: isSame, annotator: annotator,
      comment: comment)
  }

  /// Writes what was said.
  ///
  /// - Throws: `PostgresError`; nothing is written then.
  public static func write(
    _ joins: [SourceJoin], method: Method, run: Int? = nil, in database: Connection
  ) throws {
    try database.copy(joins, with: ["method": method, "run_id": run])
  }
}
