import Astronomy
public import Catalogue
import FITS
import Foundation
import PostgreSQL
import Tensor

/// What images brought.
public struct ImageMetrics: Stored {
  public static var usual: Self? { Self() }

  /// Image files that were given.
  public var images = 0

  /// Sources that these images show.
  public var cutouts = 0

  /// Cutouts that this run wrote: new ones, and changed ones.
  public var written = 0

  /// Cutouts that were there just so.
  public var unchanged = 0

  /// The survey's cutouts that reach beyond the edge of their image.
  public var partlyOffImage = 0

  /// Images and sources set aside in `reber.rejected`.
  public var rejected = 0

  /// What the images were taken for.
  public var decisions = ImageDecisions()

  /// What was assumed, changed or left aside since headers do not say it right.
  public var warnings: [String]?
}

/// Image files with their digests.
private struct DigestedFiles: Sendable {
  var files: [ImageFile] = []
  var inputs: [Work.Input] = []
  var unreadable: [ImagePlan.SetAside] = []
}

extension Workplace {
  /// Ingests images as one run; what was written before an interruption stays.
  func ingest(
    _ files: [ImageFile], _ options: Ingest
  ) async throws -> StageReport<ImageMetrics> {
    struct Parameters: Stored {
      var survey: String
      var cutting: Ingest.Cutting
      static var usual: Self? { Self(survey: "", cutting: Ingest.Cutting()) }
    }
    let images = digested(files)
    let catalogues = try await database.with {
      try Source.runs(ofSurveyNamed: options.survey, in: $0)
    }
    let work = try Work(
      stage: .ingest, parameters: Parameters(survey: options.survey, cutting: options.cutting),
      inputs: images.inputs, parents: catalogues)
    let plan = Plan(work) { run in
      let metrics = try await database.with { database in
        let ingest = ImageIngest(
          images: images, options: options, run: run, progress: progress, database: database)
        return try ingest.perform(isCollection: catalogues.isEmpty)
      }
      return { _ in metrics }
    }
    return try await perform(plan, into: options.survey)
  }

  private func digested(_ files: [ImageFile]) -> DigestedFiles {
    let results = Results<Work.Input>(count: files.count)
    let progress = progress
    parallel(over: files.count, chunk: 1) { _, items in
      for item in items {
        let done = results.set(item, Result { try fileInput(files[item].path, role: "image") })
        progress.update("reading images", done: done, of: files.count)
      }
    }
    var images = DigestedFiles()
    for (file, result) in zip(files, results.all) {
      switch result {
      case .success(let input):
        images.files.append(file)
        images.inputs.append(input)
      case .failure(let error):
        images.unreadable.append(.init(path: file.path, source: nil, reason: "\(error)"))
      }
    }
    return images
  }
}

/// The work of a run that ingests images, on the database's thread.
private struct ImageIngest {
  let images: DigestedFiles
  let options: Ingest
  let run: Int
  let progress: any ProgressDisplay
  let database: Connection

  func perform(isCollection: Bool) throws -> ImageMetrics {
    let survey =
      isCollection
      ? try addCollection() : try Survey.named(options.survey, in: database)
    if !isCollection { try Ingestion.begin(run, into: survey, in: database) }
    try describe(survey)
    let columns = try SurveyColumn.all(of: survey, in: database)
    let named = { (part: ColumnMapping.Part) in
      columns.first { $0.mappedTo == part.rawValue }?.column.name
    }
    let sources = try StoredSource.all(
      of: survey, imageColumn: named(.image),
      box: .init(
        x: named(.x), y: named(.y), width: named(.boxWidth), height: named(.boxHeight)),
      in: database)
    var plan = ImagePlanning(images.files, of: sources, cutting: options.cutting)
      .decided { progress.update("looking at images", done: $0, of: images.files.count) }
    plan.rejected += images.unreadable
    progress.note(plan.decisions.words(options.cutting))
    var metrics = ImageMetrics()
    metrics.decisions = plan.decisions
    metrics.images = images.files.count + images.unreadable.count
    return try write(plan, of: sources, to: survey, metrics)
  }

