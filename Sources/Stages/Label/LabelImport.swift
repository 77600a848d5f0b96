import Catalogue
import Digest
import Foundation
import PostgreSQL
import Tables
import Tensor

/// Reads labels from a table: a source, a class, and perhaps who said so and how surely.
public struct LabelImport: Codable, Sendable {
  /// The survey whose sources are labelled.
  public var survey: String

  /// The class scheme; a new one is made where `addsClasses` is true.
  public var scheme = ClassScheme.twelveClasses

  /// The column with the source's name; guessed where it is `nil`.
  public var sourceColumn: String?

  /// The column with the class; guessed where it is `nil`.
  public var classColumn: String?

  /// The column with the annotator's name.
  public var annotatorColumn: String?

  /// The column with the annotator's confidence, 0 to 1.
  public var confidenceColumn: String?

  /// The annotator where no column names one.
  public var annotator = "import"

  /// Classes by the text that stands for them in the file; an empty class leaves the row out.
  public var classMap: [String: String] = [:]

  /// Whether classes that the scheme lacks are added to it.
  public var addsClasses = false

  /// The share of each class's rows that is taken, chosen at random.
  public var fraction = 1.0

  /// The seed of that choice.
  public var seed: UInt64 = 1

  /// Describes an import with the usual options.
  public init(survey: String) {
    self.survey = survey
  }

  /// What an import did.
  public struct Metrics: Codable, Sendable {
    /// Labels written.
    public var labels = 0
    /// Labels written, by class.
    public var byClass: [String: Int] = [:]
    /// Rows whose class the map leaves out, or that had none.
    public var unclassified = 0
    /// Rows left out by `fraction` or by the list of sources.
    public var leftOut = 0
    /// Rows set aside: their source is not in the survey.
    public var rejected = 0
  }
}

/// A row of a file of labels.
struct LabelRow: Sendable {
  var row: Int
  var source: String
  var className: String
  var annotator: String
  var confidence: Float
}

extension Workplace {
  /// Imports labels from a FITS, VOTable or CSV table, as one run in one transaction.
  ///
  /// Where `only` names a table, such as the sheet that `reber label choose` writes, its sources
  /// alone are labelled.
  ///
  /// - Throws: `LabelError` where a class is unknown or a column is missing; then nothing is
  ///   written.
  public func importLabels(
    from path: String, only: String? = nil, _ options: LabelImport
  ) async throws -> StageReport<LabelImport.Metrics> {
    let survey = try await survey(options.survey)
    var inputs = [try fileInput(path, role: "labels")]
    if let only { inputs.append(try fileInput(only, role: "selection")) }
    let work = Work(
      stage: "label", parameters: try JSON(encoding: options), seed: options.seed, inputs: inputs)
    return try await perform(work) { run in
      var metrics = LabelImport.Metrics()
      let rows = try options.rows(in: path, counting: &metrics)
      let listed = try only.map { try options.sources(in: $0) }
      let chosen = options.choose(rows.filter { listed?.contains($0.source) ?? true })
      metrics.leftOut = rows.count - chosen.count
      let counted = metrics
      return try await database.with { database in
        try options.write(
          chosen, to: survey, file: path, run: run, metrics: counted, in: database)
      }
    }
  }
}

extension LabelImport {
  /// The rows that have a class, by the map.
  func rows(in path: String, counting metrics: inout Metrics) throws -> [LabelRow] {
    let table = try openTable(path)
    let columns = table.columns.map(\.name)
    let source = try column(sourceColumn, Self.sourceNames, in: columns, of: path, "source")
    let label = try column(classColumn, Self.classNames, in: columns, of: path, "class")
    let annotator = try annotatorColumn.map { try column($0, [], in: columns, of: path, "") }
    let confidence = try confidenceColumn.map { try column($0, [], in: columns, of: path, "") }
    var rows: [LabelRow] = []
    var number = 0
    var unclassified = 0
    try table.read(chunk: 8192) { chunk in
      for values in chunk {
        number += 1
        guard let name = values[source].plainText, let text = values[label].plainText,
          case let className = classMap[text] ?? text, !className.isEmpty
        else {
          unclassified += 1
          continue
        }
        rows.append(
          LabelRow(
            row: number, source: name, className: className,
            annotator: annotator.flatMap { values[$0].plainText } ?? self.annotator,
            confidence: confidence.flatMap { values[$0].number }.map(Float.init) ?? 1))
      }
    }
    metrics.unclassified = unclassified
    return rows
  }

