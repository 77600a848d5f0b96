public import Catalogue
public import Morphology
public import NeuralNetwork
import PostgreSQL

/// Compares ways to learn labels, each judged on sources that it never saw.
public struct CrossValidationStage: ComputingStage, Stored {
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

  public var choosesPrecision = false

  /// Sources within this many arcsec of each other are one place on the sky.
  public var groupRadius = 10.0

  /// Describes a comparison, with the defaults.
  public init(tasks: [LabelledTask]) {
    self.tasks = tasks
  }

  /// All but the size factor: the stage finds what it means for the images, and `preprocessing` says.
  private enum CodingKeys: CodingKey { case tasks, unlabelled, preprocessing, options, groupRadius }

  /// What the encoders compute with.
  public var precision: Precision {
    get { options.pretraining.computed }
    set { options.pretraining.computed = newValue }
  }

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
    /// Seconds of work, of all who shared it; of runs that went on after a stop, those of the folds' last parts.
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
  /// Compares, fold by fold, which any number of processes share; where a fold was stopped, it goes on from its
  /// checkpoint.
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
      let work = try self.work(
        resolved, seed: options.seed, inputs: inputs(in: database),
        parents: surveys.flatMap { try Cutout.runs(of: $0, in: database) })
      return (views, work)
    }
    var plan = Plan(work) { run, isFirst, database in
      if isFirst { try divide(run, in: database) }
      return Together(
        perform: { try await compare(by: views, work.inputs, $0) },
        end: { try conclusion(of: run, in: $0) })
    }
    (plan.notes, plan.precision) = (views.notes, precision)
    return plan
  }

  /// The images and labels that it rests on.
  private func inputs(in database: Connection) throws -> [Work.Input] {
    let labels = try tasks.flatMap { task in
      let scheme = try ClassScheme.named(task.scheme, in: database)
      return try task.surveys.map {
        try Consensus.input(of: Survey.named($0, in: database), scheme: scheme, in: database)
      }
    }
    return try surveys.map { try Cutout.input(of: Survey.named($0, in: database), in: database) }
      + labels
  }

  /// Divides a run into folds; one that was stopped goes on with those that are not done.
  private func divide(_ run: Int, in database: Connection) throws {
    if try Piece.free(run, in: database) { return }
    let steps = options.stepsPerFold(tasks.map(\.survey))
    try Piece.divide(
      run, into: (0..<foldsToDo).map { $0...$0 },
      items: Array(repeating: steps, count: foldsToDo), in: database)
  }

  /// Goes on with what a run was asked.
  init(asked parameters: JSON, form: Int) throws {
    self = try Self.read(parameters, form: form)
    // What it meant for the images is found already.
    sizeFactor = nil
  }

  /// Folds that are done; with a survey to judge by there is one.
  private var foldsToDo: Int { tasks.contains { $0.test != nil } ? 1 : options.doneFolds }

  /// Does folds until none is left.
  ///
  /// - Throws: `LearnError.inputsChanged` where what was read is not what the run was begun with: its folds would
  ///   not be those of others.
  private func compare(
    by views: FittedViews, _ inputs: [Work.Input], _ work: SharedWork
  ) async throws {
    let (place, what) = (work.place, "comparing, parts")
    guard try await work.isLeft(what) else { return }
    let specimens = try await place.specimens(
      of: surveys, by: views.preprocessing, groupRadius: groupRadius)
    let tasks = try await place.database.with { database in
      try self.tasks.map { try specimens.task($0, in: database) }
    }
    let comparison = try CrossValidation(
      options, images: specimens.images, groups: specimens.groups, tasks: tasks,
      engine: place.engine)
    let read = try await place.database.with { try self.inputs(in: $0) }
    guard read.map(\.sha256) == inputs.map(\.sha256) else {
      throw LearnError.inputsChanged(run: work.worker.run)
    }
    try await work.perform(what) { piece in
      var session = TrainingSession(workplace: place, piece: piece)
      var fold = comparison.fold(piece.keys.lowerBound)
      try await takeOver(&fold, session)
      try await session.finish(
        &fold, "fold \(fold.number + 1) of \(comparison.doneFolds)", by: "part")
      let judged = JudgedFold(
        fold, of: comparison, specimens, seconds: session.seconds)
      let bytes = try judged.encoded()
      return try await place.database.with { try piece.end(result: bytes, in: $0) }
    }
  }

  /// Goes on from the checkpoint of a version that took all folds for one training, where there is one.
  private func takeOver(
    _ fold: inout CrossValidation.Fold, _ session: TrainingSession
  ) async throws {
    let run = session.run
    let former = try await session.workplace.database.with {
      try Checkpoint.read(run: run, in: $0)
    }
    guard let former else { return }
    let state = try decodeSafetensors(former.state).tensors
    if try fold.load(ofAll: state, position: former.step) { session.noteGoingOn(fold, "part") }
  }

  /// Judges all folds together.
  private func conclusion(of run: Int, in database: Connection) throws -> Conclusion<Metrics> {
    let folds = try Piece.results(of: run, in: database).map(JudgedFold.init(decoding:))
    let results = try options.cells(tasks.map(\.survey)).compactMap { task, cell in
      try folds.result(cell, task: task)
    }
    let warnings = results.compactMap { result in
      result.warning.map { "\(result.task), \(result.method.rawValue): \($0)" }
    }
    let metrics = Metrics(
      images: folds.first?.images ?? 0, results: results,
      warnings: warnings.isEmpty ? nil : warnings, notCheckable: folds.first?.withoutPosition,
      seconds: folds.reduce(0) { $0 + $1.seconds })
    return { _ in metrics }
  }

  /// All surveys, each once.
  private var surveys: [String] {
    (tasks.flatMap(\.surveys) + unlabelled).reduce(into: []) {
      if !$0.contains($1) { $0.append($1) }
    }
  }
}
