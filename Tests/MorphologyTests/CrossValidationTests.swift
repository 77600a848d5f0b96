import Morphology
import NeuralNetwork
import Tensor
import Testing

@Suite("Cross-validation")
struct CrossValidationTests {
  private let classes = (0..<40).map { $0 % 2 }

  private func options(epochs: Int = 2) -> CrossValidation.Options {
    var options = CrossValidation.Options()
    options.folds = 2
    options.shares = [0.5, 1]
    options.pretraining.architecture = tiny()
    options.pretraining.epochs = epochs
    options.pretraining.batchSize = 8
    options.pretraining.warmUpEpochs = 1
    options.learning.epochs = 2
    options.learning.batchSize = 8
    return options
  }

  private func task(rows: Range<Int> = 0..<40, isTest: [Bool] = []) -> CrossValidation.Task {
    CrossValidation.Task(
      name: "toy", classNames: ["single", "double"], rows: Array(rows),
      classes: rows.map { $0 % 2 }, isTest: isTest)
  }

  private func start(_ options: CrossValidation.Options) throws -> CrossValidation {
    try CrossValidation(
      options, images: twoClasses(44), groups: Array(0..<44), tasks: [task()], engine: engine)
  }

  @Test("Every labelled source gets probabilities of every way, by the fold that held it out")
  func allJudged() async throws {
    let comparison = try start(options())
    var judged: [Int] = []
    for number in 0..<comparison.doneFolds {
      var fold = comparison.fold(number)
      try await fold.finish()
      let places = comparison.testPlaces(task: 0, fold: number)
      #expect(fold.probabilities.count == 8)
      for (key, table) in fold.probabilities {
        #expect(table.shape == [places.count, 2])
        for row in places.indices {
          #expect(abs(table.row(row).reduce(0, +) - 1) < 1e-5, "\(key) \(row)")
        }
      }
      judged += places
    }
    #expect(judged.sorted() == Array(0..<40))
  }

  @Test("Stopped anywhere and resumed, a fold gives the same probabilities")
  func resumes() async throws {
    let comparison = try start(options())
    var whole = comparison.fold(1)
    try await whole.finish()
    // Amid pre-training, behind it, amid the ways, and at the end.
    for stop in [1, 2, 5, whole.total] {
      var first = comparison.fold(1)
      for _ in 0..<stop { try await first.advance() }
      var second = comparison.fold(1)
      try second.load(first.state, position: first.position)
      try await second.finish()
      #expect(second.probabilities == whole.probabilities, "stopped at \(stop)")
    }
  }

  @Test("A checkpoint of all folds as one training is gone on from")
  func goesOnFromAllFolds() async throws {
    var options = options()
    options.methods = [.neighbours, .linearProbe]
    let comparison = try start(options)
    var (first, second) = (comparison.fold(0), comparison.fold(1))
    try await first.finish()
    for _ in 0..<3 { try await second.advance() }
    // As it was kept: tables of all rows, with those of the folds so far.
    var state = second.state.filter { $0.key.hasPrefix("pretraining.") }
    for (key, table) in first.probabilities {
      var all = Tensor([40, 2])
      all.replaceRows(at: comparison.testPlaces(task: 0, fold: 0), with: table)
      if let begun = second.probabilities[key] {
        all.replaceRows(at: comparison.testPlaces(task: 0, fold: 1), with: begun)
      }
      state["probabilities." + key] = all
    }
    var (done, begun) = (comparison.fold(0), comparison.fold(1))
    #expect(try done.load(ofAll: state, position: first.total + 3))
    #expect(done.isFinished && done.probabilities == first.probabilities)
    #expect(try begun.load(ofAll: state, position: first.total + 3))
    #expect(begun.position == 3)
    try await begun.finish()
    try await second.finish()
    #expect(begun.probabilities == second.probabilities)
    var ahead = comparison.fold(1)
    #expect(try !ahead.load(ofAll: state, position: first.total), "nothing of it was done")
    #expect(throws: MorphologyError.self) { try ahead.load(ofAll: [:], position: first.total + 3) }
  }

  @Test("What a fold's images and labels are changes nothing that is learned for that fold")
  func foldIsUnseen() async throws {
    var options = options()
    options.methods = [.linearProbe]
    options.shares = [1]
    let images = try twoClasses(44)
    // Rows 30..<40 judge; 40 lies at the place of 30 and must not be learned from either.
    let isTest = (0..<40).map { $0 >= 30 }
    var groups = Array(0..<44)
    groups[40] = 30
    let other = try twoClasses(45)[44]
    func judged(_ images: [Prepared], _ classes: [Int]) async throws -> Tensor? {
      var task = task(isTest: isTest)
      task.classes = classes
      var fold = try CrossValidation(
        options, images: images, groups: groups, tasks: [task], engine: engine
      ).fold(0)
      try await fold.finish()
      return fold.probabilities["toy/linear probe/1.0"]
    }
    var changed = images
    (changed[31], changed[40]) = (other, other)
    var wrong = classes
    wrong[33] = 1 - wrong[33]
    let first = try #require(try await judged(images, classes))
    let second = try #require(try await judged(changed, wrong))
    for row in 0..<10 where row != 1 { #expect(first.row(row) == second.row(row)) }
    #expect(first.row(1) != second.row(1))
    changed[41] = other
    let third = try #require(try await judged(changed, wrong))
    #expect(first.row(0) != third.row(0), "an image outside the fold is learned from")
  }

  @Test("A smaller share lies in the larger and has every class")
  func shares() {
    let classes = (0..<60).map { $0 % 20 == 0 ? 2 : $0 % 2 }
    let small = stratifiedPart(Array(0..<60), classes: classes, share: 0.1, seed: 3)
    let large = stratifiedPart(Array(0..<60), classes: classes, share: 0.5, seed: 3)
    #expect(Set(small).isSubset(of: Set(large)))
    #expect(Set(small.map { classes[$0] }) == [0, 1, 2])
    #expect(large.count == 30 || large.count == 31)
  }

  @Test("The nearest labelled points vote by their similarity")
  func votes() {
    let references = Tensor(shape: [3, 2], values: [1, 0, 0.8, 0.6, 0, 1])
    let queries = Tensor(shape: [2, 2], values: [2, 0, 0, 3])
    let votes = neighbourVote(
      on: queries, by: references, labels: [0, 1, 1], classes: 2, count: 2, temperature: 0.1)
    // Cosines of the first query are 1 and 0.8: weights 1 and exp(-2).
    #expect(abs(votes.row(0)[0] - 0.880797) < 1e-4)
    #expect(votes.row(1)[votes.row(1).startIndex + 1] == 1)
  }

  @Test("Each fold is calibrated by the other ones")
  func calibration() {
    // Fold 0 is always right though it says 0.6; fold 1 is right in half of what it says is sure.
    let table = Tensor(
      shape: [8, 2], values: (0..<8).flatMap { $0 < 4 ? [Float(0.6), 0.4] : [0.99, 0.01] })
    let folds = [Array(0..<4), Array(4..<8)]
    let found = table.calibratedAcross(folds, classes: [0, 0, 0, 0, 0, 1, 0, 1])
    #expect(found.values[0] < 0.55, "by fold 1, which is too sure")
    #expect(found.values[8] > 0.99, "by fold 0, which is not sure enough")
  }
}