  /// The names of the sources that a table lists.
  func sources(in path: String) throws -> Set<String> {
    let table = try openTable(path)
    let source = try column(
      sourceColumn, Self.sourceNames, in: table.columns.map(\.name), of: path, "source")
    var names: Set<String> = []
    try table.read(chunk: 8192) { names.formUnion($0.compactMap { $0[source].plainText }) }
    return names
  }

  private func column(
    _ chosen: String?, _ usual: [String], in columns: [String], of path: String, _ what: String
  ) throws -> Int {
    if let chosen {
      guard let index = columns.firstIndex(of: chosen) else {
        throw LabelError.unknownColumn(chosen, file: path, known: columns)
      }
      return index
    }
    let lower = columns.map { $0.lowercased() }
    guard let index = usual.lazy.compactMap(lower.firstIndex).first else {
      throw LabelError.unmapped(what, file: path, known: columns)
    }
    return index
  }

  private static let sourceNames = ["source", "name", "source_name", "source_id", "id"]
  private static let classNames = ["class", "class_name", "label", "morphology", "truth"]

  /// A random share of each class, the same for the same seed.
  func choose(_ rows: [LabelRow]) -> [LabelRow] {
    guard fraction < 1 else { return rows }
    var chosen: [LabelRow] = []
    let byClass = Dictionary(grouping: rows, by: \.className)
    for (index, name) in byClass.keys.sorted().enumerated() {
      var random = RandomStream(seed, index)
      let members = (byClass[name] ?? []).shuffled(using: &random)
      chosen += members.prefix(Int((fraction * Double(members.count)).rounded(.up)))
    }
    return chosen.sorted { $0.row < $1.row }
  }

  fileprivate func write(
    _ rows: [LabelRow], to survey: Survey, file: String, run: Int, metrics: Metrics,
    in database: Connection
  ) throws -> Metrics {
    var metrics = metrics
    try database.transaction { database in
      let scheme = try scheme(for: rows, file: file, in: database)
      let keys = try survey.sourceKeys(in: database)
      let classes = Dictionary(scheme.classes.map { ($0.name, $0.id) }, uniquingKeysWith: { $1 })
      let known = rows.filter { keys[$0.source] != nil }
      let labels = known.compactMap { row in
        keys[row.source].map {
          Label(
            source: $0, classID: classes[row.className], annotator: row.annotator,
            confidence: row.confidence)
        }
      }
      try survey.write(labels, scheme: scheme, method: .imported, run: run, in: database)
      let unknown = rows.filter { keys[$0.source] == nil }
      try Rejected.write(
        unknown.map {
          Rejected(
            row: $0.row, name: $0.source, reason: "survey '\(survey.name)' has no such source")
        }, file: file, run: run, in: database)
      metrics.labels = labels.count
      metrics.rejected = unknown.count
      metrics.byClass = known.reduce(into: [:]) { $0[$1.className, default: 0] += 1 }
    }
    return metrics
  }

  private func scheme(
    for rows: [LabelRow], file: String, in database: Connection
  ) throws -> ClassScheme {
    let names = Set(rows.map(\.className)).sorted()
    guard !names.isEmpty else { throw LabelError.noLabels(file: file) }
    if addsClasses { return try ClassScheme.add(named: scheme, classes: names, in: database) }
    let found = try ClassScheme.named(scheme, in: database)
    for name in names { _ = try found.classID(named: name) }
    return found
  }
}
