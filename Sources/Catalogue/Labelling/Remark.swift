public import PostgreSQL

/// What somebody says of a source beside its label: a note or a flag, a row of `reber.source_remark`.
///
/// Nothing is replaced: of an annotator, a source and a kind the newest row counts.
public struct Remark: Sendable {
  /// What it is.
  public var kind: Kind
  /// Whether it stands, or takes back what its annotator said before of the kind.
  public var stands: Bool
  /// The words of a note that stands.
  public var note: String?
  /// Who says so.
  public var annotator: String
  /// When, UTC.
  public var at: String

  /// A note, or one of the flags.
  public enum Kind: String, Sendable, CaseIterable, PostgresColumn {
    /// Words.
    case note
    /// Not of the sky.
    case artefact
    /// Other sources lie in it.
    case blended
    /// The catalogue takes two for one.
    case twoSources = "two sources"

    /// The kinds that are flags.
    public static let flags: [Kind] = [.artefact, .blended, .twoSources]
  }

  /// The most characters of a note.
  public static let longest = 4000
}

extension Remark: QueryRow {
  public static let columns = Columns<Self>(
    .column("kind", \.kind), .column("stands", \.stands), .column("note", \.note),
    .column("annotator", \.annotator),
    .expression(
      "to_char(remarked_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')", as: "remarked_at", \.at),
    make: Remark.init)

  /// All that was said of a source, newest first; what was taken back, and what took it back, too.
  public static func all(
    of source: Int, in survey: Survey, _ database: Connection
  ) throws -> [Remark] {
    try database.rows(
      """
      SELECT \(columns) FROM reber.source_remark
      WHERE survey_id = \(survey.id) AND source_id = \(source)
      ORDER BY remark_id DESC
      """, as: Remark.self)
  }
}

extension Annotation {
  /// Notes something of a source, or sets a flag; takes back, where it stands no more, what the annotator said.
  ///
  /// - Throws: `PostgresError`, where the note is longer than ``Remark/longest``.
  public func remark(
    _ kind: Remark.Kind, stands: Bool = true, note: String? = nil, of source: Int,
    in database: Connection
  ) throws {
    try database.execute(
      """
      INSERT INTO reber.source_remark (survey_id, source_id, annotator, kind, stands, note)
      VALUES (\(survey.id), \(source), \(annotator), \(kind), \(stands), \(note))
      """)
  }
}
