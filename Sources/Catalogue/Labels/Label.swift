public import PostgreSQL

/// What a person says a source is, on its way into the database.
public struct Label: Sendable, Equatable {
  /// The source.
  public var source: Int

  /// The class; `nil` withdraws what the annotator said before.
  public var classID: Int16?

  /// Who says so.
  public var annotator: String

  /// How sure the annotator is, above 0 and up to 1.
  public var confidence: Float

  /// A remark.
  public var comment: String?

  /// Describes a label.
  public init(
    source: Int, classID: Int16?, annotator: String, confidence: Float = 1,
    comment: String? = nil
  ) {
    self.source = source
    self.classID = classID
    self.annotator = annotator
    self.confidence = confidence
    self.comment = comment
  }

  /// How labels were given.
  public enum Method: Sendable, Equatable {
    /// One source at a time.
    case single
    /// A whole cluster at once.
    case cluster(Int, clustering: Int)
    /// From a file.
    case imported

    var name: String {
      switch self {
      case .single: "single"
      case .cluster: "cluster"
      case .imported: "import"
      }
    }

    var cluster: (number: Int, clustering: Int)? {
      if case .cluster(let number, let clustering) = self { (number, clustering) } else { nil }
    }
  }
}

extension Label: TableRow {
  public static let table = "reber.label"
  public static let columns = Columns<Self>(
    .column("source_id", \.source), .column("class_id", \.classID),
    .column("annotator", \.annotator), .column("confidence", \.confidence),
    .column("comment", \.comment), make: Label.init)
}

/// A source and a class that somebody or something gave it.
public struct SourceClass: Sendable, Equatable {
  /// The source.
  public var source: Int

  /// The class.
  public var classID: Int16

  /// Pairs the two.
  public init(source: Int, classID: Int16) {
    self.source = source
    self.classID = classID
  }
}

extension SourceClass: QueryRow {
  public static let columns = Columns<Self>(
    .column("source_id", \.source), .column("class_id", \.classID), make: SourceClass.init)
}

extension Survey {
  /// Adds labels, in one transaction.
  public func write(
    _ labels: [Label], scheme: ClassScheme, method: Label.Method, run: Int?,
    in database: Connection
  ) throws {
    try database.copy(
      labels,
      with: [
        "survey_id": id, "class_scheme_id": scheme.id, "method": method.name, "run_id": run,
        "clustering_id": method.cluster?.clustering, "cluster": method.cluster?.number,
      ])
  }

  /// A source's consensus and the labels behind it.
  public struct Consensus: Sendable {
    /// The source.
    public var source: Int
    /// The class with the most confidence behind it.
    public var classID: Int16
    /// The labels that say so.
    public var labels: [Int64]
  }

  /// What the annotators say of each labelled source now, in the order of the sources.
  public func consensus(
    scheme: ClassScheme, in database: Connection
  ) throws -> [Consensus] {
    try database.rows(
      """
      SELECT source_id, class_id, label_ids FROM reber.consensus
      WHERE survey_id = \(id) AND class_scheme_id = \(scheme.id)
      ORDER BY source_id
      """, as: Int.self, Int16.self, [Int64].self
    ).map { Consensus(source: $0, classID: $1, labels: $2) }
  }

  /// The labels as an input of a run: how many sources have one, and a digest.
  ///
  /// - Throws: `CatalogueError.missing` where there are none.
  public func labelInput(scheme: ClassScheme, in database: Connection) throws -> Work.Input {
    let (rows, digest) = try database.row(
      """
      SELECT count(*),
          encode(
              sha256(convert_to(
                  coalesce(string_agg(source_id || ' ' || class_id, ',' ORDER BY source_id), ''),
                  'UTF8'
              )),
              'hex'
          )
      FROM reber.consensus
      WHERE survey_id = \(id) AND class_scheme_id = \(scheme.id)
      """, as: Int.self, String.self)
    guard rows > 0 else {
      throw CatalogueError.missing(
        "label of scheme '\(scheme.name)' in survey '\(name)'",
        hint: "add some with 'reber label import' or 'reber label cluster'")
    }
    return Work.Input(role: "consensus", name: name, sha256: digest, rows: rows)
  }

  /// The runs that wrote the labels which count now.
  public func labelRuns(scheme: ClassScheme, in database: Connection) throws -> [Work.Parent] {
    try database.rows(
      """
      SELECT DISTINCT run_id FROM reber.current_label
      WHERE survey_id = \(id) AND class_scheme_id = \(scheme.id) AND run_id IS NOT NULL
      """, as: Int.self
    ).map { Work.Parent(run: $0, role: "labels") }
  }
}
