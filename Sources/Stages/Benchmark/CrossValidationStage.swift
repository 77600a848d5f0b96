public import Catalogue
public import Morphology
import PostgreSQL
import Tensor

/// Compares ways to learn labels, each judged on sources that it never saw.
public struct CrossValidationStage: Stage, Stored {
  public static let name = StageName.crossvalidate
  public static var usual: Self? { Self(tasks: []) }

  /// The labels to learn.
  public var tasks: [LabelledTask]

  /// Surveys whose images are learned from without labels, besides those of the tasks.
  public var unlabelled: [String] = []

  /// How all images are prepared.
  public var preprocessing = Preprocessing()

  /// Sky shown, as a multiple of each source's size on its image, where that is less than the image;
  /// `nil` shows what `preprocessing` says.
  public var sizeFactor: Double? = Framing.usualSizeFactor

  /// What decides the learning.
  public var options = CrossValidation.Options()

  /// Sources within this many arcsec of each other are one place on the sky.
  public var groupRadius = 10.0

  /// Describes a comparison, with the defaults.
  public init(tasks: [LabelledTask]) {
    self.tasks = tasks
  }

  /// All but the size factor: the stage finds what it means for the images, and `preprocessing` says.
  private enum CodingKeys: CodingKey { case tasks, unlabelled, preprocessing, options, groupRadius }

  /// What the comparison found.
  public struct Metrics: Warned {
    /// Images that were there to learn from.
    public var images: Int
    /// A row for every way, share and task.
    public var results: [Result]
    /// What speaks against results or their judgement.
    public var warnings: [String]?
    /// Images of which it is not known whether they share a place with one of another fold, since they
    /// have no position; not known of older runs.
    public var notCheckable: Int?
    /// Seconds of work by this process.
    public var seconds: Double
  }

  /// How well one way did with one share of one task's labels.
  public struct Result: Codable, Sendable {
    /// The survey.
    public var task: String
    /// The way.
    public var method: Trial.Method
    /// The share of the labels.
    public var share: Double
    /// Sources judged, all folds together.
    public var sources: Int
    /// The part that was called right.
    public var accuracy: Double
    /// The standard deviation of the folds' accuracies; `nil` for one fold.
    public var accuracySpread: Double?
    /// The share of the most frequent class, which always saying it gets right; not known of older
    /// runs.
    public var largestShare: Double?
    /// That it is not clearly better than that, where it is not.
    public var warning: String?
    /// The mean F1 of the classes.
    public var macroF1: Double
    /// Its bootstrap interval.
    public var macroInterval: Interval?
    /// The expected calibration error.
    ///
    /// Each fold's temperature comes from the other folds; of one fold it is that of `FineTuning`.
    public var calibrationError: Double
  }
}

extension CrossValidationStage {
  /// Compares; where an earlier process was stopped, goes on from its checkpoint.
  ///
  /// - Throws: `LearnError.tooFewLabels` for a task without two labelled classes, and what the
  ///   learning throws.
  public func plan(in place: Workplace) async throws -> Plan<Metrics> {
    let (views, work) = try await place.database.with { database in
      let surveys = try self.surveys.map { try Survey.named($0, in: database) }
      let views = try FittedViews(
        of: surveys, preprocessing, sizeFactor: sizeFactor, in: database)
      var resolved = self
      resolved.preprocessing = views.preprocessing
      let labels = try tasks.flatMap { task in
        let scheme = try ClassScheme.named(task.scheme, in: database)
        return try task.surveys.map {
          try Consensus.input(
            of: Survey.named($0, in: database), scheme: scheme, in: database)
        }
      }
      let work = try self.work(
        resolved, seed: options.seed,
        inputs: surveys.map { try Cutout.input(of: $0, in: database) } + labels,
        parents: surveys.flatMap { try Cutout.runs(of: $0, in: database) })
      return (views, work)
    }
    var plan = Plan(work) { try await compare(by: views, run: $0, in: place) }
    plan.notes = views.notes
    return plan
  }

  private func compare(
    by views: FittedViews, run: Int, in place: Workplace
  ) async throws -> Conclusion<Metrics> {
    let specimens = try await place.specimens(
      of: surveys, by: views.preprocessing, groupRadius: groupRadius)
    let tasks = try await place.database.with { database in
      try self.tasks.map { try specimens.task($0, in: database) }
    }
    var comparison = try CrossValidation(
      options, images: specimens.images, groups: specimens.groups, tasks: tasks,
      engine: place.engine)
    var session = TrainingSession(workplace: place, run: run)
    try await session.finish(&comparison, "comparing", by: "part")
    let results = try comparison.results()
    let warnings = results.compactMap { result in
      result.warning.map { "\(result.task), \(result.method.rawValue): \($0)" }
    }
    let metrics = Metrics(
      images: specimens.images.count, results: results,
      warnings: warnings.isEmpty ? nil : warnings, notCheckable: specimens.withoutPosition,
      seconds: session.seconds)
    return { _ in metrics }
  }

  /// All surveys, each once.
  private var surveys: [String] {
    (tasks.flatMap(\.surveys) + unlabelled).reduce(into: []) {
      if !$0.contains($1) { $0.append($1) }
    }
  }
}

extension CrossValidation {
  /// The scores of every cell.
  fileprivate func results() throws -> [CrossValidationStage.Result] {
    try cells.compactMap { task, cell in
      guard let found = probabilities[cell.key] else { return nil }
      return try result(cell, task: task, found)
    }
  }

  private func result(
    _ cell: Cell, task index: Int, _ found: Tensor
  ) throws -> CrossValidationStage.Result {
    let task = tasks[index]
    let places = (0..<doneFolds).map { testPlaces(task: index, fold: $0) }
    func evaluation(_ places: [Int], _ table: Tensor) throws -> Evaluation {
      try Evaluation(
        truth: places.map { task.classes[$0] }, probabilities: table.rows(at: places))
    }
    let whole = try evaluation(places.flatMap(\.self), found)
    let parts = try places.map { try evaluation($0, found).confusion().accuracy }
    var calibrated = found
    if doneFolds > 1 {
      calibrated = found.calibratedAcross(places, classes: task.classes)
    }
    let confusion = whole.confusion()
    let bounded = whole.byProbability().first { $0.bound == .all }
    return CrossValidationStage.Result(
      task: cell.task, method: cell.method, share: cell.share, sources: whole.truth.count,
      accuracy: confusion.accuracy, accuracySpread: deviation(parts),
      largestShare: confusion.largestShare, warning: confusion.warning, macroF1: confusion.macro.f1,
      macroInterval: bounded?.macroInterval,
      calibrationError: Calibration(try evaluation(places.flatMap(\.self), calibrated))
        .expectedError)
  }
}

/// The standard deviation of a sample; `nil` of fewer than two.
private func deviation(_ values: [Double]) -> Double? {
  guard values.count > 1 else { return nil }
  let mean = values.reduce(0, +) / Double(values.count)
  let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
  return (squares / Double(values.count - 1)).squareRoot()
}
