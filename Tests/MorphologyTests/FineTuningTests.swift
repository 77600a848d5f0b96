import Foundation
import Morphology
import NeuralNetwork
import Tensor
import Testing

@Suite("Fine-tuning")
struct FineTuningTests {
  private func options(folds: Int = 2, epochs: Int = 1) -> FineTuning.Options {
    var options = FineTuning.Options(classes: 2)
    (options.folds, options.epochs, options.batchSize) = (folds, epochs, 8)
    return options
  }

  private func start(_ count: Int, _ options: FineTuning.Options) throws -> FineTuning {
    try FineTuning(
      encoder: tinyEncoder(1), options: options, images: twoClasses(count),
      classes: (0..<count).map { $0 % 2 })
  }

  @Test("Stopped anywhere and resumed, it gives the same bytes")
  func resumes() throws {
    var whole = try start(20, options())
    while !whole.isFinished { try whole.advance() }
    for stop in 1..<whole.total {
      var first = try start(20, options())
      for _ in 0..<stop { try first.advance() }
      var second = try start(20, options())
      try second.load(first.state, position: first.position)
      while !second.isFinished { try second.advance() }
      #expect(second.state == whole.state, "stopped at \(stop)")
    }
  }

  @Test("Few labels are gone through more often, unless passes are asked for")
  func passes() throws {
    func passes(over labels: Int, asked: Int? = nil) throws -> Int {
      var options = options(folds: 0)
      options.batchSize = 4
      options.learn(for: asked)
      return try start(labels, options).total - 1
    }
    #expect(try passes(over: 4) == 30, "a pass makes three steps of them as it is")
    #expect(try passes(over: 16) == 90, "three times the usual passes are the most")
    #expect(try passes(over: 40) == FineTuning.Options.usualFewestSteps / 10)
    #expect(try passes(over: 80) == 30, "as many steps are there without more")
    #expect(try passes(over: 16, asked: 2) == 2)
    #expect(try passes(over: 16, asked: 0) == 0, "the probe alone")
  }

  @Test("It tells single from double sources that it has not seen")
  func learns() throws {
    var tuning = try start(60, options(folds: 2, epochs: 12))
    #expect(tuning.heldOutProbabilities() == nil)
    while !tuning.isFinished { try tuning.advance() }
    let truth = (0..<60).map { $0 % 2 }
    let held = try #require(tuning.heldOutProbabilities())
    let accuracy = try Evaluation(truth: truth, probabilities: held).confusion().accuracy
    #expect(accuracy > 0.9)
    let classifier = try #require(tuning.classifier())
    let all = try classifier.probabilities(of: twoClasses(60))
    #expect(try Evaluation(truth: truth, probabilities: all).confusion().accuracy > 0.9)
    for row in 0..<60 { #expect(abs(all.row(row).reduce(0, +) - 1) < 1e-5) }
  }

  @Test("Running statistics that do not hold are made anew; those that hold stay")
  func settles() throws {
    let plain = try twoClasses(32).map { $0.plain() }
    let views = Tensor(shape: [32, 16, 16, 1], values: plain.flatMap(\.values))
    let young = try tinyEncoder(1)
    let settled = young.settled { _ in views }
    var trained = settled
    let (inTraining, applied) = (trained.adapt(to: views), settled.embed(views))
    func scale(_ tensor: Tensor) -> Float {
      (tensor.values.reduce(0) { $0 + $1 * $1 } / Float(tensor.values.count)).squareRoot()
    }
    #expect(abs(scale(applied) / scale(inTraining) - 1) < 0.1)
    #expect(scale(young.embed(views)) / scale(inTraining) < 0.1)
    #expect(settled.settled { _ in views }.state == settled.state)
    #expect(young.settled { _ in views }.state != young.state)
  }

  @Test("A classifier restored from its state gives the same probabilities, turned or not")
  func restored() throws {
    var tuning = try start(20, options(folds: 0))
    while !tuning.isFinished { try tuning.advance() }
    let classifier = try #require(tuning.classifier())
    #expect(classifier.temperature == 1)
    let copy = try Classifier(
      engine, architecture: tiny(), classes: 2, temperature: 1, preprocessing: small(16),
      views: classifier.views, state: classifier.state)
    let image = double(side: 48, separation: 9)
    let sources = try [image, image.turned()].map { try small(16).prepare($0) }
    let probabilities = try classifier.probabilities(of: sources)
    #expect(try copy.probabilities(of: sources) == probabilities)
    for column in 0..<2 {
      #expect(abs(probabilities.values[column] - probabilities.values[2 + column]) < 1e-4)
    }
    let other = try small(32).prepare(image)
    #expect(throws: MorphologyError.self) { try classifier.probabilities(of: [other]) }
  }

  @Test("What was never labelled is found unlike, also by a restored classifier")
  func unlikeness() throws {
    var tuning = try start(60, options(folds: 3, epochs: 8))
    while !tuning.isFinished { try tuning.advance() }
    let classifier = try #require(tuning.classifier())
    let copy = try Classifier(
      engine, architecture: tiny(), classes: 2, temperature: classifier.temperature,
      preprocessing: small(16), views: classifier.views, state: classifier.state)
    // Others of the two classes, and crosses of two doubles, which no label knows.
    let known = try (0..<40).map { index in
      let seed = UInt64(900 + index)
      return try small(16).prepare(
        index % 2 == 0
          ? single(side: 48, seed: seed)
          : double(angle: Float(index), side: 48, separation: 9, seed: seed))
    }
    let unknown = try (0..<40).map { index in
      let angle = Float(index)
      let first = double(angle: angle, side: 48, separation: 9, seed: UInt64(700 + index))
      let second = double(angle: angle + 1.57, side: 48, separation: 9, seed: UInt64(800 + index))
      return try small(16).prepare(
        Tensor(shape: [48, 48], values: zip(first.values, second.values).map { $0 + $1 }))
    }
    let nearby = try #require(try classifier.judge(known).unlikeness)
    let far = try #require(try classifier.judge(unknown).unlikeness)
    #expect(try copy.judge(unknown).unlikeness == far)
    var won = 0
    for a in far { won += nearby.count { $0 < a } }
    #expect(Double(won) / 1600 > 0.85, "\(won)")
    let median = nearby.sorted()[20]
    #expect(median > 0.2 && median < 0.8)
    #expect((nearby + far).allSatisfy { (0...1).contains($0) })
    var without = try start(20, options(folds: 0))
    while !without.isFinished { try without.advance() }
    #expect(try #require(without.classifier()).judge(known).unlikeness == nil)
  }

  @Test("Labels that do not fit are refused")
  func refusals() throws {
    let images = try twoClasses(4)
    let encoder = try tinyEncoder(1)
    #expect(throws: MorphologyError.self) {
      try FineTuning(encoder: encoder, options: options(), images: images, classes: [0, 1, 2, 0])
    }
    #expect(throws: MorphologyError.self) {
      try FineTuning(
        encoder: encoder, options: options(folds: 3), images: images, classes: [0, 1, 0, 1],
        groups: [1, 1, 2, 2])
    }
  }
}

