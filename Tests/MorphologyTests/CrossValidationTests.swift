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
    var comparison = try start(options())
    try await comparison.finish()
    #expect(comparison.probabilities.count == 8)
    for (key, table) in comparison.probabilities {
      for row in 0..<40 { #expect(abs(table.row(row).reduce(0, +) - 1) < 1e-5, "\(key) \(row)") }
    }
    let places = (0..<2).map { comparison.testPlaces(task: 0, fold: $0) }
    #expect(places.flatMap(\.self).sorted() == Array(0..<40))
  }

  @Test("Stopped anywhere and resumed, it gives the same probabilities")
  func resumes() async throws {
    var whole = try start(options())
    try await whole.finish()
    for stop in 1..<whole.total {
      var first = try start(options())
      for _ in 0..<stop { try await first.advance() }
      var second = try start(options())
      try second.load(first.state, position: first.position)
      try await second.finish()
      #expect(second.probabilities == whole.probabilities, "stopped at \(stop)")
    }
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
      var comparison = try CrossValidation(
        options, images: images, groups: groups, tasks: [task], engine: engine)
      try await comparison.finish()
      return comparison.probabilities["toy/linear probe/1.0"]
    }
    var changed = images
    (changed[31], changed[40]) = (other, other)
    var wrong = classes
    wrong[33] = 1 - wrong[33]
    let first = try #require(try await judged(images, classes))
    let second = try #require(try await judged(changed, wrong))
    for row in 30..<40 where row != 31 { #expect(first.row(row) == second.row(row)) }
    #expect(first.row(31) != second.row(31))
    changed[41] = other
    let third = try #require(try await judged(changed, wrong))
    #expect(first.row(30) != third.row(30), "an image outside the fold is learned from")
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
