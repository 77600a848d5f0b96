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

  /// Whether annotators were asked again about what they have labelled before.
  public var isAgain = false

  /// The column with a source's tags, of which several stand in a cell; those that it does not name do not
  /// apply.
  public var tagsColumn: String?

  /// What stands between them; ``usualSeparator`` where it is `nil`.
  public var separator: String?

  /// The columns that say, one a tag, whether it applies; where it is `nil`, in a scheme of tags, those that
  /// are called as its tags are.
  public var tagColumns: [String]?

  /// What usually stands between the tags in a cell.
  public static let usualSeparator = ";"

  /// Classes by the text that stands for them in the file; an empty class leaves the row out.
  ///
  /// Tags by the text in a cell of several, for which an empty one stands for none, or by the column.
  public var classMap: [String: String] = [:]

  /// Whether classes that the scheme lacks are added to it.
  public var addsClasses = false

  /// How the table is read where it is an export of a Zooniverse project.
  public var zooniverse: Zooniverse?

  /// The share of each class's rows that is taken, chosen at random.
  public var fraction = 1.0

  /// The seed of that choice.
  public var seed: UInt64 = 1

  /// Describes an import with the defaults.
  public init(survey: String) {
    self.survey = survey
  }

  /// What an import did.
  public struct Metrics: Stored, Warned {
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
    /// Of the labels, those that say of a tag that it does not apply.
    public var denied: Int?
    /// Tags of the scheme of which the table says nothing.
    public var unsaid: [String]?
    /// Of a Zooniverse export, who said something: volunteers, and those who were not logged in.
    public var annotators: Int?
    /// The sources that they spoke of.
    public var sources: Int?
    /// Votes that a later one of the same volunteer on the same source takes the place of.
    public var superseded: Int?
    /// Subjects that have got all the classifications that they were to get.
    public var retired: Int?
    /// Classifications that were read, by the workflow's version.
    public var versions: [String: Int]?
    /// Columns that may say who annotated and how surely, and were not read.
    public var warnings: [String]?
  }
}

/// Imports labels from a FITS, VOTable or CSV table, as one run in one transaction.
public struct LabelImportStage: Stage {
  public static let name = StageName.label

  /// The table.
  public var file: String

  /// A table, such as the sheet that `reber label choose` writes, whose sources alone are labelled.
  public var only: String?

  /// The table of the subjects, of an export of a Zooniverse project.
  public var subjects: String?

  /// How the table is read.
  public var options: LabelImport

  /// Describes the import of all labels in a table.
  public init(
    file: String, only: String? = nil, subjects: String? = nil, _ options: LabelImport
  ) {
    self.file = file
    self.only = only
    self.subjects = subjects
    self.options = options
  }