@Suite("Embedding")
struct EmbeddingTests {
  @Test("In blocks as alone; the mean over views forgets a quarter turn, to 1e-4")
  func blocks() throws {
    let encoder = try tinyEncoder(3)
    let sources = try twoClasses(270)
    let all = encoder.embed(sources)
    #expect(all.rows == 270)
    #expect(difference(all.rows(at: [261]), encoder.embed([sources[261]])) < 1e-4)
    let image = double(side: 48, separation: 9)
    let turned = try [image, image.turned()].map { try small(16).prepare($0) }
    let means = encoder.embed(turned)
    #expect(means.shape[0] == 2)
    #expect(difference(means.rows(at: [0]), means.rows(at: [1])) < 1e-4)
  }
}

@Suite("Folds and temperature")
struct FoldTests {
  @Test("Groups stay whole and classes are shared evenly")
  func folds() {
    let classes = (0..<300).map { $0 % 10 == 0 ? 2 : $0 % 3 == 0 ? 1 : 0 }
    let groups = (0..<300).map { $0 / 2 }
    let folds = stratifiedFolds(classes: classes, groups: groups, folds: 5, seed: 1)
    for row in stride(from: 0, to: 300, by: 2) { #expect(folds[row] == folds[row + 1]) }
    for index in 0..<3 {
      let shares = (0..<5).map { fold in
        (0..<300).count { classes[$0] == index && folds[$0] == fold }
      }
      #expect((shares.max() ?? 0) - (shares.min() ?? 0) <= 3, "class \(index): \(shares)")
    }
    #expect(folds == stratifiedFolds(classes: classes, groups: groups, folds: 5, seed: 1))
  }

  @Test(
    "Classes come in the shares that the balance says, and every member before any comes again",
    arguments: zip([0, 0.5, 1] as [Float], [[360, 36, 4], [281, 89, 30], [133, 133, 134]]))
  func balance(balance: Float, expected: [Int]) {
    let classes = (0..<100).map { $0 < 90 ? 0 : $0 < 99 ? 1 : 2 }
    var random = RandomStream(3)
    let order = balancedOrder(
      Array(classes.indices), classes: classes, count: 400, balance: balance, using: &random)
    #expect(order.count == 400)
    for index in 0..<3 {
      #expect(abs(order.count { classes[$0] == index } - expected[index]) <= 1, "class \(index)")
    }
    let times = classes.indices.map { row in order.count { $0 == row } }
    for index in 0..<3 {
      let own = classes.indices.filter { classes[$0] == index }.map { times[$0] }
      #expect((own.max() ?? 0) - (own.min() ?? 0) <= 1)
    }
  }

  @Test("The temperature that logits were multiplied by is found, to 10%")
  func temperature() {
    var random = RandomStream(2)
    var values: [Float] = []
    var classes: [Int] = []
    for _ in 0..<4000 {
      let logits = [random.normal(), 2 * random.normal(), random.normal()]
      let probabilities = logits.map { exp($0) }
      var left = random.uniform() * probabilities.reduce(0, +)
      let drawn = probabilities.firstIndex { probability in
        left -= probability
        return left < 0
      }
      classes.append(drawn ?? 2)
      values += logits.map { $0 * 3 }
    }
    let logits = Tensor(shape: [4000, 1, 3], values: values)
    #expect(abs(bestTemperature(logits, classes: classes) - 3) < 0.3)
    let mean = meanProbabilities(logits, temperature: 3)
    #expect(abs(mean.row(5).reduce(0, +) - 1) < 1e-5)
  }
}
