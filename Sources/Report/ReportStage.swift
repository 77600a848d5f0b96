import Catalogue
public import Failures
import Foundation
import Morphology
import PostgreSQL
public import Stages
import Tensor

/// Why a report cannot be written.
public enum ReportError: Failure, Equatable {
  /// The folder cannot be made, or the page cannot be written there.
  case notWritable(folder: String, reason: String)
  /// The evaluation was made by a version that did not keep what it judged.
  case nothingKept(run: Int)

  public var exitStatus: ExitStatus {
    switch self {
    case .notWritable: .cannotCreate
    case .nothingKept: .badInput
    }
  }

  public var description: String {
    switch self {
    case .notWritable(let folder, let reason):
      "\(folder): the report cannot be written there (\(reason)); choose another folder"
    case .nothingKept(let run):
      """
      run \(run) evaluated before Reber kept what a report shows: add --again to evaluate once more
      """
    }
  }
}

/// The folder that a report is written to.
public struct ReportFolder: Sendable {
  /// Its path.
  public let path: String

  /// The page's path.
  public var page: String { path + "/report.html" }

  /// Makes the folder where there is none, before any work is done for it.
  ///
  /// - Throws: `ReportError.notWritable`.
  public init(_ path: String) throws {
    self.path = path
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw ReportError.notWritable(folder: path, reason: (error as NSError).localizedDescription)
    }
  }

  fileprivate func write(page text: String) throws {
    do {
      try Data(text.utf8).write(to: URL(fileURLWithPath: page), options: .atomic)
    } catch {
      throw ReportError.notWritable(folder: path, reason: (error as NSError).localizedDescription)
    }
  }
}

extension Workplace {
  /// Writes the report of an evaluation that `stage` made: a page and CSV files.
  ///
  /// All figures come from the rows of its run, so an evaluation that was made before gives the
  /// same report.
  ///
  /// - Throws: `ReportError`, or `TableError` for a file that cannot be written.
  public func write(
    reportOf evaluation: StageReport<EvaluateStage.Metrics>, of stage: EvaluateStage,
    to folder: ReportFolder
  ) async throws {
    let survey = try await survey(stage.survey)
    let writer = user.codeVersion
    let report = try await database.with {
      try survey.report(of: evaluation, stage, by: writer, in: $0)
    }
    try folder.write(page: try report.page())
    try report.writeTables(to: folder.path)
  }
}

extension Survey {
  /// All that a report of an evaluation shows, from the rows of its run.
  fileprivate func report(
    of evaluation: StageReport<EvaluateStage.Metrics>, _ stage: EvaluateStage, by writer: String,
    in database: Connection
  ) throws -> EvaluationReport {
    let (run, metrics) = (evaluation.run, evaluation.metrics)
    let judged = try judged(run: run, in: database)
    guard judged.count == metrics.sources else { throw ReportError.nothingKept(run: run) }
    let found = try classification(run: metrics.classification, in: database)
    let model = try Catalogue.Model.find(.classifier, numbered: found.model, in: database)
    let classes = try model.classes(in: database).classes.map(\.name)
    let montages = ClassMontage.all(of: judged, classes: classes, count: 6)
    return EvaluationReport(
      subject: try subject(of: run, stage, model, by: writer, in: database), metrics: metrics,
      bounds: stage.bounds.all, classes: classes,
      reliability: try ReliabilityBin.all(run: run, in: database),
      coverage: try CoveragePoint.all(run: run, in: database), judged: judged,
      montages: montages,
      pictures: try pictures(
        of: montages.flatMap(\.shown), prepared: model.preprocessing(), in: database),
      map: try map(
        for: model, classification: found.run, judged: judged, classes: classes, in: database))
  }

  private func subject(
    of run: Int, _ stage: EvaluateStage, _ model: Catalogue.Model, by writer: String,
    in database: Connection
  ) throws -> EvaluationReport.Subject {
    guard let truth = try Run.inputs(of: run, in: database).first else {
      throw ReportError.nothingKept(run: run)
    }
    let (scheme, classes) = try model.classes(in: database)
    return EvaluationReport.Subject(
      survey: self, scheme: scheme.name, model: model,
      labels: classes.reduce(0) { $0 + $1.labels }, truth: truth, radius: stage.radius,
      run: try Run.numbered(run, in: database), writer: writer)
  }

  /// Pictures of sources as a model sees them, by source.
  private func pictures(
    of sources: [JudgedSource], prepared preprocessing: Preprocessing, in database: Connection
  ) throws -> [Int: [UInt8]] {
    let cutouts = try cutouts(sources.map(\.cutout), in: database)
    let pictures = try preprocessing.prepare(cutouts, beam: observation.beam).map {
      ($0.source, try $0.image.picture())
    }
    return Dictionary(pictures, uniquingKeysWith: { $1 })
  }

  /// The sources' embeddings on a plane, with their classes; `nil` where there are none.
  private func map(
    for classifier: Catalogue.Model, classification: Int, judged: [JudgedSource],
    classes: [String], in database: Connection
  ) throws -> EmbeddingMap? {
    guard let model = try embeddingModel(for: classifier, in: database) else { return nil }
    let embeddings = try model.embeddings(of: self, in: database)
      .filter { $0.vector.allSatisfy(\.isFinite) }
    guard let dimensions = embeddings.first?.vector.count else { return nil }
    let plane = Tensor(
      shape: [embeddings.count, dimensions], values: embeddings.flatMap(\.vector)
    ).onUnitSphere().onPrincipalPlane()
    let places = Dictionary(classes.enumerated().map { ($1, $0) }, uniquingKeysWith: { a, _ in a })
    let predicted = try predictedClasses(run: classification, in: database)
    let truth = Dictionary(judged.map { ($0.id, $0.truth) }, uniquingKeysWith: { $1 })
    return EmbeddingMap(
      model: model.id,
      points: embeddings.indices.map {
        Point(Double(plane.values[2 * $0]), Double(plane.values[2 * $0 + 1]))
      },
      predicted: embeddings.map { predicted[$0.source].flatMap { places[$0] } },
      truth: embeddings.map { truth[$0.source].flatMap { places[$0] } })
  }
}