  /// Reads and writes the labels.
  ///
  /// - Throws: `LabelError` where a class is unknown or a column is missing; then nothing is
  ///   written.
  public func plan(in place: Workplace) async throws -> Plan<LabelImport.Metrics> {
    let survey = try await place.survey(options.survey)
    let scheme = try await place.database.with { try ClassScheme.find(options.scheme, in: $0) }
    var inputs = [try fileInput(file, role: "labels")]
    if let only { inputs.append(try fileInput(only, role: "selection")) }
    if let subjects { inputs.append(try fileInput(subjects, role: "subjects")) }
    return Plan(try self.work(options, seed: options.seed, inputs: inputs)) { run in
      let table =
        try options.zooniverse == nil
        ? options.read(file, scheme)
        : options.readZooniverse(file, subjects: subjects, scheme)
      let listed = try only.map { try options.sources(in: $0) }
      let chosen = options.choose(table.rows.filter { listed?.contains($0.source) ?? true })
      var metrics = LabelImport.Metrics()
      metrics.unclassified = table.unclassified
      metrics.warnings = table.warnings
      metrics.leftOut = table.rows.count - chosen.count + table.leftOut
      let counted = metrics
      return { database in
        var used = table
        used.rows = chosen
        return try options.write(
          used, to: survey,
          file: file, run: run,
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
    let byClass = Dictionary(grouping: rows, by: \.text)
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
    let (scheme, doubts) = try scheme(for: table, in: database)
    var table = table
    table.rows = table.rows.map { $0.named(by: scheme) }
    let keys = try Source.keys(of: survey, in: database)
    let misplaced = try misplaced(table.rows, keys: keys, of: survey, database)
    let warnings = (metrics.warnings ?? []) + doubts + misplaced
    metrics.warnings = warnings.isEmpty ? nil : warnings
    table.setAside { row in
      keys[row.source] == nil ? "survey '\(survey.name)' has no such source" : nil
    }
    if isAgain { try setAsideNew(in: &table, of: survey, scheme, keys: keys, database) }
    if zooniverse == nil {
      metrics.contradictory = table.setAsideContradictions()
      metrics.repeated = table.removeRepeated()
    } else {
      metrics.count(volunteersOf: table)
    }
    let labels = try table.labels(scheme, keys: keys, file: file)
    try Label.write(
      labels, of: survey, scheme: scheme, method: isAgain ? .again : .imported, run: run,
      in: database)
    try Rejected.write(table.rejected, file: file, run: run, in: database)
    if let (file, rows) = table.rejectedSubjects {
      try Rejected.write(rows, file: file, run: run, in: database)
    }
    metrics.labels = labels.count
    metrics.rejected = table.rejected.count + (table.rejectedSubjects?.rows.count ?? 0)
    metrics.count(table.rows.flatMap(\.said), of: scheme)
    return metrics
  }

  /// Sets aside the rows of sources that their annotator has given no class before.
  private func setAsideNew(
    in table: inout LabelTable, of survey: Survey, _ scheme: ClassScheme, keys: [String: Int],
    _ database: Connection
  ) throws {
    try scheme.checkOneClass(for: "asking again")
    let said = try RepeatedLabel.sources(
      labelledBy: Set(table.rows.map(\.annotator)), of: survey, scheme: scheme, in: database)
    table.setAside { row in
      let isSaid = keys[row.source].map { said[row.annotator, default: []].contains($0) } ?? false
      return isSaid ? nil : "\(row.annotator) gave it no class before, and was not asked again"
    }
  }

  /// Whether the options say that the table has tags.
  var saysTags: Bool { tagsColumn != nil || tagColumns != nil }

  /// The scheme, which has all classes of the rows; and a sentence for each new class that is spelled in several ways.
  private func scheme(
    for table: LabelTable, in database: Connection
  ) throws -> (ClassScheme, doubts: [String]) {
    let names = Set(table.rows.flatMap { $0.said.map(\.className) }).sorted()
    guard addsClasses else {
      let found = try ClassScheme.named(scheme, in: database)
      for name in names { _ = try found.classID(named: name) }
      return (found, [])
    }
    let known = try ClassScheme.find(scheme, in: database)
    let new = names.filter { name in known.map { (try? $0.classID(named: name)) == nil } ?? true }
    let spelled = ClassScheme.spellings(of: new)
    let made = try ClassScheme.add(
      named: scheme, classes: spelled.map { $0[0] }, areTags: table.areTags, in: database)
    let several = separator == nil ? new.filter { $0.contains(/[,|\/]/) } : []
    return (
      made,
      (table.areTags && !several.isEmpty
        ? [
          "tag '\(several[0])' may be several: say --separator where they stand in a cell"
        ] : [])
        + spelled.filter { $0.count > 1 }.map { ways in
          "\(ways.dropFirst().map { "'\($0)'" }.joined(separator: ", ")) is taken for class '\(ways[0])'"
        }
    )
  }

  /// Says where rows are of other places than the survey's sources that are called so.
  private func misplaced(
    _ rows: [LabelRow], keys: [String: Int], of survey: Survey, _ database: Connection
  ) throws -> [String] {
    let placed = rows.filter { $0.position != nil }
    guard !placed.isEmpty else { return [] }
    let positions = try Source.positions(
      of: placed.compactMap { keys[$0.source] }, in: survey, database)
    let far = placed.filter { row in
      guard let said = row.position, let own = keys[row.source].flatMap({ positions[$0] }) else {
        return false
      }
      return said.separation(from: own) * 60 > Self.farthest
    }
    guard let first = far.first else { return [] }
    return [
      """
      \(far.count) of \(placed.count) rows say a position that is more than \(Int(Self.farthest))′ from the source of \
      their name (the first in row \(first.row): '\(first.source)'): are the names those of survey '\(survey.name)', and is the frame its?
      """
    ]
  }

  /// How far apart a row's position and its source's may be, minutes of arc.
  private static let farthest = 1.0
}

extension LabelRow {
  /// The row with the classes' names as the scheme writes them, and with what it denies by its silence.
  func named(by scheme: ClassScheme) -> LabelRow {
    var row = self
    row.said = said.map { Said(className: scheme.name(of: $0.className), denies: $0.denies) }
    if deniesOthers {
      let named = Set(row.said.map(\.className))
      row.said = scheme.classes.map { Said(className: $0.name, denies: !named.contains($0.name)) }
    }
    return row
  }
}

extension LabelImport.Metrics {
  /// Counts who says something in a Zooniverse export, and of how many sources.
  fileprivate mutating func count(volunteersOf table: LabelTable) {
    annotators = Set(table.rows.map(\.annotator)).count
    sources = Set(table.rows.map(\.source)).count
    superseded = table.rows.count - Set(table.rows.map { [$0.source, $0.annotator] }).count
    (retired, versions) = (table.retired, table.versions)
  }

  /// Counts labels by class.
  fileprivate mutating func count(_ said: [Said], of scheme: ClassScheme) {
    byClass = said.reduce(into: [:]) { $0[$1.className, default: 0] += $1.denies ? 0 : 1 }
    guard scheme.isTags else { return }
    denied = said.count(where: \.denies)
    unsaid = scheme.classes.map(\.name).filter { byClass[$0] == nil }
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
    return try rows.flatMap { row in
      let source = keys[row.source] ?? 0
      return try row.said.map { said in
        let classID = try scheme.classID(named: said.className)
        return scheme.isTags
          ? Label(
            source: source, tag: classID, applies: !said.denies, annotator: row.annotator,
            confidence: row.confidence, comment: row.comment)
          : Label(
            source: source, classID: classID, annotator: row.annotator, confidence: row.confidence,
            comment: row.comment)
      }
    }
  }
}
