import NeuralNetwork
public import Tensor

extension CrossValidation {
  /// A fold of a comparison, as a training.
  ///
  /// A step is an epoch of pre-training, or one way to learn.
  public struct Fold: ResumableTraining {
    /// Its number, from 0.
    public let number: Int

    public private(set) var position = 0

    /// The probabilities of the sources held out, a tensor `[places, classes]` for each key of a ``Cell`` that is
    /// done.
    public private(set) var probabilities: [String: Tensor] = [:]

    private let comparison: CrossValidation
    private let cells: [(task: Int, cell: Cell)]
    private var pretraining: Pretraining?

    init(_ number: Int, of comparison: CrossValidation) {
      precondition((0..<comparison.doneFolds).contains(number), "no such fold")
      (self.number, self.comparison) = (number, comparison)
      cells = comparison.cells
    }

    private var epochs: Int { comparison.options.pretraining.epochs }

    public var total: Int { comparison.options.stepsPerFold(comparison.tasks.map(\.name)) }

    /// Pre-trains for an epoch, or learns in one way.
    ///
    /// - Throws: `MorphologyError` where labels or images do not suffice.
    @discardableResult
    public mutating func advance() async throws -> TrainingStep {
      precondition(!isFinished, "no step is left")
      var name = "pre-training, epoch \(position + 1) of \(epochs)"
      if position < epochs {
        try await pretrain()
      } else {
        let (task, cell) = cells[position - epochs]
        name = "\(cell.task), \(cell.method.rawValue), \(Int(100 * cell.share))% of the labels"
        try await learn(cell, task: task)
      }
      position += 1
      if isFinished { pretraining = nil }
      return TrainingStep(name)
    }

    /// Does an epoch.
    private mutating func pretrain() async throws {
      var learner = try pretraining ?? newPretraining()
      pretraining = nil
      for _ in 0..<learner.stepsPerEpoch {
        try await learner.advance()
        await giveWay()
      }
      pretraining = learner
    }

    private func newPretraining() throws -> Pretraining {
      try Pretraining(
        comparison.options.pretraining,
        images: comparison.unseen(number).map { comparison.images[$0] }, engine: comparison.engine)
    }

    private mutating func learn(_ cell: Cell, task index: Int) async throws {
      let (task, groups) = (comparison.tasks[index], comparison.groups)
      let test = comparison.testPlaces(task: index, fold: number)
      let closed = Set(test.map { groups[task.rows[$0]] })
      let open = task.rows.indices.filter { !closed.contains(groups[task.rows[$0]]) }
      var learning = comparison.options.learning
      learning.classes = task.classNames.count
      let trial = try Trial(
        images: task.rows.map { comparison.images[$0] }, classes: task.classes,
        training: stratifiedPart(
          open, classes: task.classes, share: cell.share,
          seed: comparison.options.seed &+ UInt64(number)),
        test: test, encoder: encoder(), options: learning)
      probabilities[cell.key] = try await trial.probabilities(by: cell.method)
    }

    /// The encoder; one of random weights where there is no pre-training.
    private func encoder() throws -> any Encoder {
      let options = comparison.options
      return try pretraining?.encoder
        ?? comparison.engine.encoder(
          options.pretraining.architecture, precision: options.pretraining.computed,
          seed: options.seed)
    }
  }
}

extension CrossValidation.Fold {
  public var state: [String: Tensor] {
    probabilities.prefixed("probabilities.").merging(
      (pretraining?.state ?? [:]).prefixed("pretraining.")
    ) { first, _ in first }
  }

  public mutating func load(_ state: [String: Tensor], position: Int) throws {
    try check(position)
    let saved = state.part("probabilities.")
    let shapes = done(at: position).map { task, cell in
      (
        cell.key,
        [
          comparison.testPlaces(task: task, fold: number).count,
          comparison.tasks[task].classNames.count,
        ]
      )
    }
    guard saved.mapValues(\.shape) == Dictionary(uniqueKeysWithValues: shapes) else {
      throw MorphologyError.badState("it is of other tasks")
    }
    var learner: Pretraining?
    if position > 0, position < total, epochs > 0 {
      var begun = try newPretraining()
      try begun.load(
        state.part("pretraining."), position: min(position, epochs) * begun.stepsPerEpoch)
      learner = begun
    }
    (probabilities, self.position, pretraining) = (saved, position, learner)
  }

  /// Goes on from a checkpoint of versions that took all folds for one training, with probabilities of all of a
  /// task's rows.
  ///
  /// - Returns: Whether that training had come to this fold.
  /// - Throws: As ``load(_:position:)``.
  public mutating func load(ofAll state: [String: Tensor], position: Int) throws -> Bool {
    let reached = min(position - number * total, total)
    guard reached > 0 else { return false }
    var own = reached < total ? state.filter { $0.key.hasPrefix("pretraining.") } : [:]
    for (task, cell) in done(at: reached) {
      let name = "probabilities." + cell.key
      guard let table = state[name], table.shape.first == comparison.tasks[task].rows.count else {
        throw MorphologyError.badState("it is of other tasks")
      }
      own[name] = table.rows(at: comparison.testPlaces(task: task, fold: number))
    }
    try load(own, position: reached)
    return true
  }

  /// The cells that are done at a position.
  private func done(at position: Int) -> ArraySlice<(task: Int, cell: CrossValidation.Cell)> {
    cells.prefix(max(0, position - epochs))
  }
}
