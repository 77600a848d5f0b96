import Astronomy
public import Catalogue
import Digest
import Foundation
import PostgreSQL
import Tables
import Tensor

/// Reads labels from a table: a source, a class, and perhaps who said so and how surely.
public struct LabelImport: Stored {
  public static var usual: Self? { Self(survey: "") }

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

  /// The column with the annotator's confidence, above 0 and up to 1.
  public var confidenceColumn: String?

  /// Whether that column holds per cent, above 0 and up to 100.
  public var confidenceIsPercent = false

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

  /// Describes an import with the defaults.
  public init(survey: String) {
    self.survey = survey
  }

  /// What an import did.
  public struct Metrics: Stored {
    public static var usual: Self? { Self() }

    /// Labels written.
    public var labels = 0
    /// Labels written, by class.
    public var byClass: [String: Int] = [:]
    /// Rows whose class the map leaves out, or that had none.
    public var unclassified = 0
    /// Rows left out by `fraction` or by the list of sources.
    public var leftOut = 0
    /// Rows that say again what an earlier row of the file said.
    public var repeated: Int?
    /// Rows set aside in `reber.rejected`: their source is not in the survey, their confidence is
    /// none, or another row contradicts them.
    public var rejected = 0
    /// Of those, rows in which an annotator gives a source two classes.
    public var contradictory: Int?
  }
}

/// Imports labels from a FITS, VOTable or CSV table, as one run in one transaction.
public struct LabelImportStage: Stage {
  public static let name = StageName.label

  /// The table.
  public var file: String

  /// A table, such as the sheet that `reber label choose` writes, whose sources alone are labelled.
  public var only: String?

  /// How the table is read.
  public var options: LabelImport

  /// Describes the import of all labels in a table.
  public init(file: String, only: String? = nil, _ options: LabelImport) {
    self.file = file
    self.only = only
    self.options = options
  }

  /// Reads and writes the labels.
  ///
  /// - Throws: `LabelError` where a class is unknown or a column is missing; then nothing is
  ///   written.
  public func plan(in place: Workplace) async throws -> Plan<LabelImport.Metrics> {
    let survey = try await place.survey(options.survey)
    var inputs = [try fileInput(file, role: "labels")]
    if let only { inputs.append(try fileInput(only, role: "selection")) }
    return Plan(try self.work(options, seed: options.seed, inputs: inputs)) { run in
      let table = try options.read(file)
      let listed = try only.map { try options.sources(in: $0) }
      let chosen = options.choose(table.rows.filter { listed?.contains($0.source) ?? true })
      var metrics = LabelImport.Metrics()
      metrics.unclassified = table.unclassified
      metrics.leftOut = table.rows.count - chosen.count
      let counted = metrics
      return { database in
        try options.write(
          LabelTable(rows: chosen, rejected: table.rejected), to: survey, file: file, run: run,
          metrics: counted, in: database)
      }
    }
  }
}

extension LabelImport {
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
    _ table: LabelTable, to survey: Survey, file: String, run: Int, metrics: Metrics,
    in database: Connection
  ) throws -> Metrics {
    var metrics = metrics
    let scheme = try scheme(for: table.rows, file: file, in: database)
    var table = table
    for index in table.rows.indices {
      table.rows[index].className = scheme.name(of: table.rows[index].className)
    }
    let keys = try Source.keys(of: survey, in: database)
    table.setAside { row in
      keys[row.source] == nil ? "survey '\(survey.name)' has no such source" : nil
    }
    metrics.contradictory = table.setAsideContradictions()
    metrics.repeated = table.removeRepeated()
    let labels = try table.labels(scheme, keys: keys, file: file)
    try Label.write(labels, of: survey, scheme: scheme, method: .imported, run: run, in: database)
    try Rejected.write(table.rejected, file: file, run: run, in: database)
    metrics.labels = labels.count
    metrics.rejected = table.rejected.count
    metrics.byClass = table.rows.reduce(into: [:]) { $0[$1.className, default: 0] += 1 }
    return metrics
  }

  /// The scheme, which has all classes of the rows.
  private func scheme(
    for rows: [LabelRow], file: String, in database: Connection
  ) throws -> ClassScheme {
    let names = Set(rows.map(\.className)).sorted()
    if addsClasses {
      let known = try ClassScheme.find(scheme, in: database)
      let new = names.filter { name in known.map { (try? $0.classID(named: name)) == nil } ?? true }
      return try ClassScheme.add(named: scheme, classes: new, in: database)
    }
    let found = try ClassScheme.named(scheme, in: database)
    for name in names { _ = try found.classID(named: name) }
    return found
  }
}

extension LabelTable {
  /// The rows as labels.
  ///
  /// - Throws: `LabelError.noneUsable` where there is none.
  fileprivate func labels(
    _ scheme: ClassScheme, keys: [String: Int], file: String
  ) throws -> [Label] {
    guard !rows.isEmpty else {
      let first = rejected.first
      throw LabelError.noneUsable(file: file, row: first?.row, reason: first?.reason)
    }
    return try rows.map { row in
      Label(
        source: keys[row.source] ?? 0, classID: try scheme.classID(named: row.className),
        annotator: row.annotator, confidence: row.confidence)
    }
  }
}
