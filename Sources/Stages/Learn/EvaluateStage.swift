public import Catalogue
import Foundation
public import Morphology
import PostgreSQL
import Tensor

/// Judges a classification by labels that the classifier never saw.
public struct EvaluateStage: Stage, Stored {
  public static let name = StageName.evaluate
  public static var usual: Self? { Self(survey: "") }

  /// The survey that was classified.
  public var survey: String

  /// The classification run; the newest where it is `nil`.
  public var classification: Int?

  /// A file of true classes; the labels in the database where it is `nil`.
  public var truthFile: String?

  /// How that file is read.
  public var truth: LabelImport

  /// Sources within this many arcsec of one that was learned do not count.
  public var radius = 10.0

  /// The bounds of probability, and the bootstrap.
  public var bounds = BoundOptions()

  /// Describes an evaluation of a survey, with the defaults.
  public init(survey: String) {
    self.survey = survey
    truth = LabelImport(survey: survey)
  }

  /// All but the file, which a run knows by its digest.
  private enum CodingKeys: CodingKey {
    case survey, classification, truth, radius, bounds
  }

  /// What an evaluation found.
  public struct Metrics: Warned {
    /// The classification run that was judged.
    public var classification: Int
    /// Sources that were judged.
    public var sources: Int
    /// Sources with a true class that the classifier learned, or that lie beside one it learned.
    public var learned: Int
    /// Sources with a true class that the classifier does not know, or without a prediction.
    public var leftOut: Int
    /// Of the judged ones, those whose images the encoder saw, without their classes.
    public var seenUnlabelled: Int
    /// The part that was called right.
    public var accuracy: Double
    /// The share of the most frequent true class, which always saying it gets right; not known of
    /// older runs.
    public var largestShare: Double?
    /// Judged sources of which it is not known whether they lie beside a learned one, since a position
    /// is missing; not known of older runs.
    public var notCheckable: Int?
    /// What speaks against the classification.
    public var warnings: [String]?
    /// The mean F1 of the classes.
    public var macroF1: Double
    /// The expected calibration error.
    public var calibrationError: Double
    /// Scores by bound and class, then the macro average.
    public var scores: [EvaluationRow]
    /// Counts of true against predicted classes.
    public var confusion: [ConfusionCell]
    /// How reliable predictions are by brightness and by size; `nil` of tags, and not known of older runs.
    public var parts: [PartRow]?
    /// What the sets of classes hold, by the coverage they were chosen for and by class; `nil` where the
    /// classifier has no sets, and not known of older runs.
    public var sets: [SetRow]?
  }
}

/// Judged sources: their true classes and predictions.
private struct Judged: Sendable {
  var sources: [Int] = []
  var truth: [Int] = []
  var probabilities: [Float] = []
  var learned = 0
  var leftOut = 0
}

/// What an evaluation judges.
private struct Subject: Sendable {
  var survey: Survey
  var classification: Int
  var model: Catalogue.Model
  var scheme: ClassScheme
  var classes: [ModelClass]
}

extension EvaluateStage {
  /// Evaluates a classification by a table of true classes or, where there is none, by the consensus
  /// of the labels in the database.
  ///
  /// - Throws: `LearnError.nothingHeldOut` where every labelled source was learned.
  public func plan(in place: Workplace) async throws -> Plan<Metrics> {
    let survey = try await place.survey(survey)
    let file = try truthFile.map { try fileInput($0, role: "truth") }
    let (subject, work) = try await place.database.with { database in
      let found = try Classification.find(of: survey, run: self.classification, in: database)
      let model = try Catalogue.Model.find(.classifier, numbered: found.model, in: database)
      let (scheme, classes) = try model.classes(in: database)
      var resolved = self
      resolved.classification = found.run
      let work = try self.work(
        resolved, seed: bounds.seed,
        inputs: [file ?? Consensus.input(of: survey, scheme: scheme, in: database)],
        parents: [.init(run: found.run, role: "predictions")]
          + (file == nil ? Consensus.runs(of: survey, scheme: scheme, in: database) : []))
      let subject = Subject(
        survey: survey, classification: found.run, model: model, scheme: scheme,
        classes: classes)
      return (subject, work)
    }
    return Plan(work) { run in { try evaluate(subject, run: run, in: $0) } }
  }

  private func evaluate(
    _ subject: Subject, run: Int, in database: Connection
  ) throws -> Metrics {
    let (survey, scheme) = (subject.survey, subject.scheme)
    if scheme.isTags { return try evaluateTags(subject, run: run, in: database) }
    let names = subject.classes.map(\.name)
    let known =
      try truthFile.map { try truth.classes(in: $0, of: survey, database) }
      ?? Consensus.names(of: survey, scheme: scheme, in: database)
    let judged = try judge(
      known, of: survey, classification: subject.classification, classes: names, in: database)
    let evaluation = try Evaluation(
      truth: judged.truth,
      probabilities: Tensor(
        shape: [judged.truth.count, names.count], values: judged.probabilities))
    var metrics = try metrics(
      evaluation, judged, classes: names, survey, subject.classification, in: database)
    metrics.parts = try parts(
      evaluation, sources: judged.sources, of: survey, classification: subject.classification,
      in: database)
    metrics.sets = try sets(evaluation, of: subject.model, classes: names, in: database)
    try EvaluationRow.replace(metrics.scores, run: run, in: database)
    try ConfusionCell.replace(metrics.confusion, run: run, in: database)
    try ReliabilityBin.replace(
      Calibration(evaluation).bins.map { ReliabilityBin($0) }, run: run, in: database)
    try CoveragePoint.replace(
      Coverage(evaluation).points.map { CoveragePoint($0) }, run: run, in: database)
    try JudgedSource.write(
      zip(judged.sources, judged.truth).map {
        SourceClass(source: $0, classID: subject.classes[$1].id)
      }, of: survey, scheme: scheme, classification: subject.classification, run: run, in: database)
    return metrics
  }

