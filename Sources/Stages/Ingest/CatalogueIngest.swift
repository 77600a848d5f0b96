import Astronomy
public import Catalogue
import Foundation
import PostgreSQL
import Tables

/// What a catalogue brought.
public struct CatalogueMetrics: Stored {
  /// The catalogue.
  public var file: String

  /// Its rows.
  public var rows: Int

  /// What they changed.
  public var changes: SourceChanges

  /// Which columns were taken for what.
  public var mapping: ColumnMapping

  /// What was assumed since the catalogue does not say it, and what was not found in it.
  public var warnings: [String]?
}

/// A catalogue that was opened and understood.
private struct OpenCatalogue {
  let path: String
  let table: any TableReader
  let mapping: ColumnMapping
  let rows: SourceRows
  let options: Ingest
  private let profile: ChosenProfile
  private let beams = Beams()
  private let doubts = RowDoubts()

  init(_ path: String, _ options: Ingest) throws {
    do {
      try self.init(opening: path, options)
    } catch let error as IngestError {
      throw error.of(path)
    }
  }

  private init(opening path: String, _ options: Ingest) throws {
    self.path = path
    self.options = options
    let profiles = try options.profiles ?? SurveyProfiles.usual()
    let chosen = try options.profile.map { try ChosenProfile(named: $0, of: profiles) }
    let table = try openTable(path) { columns in
      let profile = chosen ?? ChosenProfile(fitting: columns, of: profiles)
      let mapping = try? ColumnMapping(columns, options, profile)
      return mapping?.columns[.ra] != nil && mapping?.columns[.dec] != nil
    }
    if table.rowCount == 0 { throw IngestError.empty(file: path) }
    profile = chosen ?? ChosenProfile(fitting: table.columns, of: profiles)
    mapping = try ColumnMapping(
      table.columns, options, profile,
      tableFrames: table.metadata.frame.map { [$0] } ?? table.metadata.frames)
    if options.isStrict, !mapping.assumptions.isEmpty {
      throw IngestError.assumed(mapping.assumptions, file: path)
    }
    let texts = mapping.texts(among: table.columns)
    self.table = texts.isEmpty ? table : try openTable(path, texts: texts) { $0 == table.columns }
    rows = try SourceRows(
      self.table.columns, mapping: mapping, profile: profile.profile, file: path)
  }

  /// What a person should know of how the catalogue was understood.
  var warnings: [String] {
    let missing = mapping.missing(profile.profile).filter { $0 != .image }.map(\.rawValue)
    return [profile.question].compactMap(\.self) + mapping.assumptions
      + (missing.isEmpty
        ? []
        : ["no column was found for \(missing.joined(separator: ", ")): say which with --column"])
  }

  /// What a person should know of how its rows were understood; whole when the last one is read.
  var remarks: [String] { table.remarks + doubts.sentences }

  /// What is known of such tables, in words; nil where nothing is.
  var recognition: String? { profile.words }

  /// What is known of the survey that such tables are of.
  var credited: SurveyProfile.Credited? { profile.profile?.survey }

  /// The beam with which the sources were seen: that of middle width where they differ.
  var beam: Beam? { beams.middle }

  /// Whether the table says that the sky is made up.
  var isSimulated: Bool { table.metadata["SIMULATE"] == .boolean(true) }

  /// The columns as `reber.survey_column` keeps them.
  var surveyColumns: [SurveyColumn] {
    table.columns.map { column in
      let part = ColumnMapping.Part.allCases.first { part in
        part.isOfSource && mapping.columns[part]?.columns.contains(column.name) == true
      }
      let chosen = part.flatMap { mapping.columns[$0] }
      var column = column
      column.unit =
        options.units[column.name] ?? column.unit
        ?? (chosen.flatMap { [.name, .profile].contains($0.unitOrigin) ? $0.unit : nil })
      return SurveyColumn(column, mappedTo: part?.rawValue)
    }
  }
}

