public import Astronomy
public import PostgreSQL

extension PublishedCatalogue {
  /// Which rows are read, and in which order; what is read of each before the catalogue's columns.
  public struct Reading: Sendable {
    var lead: [SQL]
    var join, order: SQL

    /// All rows, in the order of names.
    public static let byName = Reading(lead: [], join: "", order: "name")
  }

  /// Gives the catalogue's cells, a few thousand rows at a time.
  ///
  /// NaN and an empty text are null, as files have them.
  public func read(
    _ reading: Reading = .byName, in database: Connection, _ body: ([[Value]]) throws -> Void
  ) throws {
    var chunk: [[Value]] = []
    let count = reading.lead.count
    try database.query(
      rows(reading) { "\(identifier: $0.name)" }, columns: { _ in },
      row: { row in
        let cells = zip(columns, row.dropFirst(count)).map { $0.isArray ? $1.vector : $1.inFiles }
        chunk.append(row.prefix(count) + cells)
        guard chunk.count == 4096 else { return }
        try body(chunk)
        chunk.removeAll(keepingCapacity: true)
      })
    if !chunk.isEmpty { try body(chunk) }
  }

  /// Gives the rows, each as the bytes of its cells, which FITS has too: numbers
  /// with the most significant byte first, a truth value as 0 or 1, text in UTF-8; `nil` for null.
  ///
  /// The bytes are there as long as `body` runs.
  public func readCells(
    _ reading: Reading = .byName, in database: Connection,
    _ body: ([UnsafeRawBufferPointer?]) throws -> Void
  ) throws {
    try database.copy(cellsOutOf: rows(reading) { "\(identifier: $0.name)" }, forEach: body)
  }

  /// Gives the rows in the order of names, each as a line of CSV in UTF-8 with its end.
  ///
  /// Text stands in quotes and nothing else does, so that no name looks like a number or a null; a
  /// null is empty.
  public func readLines(
    separator: Character, in database: Connection, _ body: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    let texts = columns.filter(\.isText).map { "\(identifier: $0.name)" as SQL }
    try database.copy(
      textOutOf: rows(.byName, \.inLines),
      options: """
        , FORMAT csv, DELIMITER E'\(raw: String(separator))', \
        FORCE_QUOTE (\(texts.joined(separator: ", ")))
        """,
      forEach: body)
  }

  private func rows(_ reading: Reading, _ cell: (Column) -> SQL) -> SQL {
    let list = (reading.lead + columns.map(cell)).joined(separator: ", ")
    return """
      SELECT \(list)
      FROM catalogue.\(identifier: name) \(reading.join)
      ORDER BY \(reading.order)
      """
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
    /// The classifier.
    public var model: Int
    /// SHA-256 of the classifier's weights.
    public var modelSHA256: String
  }

  /// Where the catalogue comes from.
  public func origin(in database: Connection) throws -> Origin {
    try database.row(
      """
      SELECT \(Origin.columns)
      FROM reber.catalogue
      JOIN reber.run USING (run_id)
      CROSS JOIN LATERAL (
          SELECT model_id, model.sha256
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
    .column("catalogue.sha256", \.sha256), .column("model.model_id", \.model),
    .column("model.sha256", \.modelSHA256), make: PublishedCatalogue.Origin.init)
}

extension PublishedCatalogue.Column {
  var isArray: Bool { type.hasSuffix("[]") }

  /// Whether its values are neither numbers nor truth values, nor arrays.
  var isText: Bool {
    let others = [
      "boolean", "smallint", "integer", "bigint", "real", "double precision", "numeric",
    ]
    return !isArray && !others.contains(type)
  }

  /// The cell as lines of text have it: `true`, `[1,2]`.
  fileprivate var inLines: SQL {
    if type == "boolean" { return "\(identifier: name)::text AS \(identifier: name)" }
    if isArray {
      return "translate(\(identifier: name)::text, '{}', '[]') AS \(identifier: name)"
    }
    return "\(identifier: name)"
  }
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

  /// The vector that the text `{1.5,NULL}` stands for, with NaN for what is missing.
  fileprivate var vector: Value {
    guard case .text(let text) = self else { return .null }
    let elements = text.dropFirst().dropLast().split(separator: ",")
    return Value(elements.map { Double($0) ?? .nan })
  }
}
