public import NeuralNetwork
public import Tensor

/// A comparison of ways to learn the same labels, in folds that neither the labels' nor the
/// images' part of the learning saw.
///
/// In every fold an encoder is pre-trained without labels on all images but the fold's and those of
/// the same places on the sky; then each way learns from shares of the other folds' labels and
/// gives the fold's sources probabilities. A step is an epoch of pre-training, or one way to learn.
public struct CrossValidation: ResumableTraining {
  /// What decides the result besides the images and labels; stored with the run.
  public struct Options: Codable, Sendable, Hashable {
    /// The pre-training of every fold.
    public var pretraining = Pretraining.Options()

    /// The learning of labels; the number of classes is set to each task's.
    public var learning = FineTuning.Options(classes: 2)

    /// Folds; a task with test rows of its own has one.
    public var folds = 5

    /// How many of the folds are done, the first ones; all where it is `nil`.
    public var onlyFolds: Int?

    /// Shares of the labels to learn from, each in 0...1.
    public var shares = [0.1, 0.5, 1]

    /// The ways to learn.
    public var methods = Trial.Method.allCases

    /// Chooses folds and shares.
    public var seed: UInt64 = 1

    /// The comparison that the README shows.
    public init() { learning.folds = 0 }
  }

  /// Labelled images of one survey.
  public struct Task: Sendable {
    /// What it is called in results.
    public var name: String
    /// The names of its classes.
    public var classNames: [String]
    /// Rows of all images.
    public var rows: [Int]
    /// The class of each of those rows.
    public var classes: [Int]
    /// Whether each row is there to judge by alone; none are where it is empty.
    public var isTest: [Bool]

    /// Gathers the labelled images of one survey.
    public init(
      name: String, classNames: [String], rows: [Int], classes: [Int], isTest: [Bool] = []
    ) {
      self.name = name
      self.classNames = classNames
      self.rows = rows
      self.classes = classes
      self.isTest = isTest
    }
  }

  /// What it compares with.
  public let options: Options

  /// The labelled images.
  public let tasks: [Task]

  public private(set) var position = 0

  /// The probabilities so far, a tensor `[rows of the task, classes]` for each key of a `Cell`.
  public private(set) var probabilities: [String: Tensor] = [:]

  /// How many folds are done.
  public let doneFolds: Int

  private let engine: any Engine
  private let images: [Prepared]
  private let groups: [Int]
  private let folds: [[Int]]
  private var pretraining: Pretraining?

  /// Starts before the first fold.
  ///
  /// - Parameters:
  ///   - options: What decides the result.
  ///   - images: All images, prepared alike, labelled or not.
  ///   - groups: Images of one place on the sky share a number.
  ///   - tasks: The labelled ones.
  ///   - engine: What computes.
  /// - Throws: `MorphologyError.badOptions` without tasks, for a share outside 0...1, or for tasks
  ///   with test rows beside others.
  public init(
    _ options: Options, images: [Prepared], groups: [Int], tasks: [Task], engine: any Engine
  ) throws {
    let fixed = Set(tasks.map { $0.isTest.contains(true) })
    guard fixed.count == 1, options.shares.allSatisfy({ $0 > 0 && $0 <= 1 }) else {
      throw MorphologyError.badOptions(
        "there must be tasks, all with or all without test rows, and shares above 0 and up to 1")
    }
    var options = options
    if fixed == [true] { options.folds = 1 }
    doneFolds = min(options.folds, max(1, options.onlyFolds ?? options.folds))
    self.options = options
    (self.images, self.engine) = (images, engine)
    self.groups = groups
    self.tasks = tasks
    folds = tasks.map { task in
      guard task.isTest.isEmpty else { return task.isTest.map { $0 ? 0 : -1 } }
      return stratifiedFolds(
        classes: task.classes, groups: task.rows.map { groups[$0] }, folds: options.folds,
        seed: options.seed)
    }
    for (task, cell) in cells {
      probabilities[cell.key] = Tensor([tasks[task].rows.count, tasks[task].classNames.count])
    }
  }

  /// One way to learn from one share of one task's labels.
  public struct Cell: Sendable, Hashable {
    /// The task's name.
    public let task: String
    /// The way.
    public let method: Trial.Method
    /// The share of the labels.
    public let share: Double

    /// The name of its probabilities.
    public var key: String { "\(task)/\(method.rawValue)/\(share)" }
  }