extension ColumnMapping {
  fileprivate init(
    _ columns: [Column], _ options: Ingest, _ profile: ChosenProfile, tableFrames: [String] = []
  ) throws {
    try self.init(
      guessing: columns, chosen: options.columns, units: options.units, frame: options.frame,
      tableFrames: tableFrames, profile: profile.profile.map { ($0, profile.isAssumed) })
  }
}

extension Workplace {
  /// Ingests a source catalogue as one run, which is seen whole or not at all.
  func ingest(
    catalogue path: String, _ options: Ingest, after interrupted: Int?
  ) async throws -> StageReport<CatalogueMetrics> {
    struct Parameters: Stored {
      var survey: String
      var mapping: ColumnMapping
      var release: String?
      var matchRadius: Double?
    }
    let catalogue = try OpenCatalogue(path, options)
    if let words = catalogue.recognition { progress.note(words) }
    progress.note(catalogue.mapping.table)
    for warning in catalogue.warnings { progress.note("warning: " + warning) }
    let work = try Work(
      stage: .ingest,
      parameters: Parameters(
        survey: options.survey, mapping: catalogue.mapping, release: options.release,
        matchRadius: options.matchRadius),
      inputs: [fileInput(tableFile(of: path), role: "catalogue")])
    let reading = HandedOver(catalogue)
    var plan = Plan(work) { run in
      let survey = try await database.with { try Survey.add(named: options.survey, in: $0) }
      return { try write(reading, into: survey, run: run, in: $0) }
    }
    plan.stands = { try await stands($0, in: options.survey, Source.changer) }
    plan.leavesNothing = { $0 is IngestError || $0 is CatalogueError }
    plan.tidy = { try await database.with { try Source.removeLeft(in: $0) } }
    return try await perform(plan, into: options.survey, after: interrupted)
  }

  /// Whether a survey is still as a run has left it, where `changer` says which one has changed that.
  func stands(
    _ run: Int, in survey: String,
    _ changer: @Sendable (_ after: Int, Survey, Connection) throws -> Int?
  ) async throws -> Bool {
    let changer = try await database.with {
      try changer(run, try Survey.named(survey, in: $0), $0)
    }
    guard let changer else { return true }
    progress.note("run \(run) has done this before, and run \(changer) has changed it since")
    return false
  }

  /// Does what is planned for a survey, of which nothing stays where nothing comes into it.
  func perform<Metrics>(
    _ plan: Plan<Metrics>, into survey: String, after interrupted: Int?
  ) async throws -> StageReport<Metrics> {
    do {
      return try await perform(plan, after: interrupted)
    } catch let loss as Interruption {
      throw loss
    } catch {
      // The first error is the one to tell.
      try? await database.with {
        try Source.removeLeft(in: $0)
        try Survey.named(survey, in: $0).discardIfEmpty(in: $0)
      }
      throw error
    }
  }

  private func write(
    _ reading: HandedOver<OpenCatalogue>, into survey: Survey, run: Int, in database: Connection
  ) throws -> CatalogueMetrics {
    let catalogue = reading.value
    let reader = CatalogueReading(reading, progress: progress)
    let changes: SourceChanges
    do {
      changes = try Source.write(
        from: catalogue.path, columns: catalogue.surveyColumns, into: survey, run: run,
        as: catalogue.options.release.map {
          DataRelease.Named($0, matchRadius: catalogue.options.matchRadius)
        }, in: database, reader.give)
    } catch let error as PostgresError where error.state == .programLimitExceeded {
      throw IngestError.tooWide(
        file: catalogue.path, columns: catalogue.table.columns.count, reason: error.message)
    }
    if changes.accepted == 0, changes.rejected == 0 {
      throw IngestError.empty(file: catalogue.path)
    }
    if changes.accepted == 0 {
      throw IngestError.allRejected(
        file: catalogue.path, rows: changes.rejected,
        firstReason: try Rejected.all(of: run, atMost: 1, in: database).first?.rejected.reason
          ?? "unknown")
    }
    let remarks = catalogue.remarks + changes.doubts
    if catalogue.options.isStrict, !remarks.isEmpty {
      throw IngestError.assumed(remarks, file: catalogue.path)
    }
    for remark in remarks { progress.note("warning: " + remark) }
    try survey.describe(.init(), simulated: catalogue.isSimulated, in: database)
    if let credited = catalogue.credited {
      try survey.describe(credited.observation(besides: survey.observation), in: database)
    }
    if survey.observation.beamMajor == nil, let beam = catalogue.beam {
      try survey.describe(
        .init(
          beamMajor: Float(beam.major), beamMinor: Float(beam.minor), beamAngle: Float(beam.angle)),
        in: database)
    }
    try tell(of: changes, run: run, in: database)
    return CatalogueMetrics(
      file: catalogue.path, rows: changes.accepted + changes.rejected, changes: changes,
      mapping: catalogue.mapping, warnings: catalogue.warnings + remarks)
  }
}

