public import PostgreSQL

/// What a person says a source is, on its way into the database.
///
/// Without a class it withdraws what the annotator said before: of the source or, in a scheme of tags, of
/// the tag. The confidence is above 0 and at most 1.
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

  /// The class that it is about, in a scheme of tags; -1 where a source has one class.
  public private(set) var tag: Int16 = -1

  /// Whether the annotator says that the tag does not apply.
  public private(set) var denies = false

  /// Describes a label of a scheme in which a source has one class.
  ///
  /// A label for what the annotator has labelled before takes the other's place.
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

  /// Says whether a tag applies to a source; `nil` withdraws what the annotator said of it before.
  ///
  /// The annotator's other tags stay as they are.
  public init(
    source: Int, tag: Int16, applies: Bool?, annotator: String, confidence: Float = 1,
    comment: String? = nil
  ) {
    self.init(
      source: source, classID: applies == nil ? nil : tag, annotator: annotator,
      confidence: confidence, comment: comment)
    self.tag = tag
    denies = applies == false
  }

  fileprivate init(
    source: Int, classID: Int16?, annotator: String, confidence: Float, comment: String?,
    tag: Int16,
    denies: Bool
  ) {
    self.init(
      source: source, classID: classID, annotator: annotator, confidence: confidence,
      comment: comment)
    (self.tag, self.denies) = (tag, denies)
  }

  /// How labels were given.
  ///
  /// Only labels of whole clusters name a clustering.
  public enum Method: Sendable, Equatable {
    /// One source at a time.
    case single
    /// A whole cluster at once.
    case cluster(Int, clustering: Int)
    /// From a file.
    case imported
    /// From a file, of what the annotators had labelled before.
    case again

    var name: String {
      switch self {
      case .single: "single"
      case .cluster: "cluster"
      case .imported: "import"
      case .again: "again"
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
    .column("comment", \.comment), .column("tag", \.tag), .column("denies", \.denies),
    make: Label.init)
}

/// A source and a class that somebody or something gave it.
///
/// Both by their keys.
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

extension Label {
  /// Adds labels of a survey's sources, in one transaction.
  ///
  /// Nothing is replaced: of an annotator's labels the newest counts.
  ///
  /// - Throws: `PostgresError`; no label is added then.
  public static func write(
    _ labels: [Label], of survey: Survey, scheme: ClassScheme, method: Method, run: Int?,
    in database: Connection
  ) throws {
    try database.copy(
      labels,
      with: [
        "survey_id": survey.id, "class_scheme_id": scheme.id, "method": method.name, "run_id": run,
        "clustering_id": method.cluster?.clustering, "cluster": method.cluster?.number,
      ])
  }
}

/// A source's consensus and the labels behind it.
///
/// The consensus is the class that most of the annotators' newest labels give, weighed by confidence; of a
/// scheme of tags there is one for each tag that applies.
public struct Consensus: Sendable {
  /// The source.
  public var source: Int
  /// The class with the most confidence behind it.
  public var classID: Int16
  /// The labels that say so.
  public var labels: [Int]
}

extension Consensus: QueryRow {
  public static let columns = Columns<Self>(
    .column("source_id", \.source), .column("class_id", \.classID), .column("label_ids", \.labels),
    make: Consensus.init)

  /// What the annotators say of each labelled source of a survey now, in the order of the sources.
  public static func all(
    of survey: Survey, scheme: ClassScheme, in database: Connection
  ) throws -> [Consensus] {
    try database.rows(
      """
      SELECT \(columns) FROM reber.consensus
      WHERE survey_id = \(survey.id) AND class_scheme_id = \(scheme.id)
      ORDER BY source_id
      """, as: Consensus.self)
  }

  /// The consensus of at most so many sources, evenly over the survey: of all where they are fewer.
  public static func some(
    _ count: Int, of survey: Survey, scheme: ClassScheme, labelled: Int, in database: Connection
  ) throws -> [Consensus] {
    if labelled <= count { return try all(of: survey, scheme: scheme, in: database) }
    return try database.rows(
      """
      SELECT DISTINCT ON (source_id) \(columns)
      FROM (
          SELECT min(source_id) AS first, max(source_id) - min(source_id) AS length
          FROM reber.agreed
          WHERE survey_id = \(survey.id)
      ) AS ends
      CROSS JOIN generate_series(0, \(count - 1)) AS step
      CROSS JOIN LATERAL (
          SELECT * FROM reber.consensus
          WHERE survey_id = \(survey.id) AND class_scheme_id = \(scheme.id)
              AND source_id >= first + length * step / \(count)
          ORDER BY source_id
          LIMIT 1
      ) AS near
      ORDER BY source_id
      """, as: Consensus.self)
  }

  /// The consensus of the annotators by source, as names of classes.
  ///
  /// Sources without a label that counts are not among them.
  public static func names(
    of survey: Survey, scheme: ClassScheme, in database: Connection
  ) throws -> [Int: String] {
    let names = Dictionary(scheme.classes.map { ($0.id, $0.name) }, uniquingKeysWith: { $1 })
    let known = try all(of: survey, scheme: scheme, in: database)
    return Dictionary(known.map { ($0.source, names[$0.classID]) }, uniquingKeysWith: { $1 })
      .compactMapValues(\.self)
  }

  /// The place, in the scheme, of the class of each labelled source that has a row, by its row.
  public static func places(
    of survey: Survey, scheme: ClassScheme, rows: [Int: Int], in database: Connection
  ) throws -> [Int: Int] {
    let places = Dictionary(
      scheme.classes.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { $1 })
    let known = try all(of: survey, scheme: scheme, in: database).compactMap { label in
      rows[label.source].flatMap { row in places[label.classID].map { (row, $0) } }
    }
    return Dictionary(known, uniquingKeysWith: { $1 })
  }

  /// The labels as an input of a run: how many sources have one, and a digest.
  ///
  /// - Throws: `CatalogueError.missing` where there are none.
  public static func input(
    of survey: Survey, scheme: ClassScheme, in database: Connection
  ) throws -> Work.Input {
    let (rows, digest) = try database.row(
      """
      SELECT count(DISTINCT source_id),
          encode(
              sha256(convert_to(
                  coalesce(
                      string_agg(
                          source_id || ' ' || class_id || CASE WHEN denies THEN ' no' ELSE '' END, ','
                          ORDER BY source_id, class_id
                      ), ''
                  ), 'UTF8'
              )),
              'hex'
          )
      FROM reber.agreed
      WHERE survey_id = \(survey.id) AND class_scheme_id = \(scheme.id) AND class_id IS NOT NULL
      """, as: Int.self, String.self)
    guard rows > 0 else {
      throw CatalogueError.missing(
        "label of scheme '\(scheme.name)' in survey '\(survey.name)'",
        hint: "add some with 'reber label import' or 'reber label cluster'")
    }
    return Work.Input(role: "consensus", name: survey.name, sha256: digest, rows: rows)
  }

  /// The runs that wrote the labels which count now.
  ///
  /// They are what a run that reads the labels rests on, with the role `labels`. Those that people gave on
  /// the pages come from no run.
  public static func runs(
    of survey: Survey, scheme: ClassScheme, in database: Connection
  ) throws -> [Work.Parent] {
    try database.rows(
      """
      SELECT DISTINCT run_id FROM reber.current_label
      WHERE survey_id = \(survey.id) AND class_scheme_id = \(scheme.id) AND run_id IS NOT NULL
      """, as: Int.self
    ).map { Work.Parent(run: $0, role: "labels") }
  }
}
