public import PostgreSQL

/// A source that is another in one published catalogue than in another.
public struct CatalogueChange: Sendable {
  /// Its name, of two the later.
  public var name: String
  /// What is said of it before; nil where it was not there.
  public var before: Verdict?
  /// What is said of it after; nil where it is not there any more.
  public var after: Verdict?
  /// Whether it was classified by another image; `nil` where there is no more than one.
  public var hasNewImage: Bool?

  /// A class and its probability.
  public struct Verdict: Sendable, Equatable {
    /// The most probable class.
    public var className: String
    /// Its probability.
    public var probability: Float
  }

  /// In which way the source is another.
  public enum Kind: String, Sendable, Codable, CaseIterable {
    case appeared, went, otherClass, otherProbability
  }

  /// In which way the source is another.
  public var kind: Kind {
    guard let before else { return .appeared }
    guard let after else { return .went }
    return before.className == after.className ? .otherProbability : .otherClass
  }
}

extension CatalogueChange: QueryRow {
  public static let columns = Columns<Self>(
    .expression("coalesce(after.name, before.name)", as: "name", \.name),
    .group(
      \.before,
      optional: Columns(
        .column("before.class", \.className), .column("before.probability", \.probability),
        make: Verdict.init)),
    .group(
      \.after,
      optional: Columns(
        .column("after.class", \.className), .column("after.probability", \.probability),
        make: Verdict.init)),
    .expression("before.image <> after.image", as: "has_new_image", \.hasNewImage),
    make: CatalogueChange.init)
}

extension PublishedCatalogue {
  /// Gives the sources that are others in a catalogue than in an earlier one.
  ///
  /// In two catalogues of a survey a source is the same by its key, whatever either calls it; in those of two
  /// surveys, by its name.
  ///
  /// - Parameters:
  ///   - earlier: The earlier one.
  ///   - tolerance: What a probability may differ by where the class is the same.
  ///   - database: The connection.
  ///   - body: Takes a source.
  /// - Throws: Whatever `body` throws.
  public func readChanges(
    since earlier: PublishedCatalogue, tolerance: Float, in database: Connection,
    _ body: (CatalogueChange) throws -> Void
  ) throws {
    let key: SQL = earlier.survey == survey ? "source_id" : "name"
    try database.copy(
      outOf: """
        SELECT \(CatalogueChange.columns)
        FROM (\(earlier.verdicts)) AS before
        FULL JOIN (\(verdicts)) AS after ON after.\(key) = before.\(key)
        WHERE before.name IS NULL OR after.name IS NULL OR before.class <> after.class
            OR abs(before.probability - after.probability) > \(raw: String(tolerance))
        ORDER BY 1
        """, as: CatalogueChange.self, forEach: body)
  }

  /// What the catalogue says of each source, with its key and the digest of its image.
  private var verdicts: SQL {
    """
    SELECT name, class, probability, source_id, image
    FROM catalogue.\(identifier: name)
    LEFT JOIN (
        SELECT source.name, source_id, cutout.sha256 AS image
        FROM \(classified)
        JOIN reber.cutout USING (survey_id, source_id, cutout_id)
        WHERE prediction.run_id = \(raw: String(classification))
    ) AS classified USING (name)
    """
  }

  /// What else is another than with an earlier catalogue, and can have changed every source.
  public func causes(since earlier: PublishedCatalogue, in database: Connection) throws -> [Cause] {
    let (model, labels, code, options) = try database.row(
      """
      SELECT
          old.model IS DISTINCT FROM new.model, old.labels IS DISTINCT FROM new.labels,
          old.code_version <> new.code_version,
          old.parameters - 'model' <> new.parameters - 'model'
      FROM (\(basis(of: earlier))) AS old, (\(basis(of: self))) AS new
      """, as: Bool.self, Bool.self, Bool.self, Bool.self)
    // Another model that was taught other labels is another for that reason.
    return [
      labels ? .labels : nil, model && !labels ? .model : nil, code ? .code : nil,
      options ? .options : nil,
    ].compactMap(\.self)
  }

  /// What a classification was made with: the digests of the model and of the labels that taught it.
  private func basis(of catalogue: PublishedCatalogue) -> SQL {
    """
    SELECT
        run.code_version, run.parameters,
        (
            SELECT model.sha256 FROM reber.prediction JOIN reber.model USING (model_id)
            WHERE prediction.run_id = run.run_id LIMIT 1
        ) AS model,
        (
            SELECT sha256(string_agg(label_id::text, ',' ORDER BY label_id)::bytea)
            FROM (
                SELECT DISTINCT unnest(label_ids) AS label_id
                FROM reber.lineage(run.run_id) JOIN reber.training_source USING (run_id)
            ) AS taught
        ) AS labels
    FROM reber.run
    WHERE run_id = \(catalogue.classification)
    """
  }

  /// Why a catalogue is another than one before.
  public enum Cause: String, Sendable, Codable {
    /// The classifier learned from other labels.
    case labels
    /// The classifier is another, taught by the same labels.
    case model
    /// Another version of the code classified.
    case code
    /// It was classified with other options.
    case options
  }
}
