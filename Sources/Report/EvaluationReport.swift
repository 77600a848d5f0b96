import Catalogue
import Morphology
import PostgreSQL
import Stages
import Tensor

/// Everything that a report of an evaluation shows.
struct EvaluationReport: Sendable {
  /// What was judged, by whom and when.
  var subject: Subject

  /// The scores.
  var metrics: EvaluateStage.Metrics

  /// The bounds of probability, in their order.
  var bounds: [ProbabilityBound]

  /// The classes that the classifier knows, in its order.
  var classes: [String]

  /// The curves, in the order of the page.
  var curves: [any Curve]

  /// The sources that were judged.
  var judged: [JudgedSource]

  /// The surest and the most doubtful of them, class by class.
  var montages: [ClassMontage]

  /// Pictures of these, as addresses that hold a PNG file, by source.
  var pictures: [Int: String]

  /// The survey's embeddings; `nil` where there are none.
  var map: EmbeddingMap?

  /// What was judged, by whom and when.
  struct Subject: Sendable {
    /// The survey.
    var survey: Survey

    /// The class scheme.
    var scheme: String

    /// The classifier.
    var model: Catalogue.Model

    /// Sources that taught it.
    var labels: Int

    /// What said which classes are true.
    var truth: Work.Input

    /// Sources within this many arcsec of one that was learned were not judged.
    var radius: Double

    /// The run that judged.
    var run: Run

    /// The version of the program that writes the report.
    var writer: String
  }
}

extension EvaluationReport {
  /// Reads all that a report of an evaluation shows from the rows of its run.
  ///
  /// - Throws: `ReportError.nothingKept` where the run did not keep what it judged.
  init(
    of evaluation: StageReport<EvaluateStage.Metrics>, _ stage: EvaluateStage, survey: Survey,
    by writer: String, in database: Connection
  ) throws {
    let run = evaluation.run
    metrics = evaluation.metrics
    let model = try Catalogue.Model.find(
      .classifier,
      numbered: Classification.find(of: survey, run: metrics.classification, in: database).model,
      in: database)
    try model.classes(in: database).scheme.checkOneClass(for: "the report of an evaluation")
    judged = try JudgedSource.all(of: survey, run: run, in: database)
    guard judged.count == metrics.sources else { throw ReportError.nothingKept(run: run) }
    subject = try Subject(survey, model, stage, run: run, by: writer, in: database)
    bounds = stage.bounds.all
    classes = try model.classes(in: database).classes.map(\.name)
    let metrics = metrics
    curves = try curveTypes.map { try $0.init(run: run, metrics: metrics, in: database) }
    montages = ClassMontage.all(of: judged, classes: classes, count: 6)
    pictures = try survey.pictures(
      of: montages.flatMap(\.shown), prepared: model.preprocessing(), in: database)
    map = try EmbeddingMap(
      of: survey, for: model, classification: metrics.classification, judged: judged,
      classes: classes, in: database)
  }
}

extension EvaluationReport.Subject {
  fileprivate init(
    _ survey: Survey, _ model: Catalogue.Model, _ stage: EvaluateStage, run: Int,
    by writer: String, in database: Connection
  ) throws {
    guard let truth = try Run.inputs(of: run, in: database).first else {
      throw ReportError.nothingKept(run: run)
    }
    let (scheme, classes) = try model.classes(in: database)
    self.init(
      survey: survey, scheme: scheme.name, model: model,
      labels: classes.reduce(0) { $0 + $1.labels }, truth: truth, radius: stage.radius,
      run: try Run.numbered(run, in: database), writer: writer)
  }
}

extension Survey {
  /// Pictures of sources as a model sees them, by source.
  fileprivate func pictures(
    of sources: [JudgedSource], prepared preprocessing: Preprocessing, in database: Connection
  ) throws -> [Int: String] {
    let cutouts = try StoredCutout.some(sources.map(\.cutout), of: self, in: database)
    let pictures = try preprocessing.prepare(cutouts, beam: observation.beam).map {
      ($0.source, dataAddress(png: try $0.image.picture()))
    }
    return Dictionary(pictures, uniquingKeysWith: { $1 })
  }
}

extension BoundOptions {
  /// The bounds in the order of the published table.
  fileprivate var all: [ProbabilityBound] { [.atMost(low), .all, .atLeast(high)] }
}
