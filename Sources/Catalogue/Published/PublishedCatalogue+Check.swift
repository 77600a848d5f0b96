import Digest
public import PostgreSQL

extension PublishedCatalogue {
  /// Whether the table holds what was published; `nil` for a catalogue of a version that digested its rows
  /// in another way.
  public func isAsPublished(in database: Connection) throws -> Bool? {
    let (sha256, blockRows, isComparable) = try database.row(
      """
      SELECT sha256, block_rows, published_at > (
          SELECT applied_at FROM reber.schema_migration WHERE name = '0037_publishing'
      )
      FROM reber.catalogue
      WHERE name = \(name)
      """, as: String.self, Int?.self, Bool.self)
    guard isComparable else { return nil }
    let found = try RowDigest.of(
      table: "catalogue.\"\(name)\"", inBlocksOf: blockRows, in: database)
    return found.rows == rows && found.sha256.hex == sha256
  }

  /// A row of the catalogue, beside what it came from.
  public struct Sample: Sendable {
    /// The source.
    public var name: String
    /// What the catalogue says, in the order of the model's classes.
    public var published: [Float]
    /// The set of classes that the catalogue says; `nil` where it says none.
    public var publishedSet: String?
    /// What the classification said.
    public var prediction: Prediction
    /// Whether the stored pixels are those that were stored.
    public var isIntact: Bool
  }

  /// Whether it was published with a column of sets; a survey may have one of its own that is called so.
  private var hasSets: Bool {
    columns.contains { $0.name == "class_set" } && columns.contains { $0.name == "abstain" }
  }

  /// Some of the rows, drawn by chance, beside what they came from; a row that came from nothing is left
  /// out.
  public func sample(
    _ count: Int, seed: Int, classes: Int, in database: Connection
  ) throws -> [Sample] {
    // Classes may have got other names since: the columns are known by their order.
    let names = try database.rows(
      """
      SELECT name FROM reber.catalogue_column
      WHERE catalogue = \(name) AND name LIKE 'p\\_%' ORDER BY ordinal LIMIT \(classes)
      """, as: String.self)
    let columns = names.map { "\(identifier: $0)" as SQL }
    let set: SQL = hasSets ? "class_set" : "NULL::text"
    return try database.rows(
      """
      SELECT \(Sample.columns)
      FROM (
          SELECT name, ARRAY[\(columns.joined(separator: ", "))]::real[] AS published, \(set) AS class_set
          FROM catalogue.\(identifier: name)
          ORDER BY hashtextextended(name, \(seed))
          LIMIT \(count)
      ) AS catalogue
      JOIN \(sources) AS source USING (name)
      JOIN reber.prediction USING (survey_id, source_id)
      JOIN reber.cutout USING (survey_id, cutout_id)
      JOIN reber.cutout_pixels USING (survey_id, cutout_id)
      JOIN reber.survey USING (survey_id)
      WHERE survey.name = \(survey) AND prediction.run_id = \(classification)
      ORDER BY cutout_id
      """, as: Sample.self)
  }
}

extension PublishedCatalogue.Sample: QueryRow {
  public static let columns = Columns<Self>(
    .column("source.name", \.name), .column("published", \.published),
    .column("class_set", \.publishedSet),
    .group(
      \.prediction,
      Columns<Prediction>(
        .column("prediction.source_id", \.source), .column("prediction.cutout_id", \.cutout),
        .column("probabilities", \.probabilities), .column("unlikeness", \.unlikeness),
        make: Prediction.init)),
    .expression("cutout.sha256 = sha256(pixels)", as: "is_intact", \.isIntact),
    make: PublishedCatalogue.Sample.init)
}

extension Model {
  /// The models whose weights are not those that were stored: all, or those that a run rests on.
  public static func damaged(below run: Int? = nil, in database: Connection) throws -> [Int] {
    let chosen: SQL = run.map { "run_id IN (SELECT run_id FROM reber.lineage(\($0)))" } ?? "true"
    return try database.rows(
      """
      SELECT model_id
      FROM reber.model
      LEFT JOIN reber.model_weights USING (model_id)
      WHERE \(chosen) AND encode(sha256(weights), 'hex') IS DISTINCT FROM sha256
      ORDER BY model_id
      """, as: Int.self)
  }
}