extension Workplace {
  /// Says what was set aside, and what may help.
  fileprivate func tell(of changes: SourceChanges, run: Int, in database: Connection) throws {
    if let release = changes.release, let doubt = release.doubt {
      progress.note("warning: " + doubt)
    }
    guard changes.rejected > 0,
      let first = try Rejected.all(of: run, atMost: 1, in: database).first?.rejected
    else { return }
    var text = "\(changes.rejected) rows are set aside in reber.rejected; the first, "
    text += "row \(first.row ?? 1): \(first.reason)"
    if changes.firstRejectedRepeatsName {
      text += "; where one column does not tell rows apart, join several: --column name=A+B"
    }
    progress.note(text)
  }
}

extension SourceChanges {
  /// What a person should know of how they fit to what was there.
  fileprivate var doubts: [String] {
    guard moved > 0 else { return mixed }
    return mixed + [
      """
      \(moved) sources lie more than 1′ from where they were: labels and images stay with their names, so \
      ingest the images again. Where the names are numbers that were given anew, take it back (reber run undo) and say which release it is (--release)
      """
    ]
  }
}

extension ReleaseChanges {
  /// What a person should look at before going on; nil where most sources were found again.
  fileprivate var doubt: String? {
    let found = unchanged + differing
    let former = found + dropped + unclear.values.reduce(0) { $0 + $1.formerSources }
    guard found * 2 < former else { return nil }
    return """
      only \(found) of \(former) sources of \(follows) were found again within \(matchRadius)″: is it a release of \
      the same survey? 'reber run undo' takes it back
      """
  }
}

/// Rows read and turned into sources on a thread of their own, while others are written.
private struct CatalogueReading {
  let catalogue: HandedOver<OpenCatalogue>
  let progress: any ProgressDisplay

  init(_ catalogue: HandedOver<OpenCatalogue>, progress: any ProgressDisplay) {
    self.catalogue = catalogue
    self.progress = progress
  }

  /// Gives each row to `write`, in order.
  func give(_ write: (IncomingRow) throws -> Void) throws {
    let total = catalogue.value.table.rowCount ?? 0
    var done = 0
    let reading = catalogue
    try overlapped { (push: ([IncomingRow]) throws -> Void) in
      try reading.value.read(push)
    } consume: { chunk in
      for row in chunk { try write(row) }
      done += chunk.count
      progress.update("reading the catalogue", done: done, of: max(total, done))
    }
    // The server sorts and indexes them in one go, which takes a while where they are many.
    if done > 50_000 { progress.note("writing \(done) rows into the survey") }
  }
}

extension OpenCatalogue {
  func read(_ push: ([IncomingRow]) throws -> Void) throws {
    var number = 0
    try table.read(chunk: 4096) { chunk in
      try push(
        chunk.map { row in
          number += 1
          beams.add(rows.beam(in: row))
          return rows.source(in: row, number: number, doubts: doubts)
        })
    }
  }
}

/// A value on its way to another thread.
///
/// `@unchecked Sendable`: whoever hands it over leaves it alone from then on.
struct HandedOver<Value>: @unchecked Sendable {
  let value: Value

  init(_ value: Value) { self.value = value }
}