  private func evaluateTags(
    _ subject: Subject, run: Int, in database: Connection
  ) throws -> Metrics {
    let (survey, scheme) = (subject.survey, subject.scheme)
    let known =
      try truthFile.map { try truth.tags(in: $0, of: survey, scheme, database) }
      ?? Dictionary(
        SourceAnswers.all(of: survey, scheme: scheme, asShares: false, in: database)
          .map { ($0.source, $0.answers) }, uniquingKeysWith: { $1 })
    let metrics = try judgeTags(
      known, of: survey, classification: subject.classification, tags: subject.classes,
      in: database)
    try EvaluationRow.replace(metrics.scores, run: run, in: database)
    return metrics
  }

  /// Puts true classes beside predictions, without what was learned.
  fileprivate func judge(
    _ truth: [Int: String], of survey: Survey, classification: Int, classes: [String],
    in database: Connection
  ) throws -> Judged {
    let learned = try TrainingSource.learned(
      by: classification, within: radius, of: survey, in: database)
    let places = Dictionary(classes.enumerated().map { ($1, $0) }, uniquingKeysWith: { $1 })
    var judged = Judged()
    var matched = 0
    for prediction in try Prediction.all(of: survey, run: classification, in: database) {
      guard let name = truth[prediction.source] else { continue }
      matched += 1
      if learned.contains(prediction.source) {
        judged.learned += 1
      } else if let place = places[name] {
        judged.sources.append(prediction.source)
        judged.truth.append(place)
        judged.probabilities += prediction.probabilities
      } else {
        judged.leftOut += 1
      }
    }
    judged.leftOut += truth.count - matched
    guard !judged.truth.isEmpty else {
      throw LearnError.nothingHeldOut(survey: survey.name, learned: judged.learned)
    }
    return judged
  }

  fileprivate func metrics(
    _ evaluation: Evaluation, _ judged: Judged, classes: [String], _ survey: Survey,
    _ classification: Int, in database: Connection
  ) throws -> Metrics {
    let confusion = evaluation.confusion()
    let bounded = evaluation.byProbability(bounds)
    return Metrics(
      classification: classification, sources: judged.truth.count, learned: judged.learned,
      leftOut: judged.leftOut,
      seenUnlabelled: try TrainingSource.countSeen(
        by: classification, among: judged.sources, of: survey, in: database),
      accuracy: confusion.accuracy, largestShare: confusion.largestShare,
      notCheckable: try TrainingSource.countNotCheckable(
        against: classification, among: judged.sources, of: survey, in: database),
      warnings: confusion.warning.map { [$0] }, macroF1: confusion.macro.f1,
      calibrationError: Calibration(evaluation).expectedError,
      scores: bounded.flatMap { EvaluationRow.rows($0, classes: classes) },
      confusion: confusion.cells(classes: classes))
  }
}

extension Confusion {
  /// Says where the classes are not found clearly better than by always saying the most frequent one.
  var warning: String? {
    guard !isClearlyBetter else { return nil }
    return """
      the classifier is not clearly better than always saying the most frequent class: \
      \(String(format: "%.3f", accuracy)) of \(total) sources are called right, that class has \
      \(String(format: "%.3f", largestShare)) of them
      """
  }
}

extension LabelImport {
  /// The classes of a survey's sources by a file, by source.
  func classes(
    in path: String, of survey: Survey, _ database: Connection
  ) throws -> [Int: String] {
    let scheme = try ClassScheme.find(scheme, in: database)
    try scheme?.checkOneClass(for: "a table of true classes")
    let rows = try read(path, scheme).rows
    let keys = try Source.keys(of: survey, in: database)
    let known = rows.compactMap { row in
      keys[row.source].map { ($0, scheme?.name(of: row.text) ?? row.text) }
    }
    return Dictionary(known, uniquingKeysWith: { first, _ in first })
  }

  /// Which tags of a scheme apply to a survey's sources by a file, by source: 1 or 0.
  func tags(
    in path: String, of survey: Survey, _ scheme: ClassScheme, _ database: Connection
  ) throws -> [Int: [Int16: Float]] {
    let keys = try Source.keys(of: survey, in: database)
    let known = try read(path, scheme).rows.compactMap { row in
      try keys[row.source].map { source in
        let said = try row.named(by: scheme).said.map {
          (try scheme.classID(named: $0.className), $0.denies ? Float(0) : 1)
        }
        return (source, Dictionary(said, uniquingKeysWith: { $1 }))
      }
    }
    return Dictionary(known, uniquingKeysWith: { $0.merging($1) { first, _ in first } })
  }
}
