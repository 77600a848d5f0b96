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

/// What a run that ingests images is asked.
private struct ImageParameters: Stored {
  var survey: String
  var cutting: Ingest.Cutting
  static var usual: Self? { Self(survey: "", cutting: Ingest.Cutting()) }
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
    _ files: [ImageFile], _ options: Ingest, after interrupted: Int?
  ) async throws -> StageReport<ImageMetrics> {
    let images = try await digested(files, options.survey)
    let catalogues = try await database.with {
      try Source.runs(ofSurveyNamed: options.survey, in: $0)
    }
    let work = try Work(
      stage: .ingest,
      parameters: ImageParameters(survey: options.survey, cutting: options.cutting),
      inputs: images.inputs, parents: catalogues)
    var plan = Plan(work) { run, isFirst, database in
      let ingest = ImageIngest(images: images, options: options, run: run, progress: progress)
      return try ingest.begin(
        isCollection: catalogues.isEmpty, isFirst: isFirst, sharing, in: database)
    }
    plan.stands = { try await stands($0, in: options.survey, Cutout.changer) }
    return try await perform(plan, into: options.survey, after: interrupted)
  }

  /// Helps with a run that ingests images, from the files that it was begun with.
  ///
  /// - Throws: `IngestError.notFound` where a file is not on this machine.
  func helpWithImages(_ run: OpenRun) async throws {
    let asked = try ImageParameters.read(run.parameters, form: run.form)
    var options = Ingest(survey: asked.survey)
    options.cutting = asked.cutting
    let inputs = try await database.with { try Run.inputs(of: run.id, role: "image", in: $0) }
    let files = try ImageFile.all(in: inputs.map(\.name), except: nil)
    let described = options
    _ = try await surviving { try await ingest(files, described, after: $0) }
  }

  /// The files with their digests: who helps has those that the run was begun with.
  private func digested(_ files: [ImageFile], _ survey: String) async throws -> DigestedFiles {
    if sharing.joins {
      let known = try await database.with {
        try Run.inputs(ofGoing: .ingest, role: "image", survey, in: $0)
      }
      let digests = Dictionary(known.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
      let inputs = files.compactMap { digests[fullPath($0.path)] }
      if inputs.count == files.count, inputs.count == known.count {
        return DigestedFiles(files: files, inputs: inputs)
      }
    }
    return digested(files)
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

/// The work of a run that ingests images.
private struct ImageIngest: Sendable {
  let images: DigestedFiles
  let options: Ingest
  let run: Int
  let progress: any ProgressDisplay

  /// What came of a piece, besides cutouts; it is kept until all are done.
  struct Found: Codable {
    var unchanged = 0
    var rejected: [ImagePlan.SetAside] = []
    /// What was assumed or changed, by image.
    var notes: [String: Set<String>] = [:]
  }

  /// Decides what every image is for; the first process makes the survey where the images are all there is, and
  /// divides the work.
  func begin(
    isCollection: Bool, isFirst: Bool, _ sharing: Sharing, in database: Connection
  ) throws -> Together<ImageMetrics> {
    let survey =
      isCollection && isFirst
      ? try addCollection(in: database) : try Survey.named(options.survey, in: database)
    if isFirst {
      if !isCollection { try Ingestion.begin(run, into: survey, in: database) }
      try describe(survey, in: database)
      try Cutout.begin(survey, in: database)
    }
    let sources = try sources(of: survey, in: database)
    var plan = ImagePlanning(images.files, of: sources, cutting: options.cutting)
      .decided { progress.update("looking at images", done: $0, of: images.files.count) }
    plan.rejected = plan.rejected + images.unreadable
    progress.note(plan.decisions.words(options.cutting))
    let reading = CutoutReading(
      whole: plan.whole, cuts: plan.cutsInOrder, files: images.files,
      inputs: images.inputs, sources: sources,
      pixelScale: options.cutting.pixelScale,
      known: try Cutout.known(of: survey, in: database),
      skies: try SurveyImage.skies(of: survey, in: database),
      written: try Cutout.sources(of: survey, writtenBy: run, in: database))
    if isFirst {
      let size = max(1, sharing.pieceSize / 4)
      try Piece.divide(run, into: reading.pieces(of: size), in: database)
    }
    let decided = plan
    return Together(
      perform: { work in
        try await work.perform("writing cutouts") {
          try await read($0, by: reading, to: survey, in: work.place)
        }
      },
      end: { try end(decided, survey, in: $0) })
  }

  private func sources(of survey: Survey, in database: Connection) throws -> [StoredSource] {
    let columns = try SurveyColumn.all(of: survey, in: database)
    let named = { (part: ColumnMapping.Part) in
      columns.first { $0.mappedTo == part.rawValue }?.column.name
    }
    return try StoredSource.all(
      of: survey, imageColumn: named(.image),
      box: .init(
        x: named(.x), y: named(.y), width: named(.boxWidth), height: named(.boxHeight)),
      in: database)
  }

  /// Reads a piece and writes its cutouts; false where its lease had ended before.
  private func read(
    _ piece: Piece, by reading: CutoutReading, to survey: Survey, in place: Workplace
  ) async throws -> Bool {
    let waiting = try await place.database.with {
      try WaitingCutouts(of: survey, run: run, in: $0)
    }
    var found = Found()
    try await overlapped(capacity: 2) { push in
      try reading.read(piece.keys, push)
    } consume: { findings in
      try await place.database.with { database in
        try SurveyImage.add(findings.images, to: survey, in: database)
        try waiting.add(findings.cutouts, in: database)
        try Cutout.fill(extents: findings.extents, of: survey, in: database)
      }
      found.unchanged += findings.unchanged
      found.rejected += findings.rejected
      for note in findings.notes { found.notes[note.path, default: []].insert(note.text) }
    }
    let result = Array(try JSONEncoder().encode(found))
    return try await place.database.with { try waiting.end(piece, result: result, in: $0) } != nil
  }

  private func end(
    _ plan: ImagePlan, _ survey: Survey, in database: Connection
  ) throws -> Conclusion<ImageMetrics> {
    try Cutout.analyse(survey, in: database)
    let found = try Piece.results(of: run, in: database).map {
      try JSONDecoder().decode(Found.self, from: Data($0))
    }
    var log = RejectedLog(run: run, known: try Rejected.all(of: run, in: database))
    try log.write(plan.rejected + found.flatMap(\.rejected), in: database)
    var notes = ImageNotes()
    for (path, texts) in found.flatMap(\.notes) {
      for text in texts { notes.add(text, of: path) }
    }
    var metrics = ImageMetrics()
    metrics.decisions = plan.decisions
    metrics.images = images.files.count + images.unreadable.count
    metrics.written = try Cutout.sources(of: survey, writtenBy: run, in: database).count
    metrics.unchanged = found.reduce(0) { $0 + $1.unchanged }
    metrics.cutouts = metrics.written + metrics.unchanged
    metrics.partlyOffImage = try Cutout.countAtEdge(of: survey, in: database)
    metrics.rejected = log.count
    let warnings = plan.notes + (notes.all ?? [])
    metrics.warnings = warnings.isEmpty ? nil : warnings
    for warning in warnings { progress.note("warning: " + warning) }
    guard metrics.cutouts > 0 else {
      throw IngestError.noneUsable(images: metrics.images, firstReason: log.first ?? "unknown")
    }
    let measured = metrics
    return { _ in measured }
  }

  /// Fills in what the first readable image knows of the survey and nobody has said yet.
  private func describe(_ survey: Survey, in database: Connection) throws {
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
  private func addCollection(in database: Connection) throws -> Survey {
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
