public import Astronomy
public import PostgreSQL

extension PublishedCatalogue {
  /// Gives the catalogue's cells in the order of names, a few thousand rows at a time.
  ///
  /// NaN and an empty text are null, as files have them.
  public func read(in database: Connection, _ body: ([[Value]]) throws -> Void) throws {
    let list = columns.map { "\(identifier: $0.name)" as SQL }.joined(separator: ", ")
    var chunk: [[Value]] = []
    try database.query(
      "SELECT \(list) FROM catalogue.\(identifier: name) ORDER BY name", columns: { _ in },
      row: { row in
        chunk.append(row.map(\.inFiles))
        guard chunk.count == 4096 else { return }
        try body(chunk)
        chunk.removeAll(keepingCapacity: true)
      })
    if !chunk.isEmpty { try body(chunk) }
  }

  /// Where the catalogue comes from, for the header of an exported file.
  ///
  /// The digests are SHA-256, of the published rows and of the model's weights; the time is ISO 8601 in
  /// UTC.
  public struct Origin: Sendable {
    /// The code that published it.
    public var codeVersion: String
    /// When it was published, ISO 8601.
    public var publishedAt: String
    /// SHA-256 over its rows.
    public var sha256: String
    /// SHA-256 of the classifier's weights.
    public var modelSHA256: String
    /// The publication or address of the survey.
    public var reference: String?
  }

  /// Where the catalogue comes from.
  public func origin(in database: Connection) throws -> Origin {
    try database.row(
      """
      SELECT \(Origin.columns)
      FROM reber.catalogue
      JOIN reber.run USING (run_id)
      JOIN reber.survey USING (survey_id)
      CROSS JOIN LATERAL (
          SELECT model.sha256
          FROM reber.prediction
          JOIN reber.model USING (model_id)
          WHERE prediction.run_id = catalogue.classification_run_id
          LIMIT 1
      ) AS model
      WHERE catalogue.name = \(name)
      """, as: Origin.self)
  }
}

extension PublishedCatalogue.Origin: QueryRow {
  public static let columns = Columns<Self>(
    .column("run.code_version", \.codeVersion),
    .expression(utc("published_at"), as: "published_at", \.publishedAt),
    .column("catalogue.sha256", \.sha256), .column("model.sha256", \.modelSHA256),
    .column("survey.reference", \.reference), make: PublishedCatalogue.Origin.init)
}

extension Value {
  /// The value as no exchange format keeps it apart from null.
  fileprivate var inFiles: Value {
    switch self {
    case .real(let number): Value(number)
    case .text(let text): Value(text)
    default: self
    }
  }
}
