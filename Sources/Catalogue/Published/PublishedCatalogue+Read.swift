public import PostgreSQL

extension PublishedCatalogue {
  /// Gives the catalogue's cells as text, null for null, in the order of names and a few thousand
  /// rows at a time.
  ///
  /// PostgreSQL writes numbers with the fewest digits that read back to the same value.
  public func read(in database: Connection, _ body: ([[String?]]) throws -> Void) throws {
    let list = columns.map { "\(identifier: $0.name)" as SQL }.joined(separator: ", ")
    var chunk: [[String?]] = []
    try database.query(
      "SELECT \(list) FROM catalogue.\(identifier: name) ORDER BY name", columns: { _ in },
      row: { row in
        chunk.append(row)
        guard chunk.count == 4096 else { return }
        try body(chunk)
        chunk.removeAll(keepingCapacity: true)
      })
    if !chunk.isEmpty { try body(chunk) }
  }

  /// Where the catalogue comes from, for the header of an exported file.
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
    let row = try database.row(
      """
      SELECT run.code_version,
          to_char(published_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
          catalogue.sha256, model.sha256, survey.reference
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
      """, as: String.self, String.self, String.self, String.self, String?.self)
    return Origin(
      codeVersion: row.0, publishedAt: row.1, sha256: row.2, modelSHA256: row.3,
      reference: row.4)
  }
}
