public import NeuralNetwork

/// A comparison of ways to learn the same labels, in folds that neither the labels' nor the
/// images' part of the learning saw.
///
/// In every fold an encoder is pre-trained without labels on all images but the fold's and those of
/// the same places on the sky; then each way learns from shares of the other folds' labels and
/// gives the fold's sources probabilities. A fold rests on nothing that another one does: each is a
/// training of its own (``Fold``).
public struct CrossValidation: Sendable {
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

    /// How many folds are done.
    public var doneFolds: Int { min(folds, max(1, onlyFolds ?? folds)) }

    /// Steps of a fold of tasks of these names: epochs of pre-training, and ways to learn.
    public func stepsPerFold(_ tasks: [String]) -> Int { pretraining.epochs + cells(tasks).count }

    /// All cells of tasks of these names, with the index of their task.
    public func cells(_ tasks: [String]) -> [(task: Int, cell: Cell)] {
      tasks.enumerated().flatMap { index, task in
        shares.flatMap { share in
          methods.map { (index, Cell(task: task, method: $0, share: share)) }
        }
      }
    }
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

  /// How many folds are done.
  public var doneFolds: Int { options.doneFolds }

  let engine: any Engine
  let images: [Prepared]
  let groups: [Int]
  private let folds: [[Int]]

  /// Divides the labelled images into folds.
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
  var cells: [(task: Int, cell: Cell)] { options.cells(tasks.map(\.name)) }

  /// A fold, before its first step.
  public func fold(_ number: Int) -> Fold { Fold(number, of: self) }

  /// The rows of a task that a fold is judged by: places in `Task.rows`.
  public func testPlaces(task: Int, fold: Int) -> [Int] {
    folds[task].indices.filter { folds[task][$0] == fold }
  }

  /// The images that may be learned from in a fold, without their classes.
  func unseen(_ fold: Int) -> [Int] {
    var closed = Set<Int>()
    for task in tasks.indices {
      closed.formUnion(
        testPlaces(task: task, fold: fold).map { groups[tasks[task].rows[$0]] })
    }
    return images.indices.filter { !closed.contains(groups[$0]) }
  }
}