  /// All cells, with the index of their task.
  public var cells: [(task: Int, cell: Cell)] {
    tasks.indices.flatMap { task in
      options.shares.flatMap { share in
        options.methods.map { (task, Cell(task: tasks[task].name, method: $0, share: share)) }
      }
    }
  }

  private var stepsPerFold: Int { options.pretraining.epochs + cells.count }

  public var total: Int { doneFolds * stepsPerFold }

  /// Pre-trains for an epoch, or learns in one way.
  ///
  /// - Throws: `MorphologyError` where labels or images do not suffice.
  @discardableResult
  public mutating func advance() async throws -> TrainingStep {
    precondition(!isFinished, "no step is left")
    let (fold, step) = (position / stepsPerFold, position % stepsPerFold)
    let epochs = options.pretraining.epochs
    var name = "pre-training, epoch \(step + 1) of \(epochs)"
    if step < epochs {
      try await pretrain(fold)
    } else {
      let (task, cell) = cells[step - epochs]
      name = "\(cell.task), \(cell.method.rawValue), \(Int(100 * cell.share))% of the labels"
      try await learn(cell, task: task, fold: fold)
    }
    position += 1
    if position % stepsPerFold == 0 { pretraining = nil }
    return TrainingStep("fold \(fold + 1), \(name)")
  }

  /// The rows of a task that a fold is judged by: places in `Task.rows`.
  public func testPlaces(task: Int, fold: Int) -> [Int] {
    folds[task].indices.filter { folds[task][$0] == fold }
  }

  /// The images that may be learned from in a fold, without their classes.
  private func unseen(_ fold: Int) -> [Int] {
    var closed = Set<Int>()
    for task in tasks.indices {
      closed.formUnion(
        testPlaces(task: task, fold: fold).map { groups[tasks[task].rows[$0]] })
    }
    return images.indices.filter { !closed.contains(groups[$0]) }
  }

  /// Does an epoch.
  private mutating func pretrain(_ fold: Int) async throws {
    var learner = try pretraining ?? newPretraining(fold)
    pretraining = nil
    for _ in 0..<learner.stepsPerEpoch { try await learner.advance() }
    pretraining = learner
  }

  private func newPretraining(_ fold: Int) throws -> Pretraining {
    try Pretraining(options.pretraining, images: unseen(fold).map { images[$0] }, engine: engine)
  }

  private mutating func learn(_ cell: Cell, task index: Int, fold: Int) async throws {
    let task = tasks[index]
    let test = testPlaces(task: index, fold: fold)
    let closed = Set(test.map { groups[task.rows[$0]] })
    let open = task.rows.indices.filter { !closed.contains(groups[task.rows[$0]]) }
    var learning = options.learning
    learning.classes = task.classNames.count
    let trial = try Trial(
      images: task.rows.map { images[$0] }, classes: task.classes,
      training: stratifiedPart(
        open, classes: task.classes, share: cell.share, seed: options.seed &+ UInt64(fold)),
      test: test, encoder: encoder(), options: learning)
    let found = try await trial.probabilities(by: cell.method)
    probabilities[cell.key]?.replaceRows(at: test, with: found)
  }

  /// The fold's encoder; one of random weights where there is no pre-training.
  private func encoder() throws -> any Encoder {
    try pretraining?.encoder
      ?? engine.encoder(
        options.pretraining.architecture, precision: options.pretraining.precision ?? .float32,
        seed: options.seed)
  }
}

extension CrossValidation {
  public var state: [String: Tensor] {
    probabilities.prefixed("probabilities.").merging(
      (pretraining?.state ?? [:]).prefixed("pretraining.")
    ) { first, _ in first }
  }

  public mutating func load(_ state: [String: Tensor], position: Int) throws {
    try check(position)
    let saved = state.part("probabilities.")
    guard saved.mapValues(\.shape) == probabilities.mapValues(\.shape) else {
      throw MorphologyError.badState("it is of other tasks")
    }
    let (fold, step) = (position / stepsPerFold, position % stepsPerFold)
    var learner: Pretraining?
    if step > 0, options.pretraining.epochs > 0 {
      var begun = try newPretraining(fold)
      let done = min(step, options.pretraining.epochs) * begun.stepsPerEpoch
      try begun.load(state.part("pretraining."), position: done)
      learner = begun
    }
    (probabilities, self.position, pretraining) = (saved, position, learner)
  }
}