  private func write(
    _ plan: ImagePlan, of sources: [StoredSource], to survey: Survey, _ known: ImageMetrics
  ) throws -> ImageMetrics {
    var metrics = known
    let written = try Cutout.sources(of: survey, writtenBy: run, in: database)
    let reading = CutoutReading(
      plan: plan, files: images.files, digests: images.inputs.map(\.sha256), sources: sources,
      pixelScale: options.cutting.pixelScale,
      known: try Cutout.digests(of: survey, in: database), written: written)
    var log = RejectedLog(run: run, known: try Rejected.all(of: run, in: database))
    var (done, unchanged) = (0, -written.count)
    var notes = ImageNotes()
    try overlapped(capacity: 2) { push in
      try reading.read(push)
    } consume: { findings in
      try Cutout.write(findings.cutouts, of: survey, run: run, in: database)
      try Cutout.fill(extents: findings.extents, of: survey, in: database)
      try log.write(findings.rejected, in: database)
      for note in findings.notes { notes.add(note.text, of: note.path) }
      done += findings.done
      unchanged += findings.unchanged
      try Run.report(run, done: done, of: reading.total, "cutouts", in: database)
      progress.update("writing cutouts", done: done, of: reading.total)
    }
    try Cutout.analyse(survey, in: database)
    metrics.written = try Cutout.sources(of: survey, writtenBy: run, in: database).count
    metrics.unchanged = unchanged
    metrics.cutouts = metrics.written + unchanged
    metrics.partlyOffImage = try Cutout.countAtEdge(of: survey, in: database)
    metrics.rejected = log.count
    metrics.warnings = notes.all
    for warning in notes.all ?? [] { progress.note("warning: " + warning) }
    guard metrics.cutouts > 0 else {
      throw IngestError.noneUsable(images: metrics.images, firstReason: log.first ?? "unknown")
    }
    return metrics
  }

  /// Fills in what the first readable image knows of the survey and nobody has said yet.
  private func describe(_ survey: Survey) throws {
    let first = images.files.lazy.filter { !$0.isPNG }.compactMap { try? OpenImage($0).header }
    guard let header = first.first else { return }
    let said = survey.observation
    let scale = header.wcs.map { Float($0.pixelScale) }
    var observation = Survey.Observation(
      frequency: said.frequency ?? header.frequency,
      pixelScale: said.pixelScale ?? scale)
    if said.beamMajor == nil, let beam = header.beam {
      observation.beamMajor = Float(beam.major)
      observation.beamMinor = Float(beam.minor)
      observation.beamAngle = Float(beam.angle)
    }
    try survey.describe(observation, simulated: header.isSimulated, in: database)
  }

  /// Makes the images themselves the sources of a survey that has no catalogue.
  private func addCollection() throws -> Survey {
    let collection = ImageCollection(images.files, progress: progress)
    guard !collection.sources.isEmpty else {
      throw IngestError.noneUsable(
        images: images.files.count + images.unreadable.count,
        firstReason: collection.firstReason ?? images.unreadable.first?.reason ?? "unknown")
    }
    let survey = try Survey.add(named: options.survey, in: database)
    return try database.transaction { database in
      _ = try Source.write(
        from: "images", columns: ImageCollection.columns, into: survey, run: run, in: database
      ) { write in
        for item in collection.sources {
          try write(.source(item.source, cells: item.cells))
        }
      }
      return survey
    }
  }
}

/// What is said of images, once where it is said of many.
private struct ImageNotes {
  private var images: [String: Set<String>] = [:]

  mutating func add(_ text: String, of path: String) { images[text, default: []].insert(path) }

  /// Each with the first image of which it is said; nil where nothing is.
  var all: [String]? {
    let said = images.map { text, paths in
      (paths.min() ?? "") + (paths.count > 1 ? " and \(paths.count - 1) more" : "") + ": " + text
    }
    return said.isEmpty ? nil : said.sorted()
  }
}

/// Writes what is set aside, once, although an interrupted run may have done so before.
private struct RejectedLog {
  private let run: Int
  private var seen: Set<[String]>
  private(set) var first: String?

  var count: Int { seen.count }

  init(run: Int, known: [(file: String, rejected: Rejected)]) {
    self.run = run
    seen = Set(known.map { [$0.file, $0.rejected.name ?? "", $0.rejected.reason] })
    first = known.first.map { IngestError.reason($0.rejected.reason, of: $0.file) }
  }

  mutating func write(_ items: [ImagePlan.SetAside], in database: Connection) throws {
    for item in items where seen.insert([item.path, item.source ?? "", item.reason]).inserted {
      first = first ?? IngestError.reason(item.reason, of: item.path)
      try Rejected.write(
        [Rejected(name: item.source, reason: item.reason)], file: item.path, run: run,
        in: database)
    }
  }
}
