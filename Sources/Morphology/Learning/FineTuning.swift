public import NeuralNetwork
public import Tensor

/// Supervised training of a classifier over a pre-trained encoder.
///
/// In every round a linear probe learns over the frozen encoder, then the whole network at a lower
/// rate. Each of the first rounds holds a fold out, whose logits calibrate the last round's
/// classifier, which learns from all labels. A step is a linear probe or an epoch of the whole network.
/// Several ranks divide each batch, and the sources that are embedded.
public struct FineTuning: ResumableTraining {
  /// What decides the result besides encoder, images and labels; stored with the run.
  public struct Options: Codable, Sendable, Hashable {
    /// The number of classes, or of tags.
    public var classes: Int

    /// Held-out folds; 0 holds none out, and the temperature stays 1.
    public var folds = 5

    /// Views of each source that the linear probe learns from; 0 leaves the probe out, for an
    /// encoder that knows nothing yet.
    public var probeViews = 4

    /// What decides the linear probe, of which every column of the embeddings has deviation 1.
    public var probe = LinearProbe.Options(scale: 1, penalty: 3)

    /// How far rare classes are brought to the share of common ones, in 0...1, in the probe and in the
    /// whole network's batches: 0 takes sources as they come, 1 makes classes equal.
    public var balance: Float = 0.5

    /// Passes of the whole network, or more of them; 0 leaves the encoder as it is.
    public var epochs = 30

    /// As many steps are made of a whole network in all, where no label is then learned from more than three times
    /// as often as in `epochs` passes: few labels are gone through more often.
    public var fewestSteps = 0

    /// Sources in a step.
    public var batchSize = 64

    /// The fewest steps in an epoch: a hundred labels are gone through more often than a thousand.
    public var leastSteps = 3

    /// The whole network's learning rate after warm-up; falls by a cosine.
    public var rate: Float = 2e-3

    /// The optimiser's rule.
    public var rule = Optimiser.Rule.adam

    /// The weight decay of all but biases and normalisation.
    public var weightDecay: Float = 1e-4

    /// Label smoothing, in 0..<1.
    public var smoothing: Float = 0

    /// The views.
    public var views = ViewRecipe.mild

    /// Views of a source that its probabilities are the mean over, a multiple of 4.
    public var testViews = 16

    /// Chooses folds, weights, order and views.
    public var seed: UInt64 = 1

    /// The defaults for a number of classes.
    public init(classes: Int) { self.classes = classes }
  }

  /// What it learns with.
  public let options: Options

  /// The held-out fold of every source; empty without folds.
  public let folds: [Int]

  /// Passes of the whole network in a round.
  private let epochs: Int

  public private(set) var position = 0

  /// The views that a source is judged by: zoomed as those learned from.
  var testViews: TestViews {
    TestViews(count: options.testViews, zoom: options.views.zoom)
  }

  let start: any Encoder
  let images: [Prepared]
  let truth: Truth
  /// By which folds and batches are balanced.
  private let strata: [Int]
  private let unlabelled: [Prepared]
  let ranks: any Ranks
  private var network: any Network
  private var heldOut: Tensor
  private var heldOutMeasures: Tensor
  private var features: Tensor?
  private var unlabelledFeatures: Tensor?

  /// Starts before the first round.
  ///
  /// - Parameters:
  ///   - encoder: Pre-trained, or new for a comparison.
  ///   - options: What decides the result.
  ///   - images: Labelled sources, all prepared alike.
  ///   - truth: What is true of them.
  ///   - groups: Sources that must share a fold share a number; `nil` where each stands alone.
  ///   - unlabelled: Some sources without a label, by which the classifier tells what was never
  ///     labelled; nothing else is learned from them.
  ///   - ranks: Who learns with it; all are given the same.
  /// - Throws: `MorphologyError` where numbers do not fit.
  public init(
    encoder: any Encoder, options: Options, images: [Prepared], truth: Truth,
    groups: [Int]? = nil, unlabelled: [Prepared] = [], among ranks: any Ranks = Alone()
  ) throws {
    try Self.check(
      options, images: images, truth: truth, groups: groups, unlabelled: unlabelled)
    self.options = options
    self.images = images
    self.truth = truth
    strata = truth.strata
    epochs = options.epochs(over: images.count)
    (self.unlabelled, self.ranks) = (unlabelled, ranks)
    start = options.probeViews > 0 ? Self.settled(encoder, options, images) : encoder
    let groups = groups ?? Array(images.indices)
    folds =
      options.folds == 0
      ? []
      : stratifiedFolds(
        classes: strata, groups: groups, folds: options.folds, seed: options.seed)
    network = Self.network(start, options: options, round: 0)
    heldOut = Tensor([images.count, options.testViews, options.classes])
    heldOutMeasures = Tensor([images.count, 4])
    for round in 0..<rounds { try ranks.check(batchSize: batchSize(trainingRows(round))) }
  }

  /// Starts before the first round, where each source has one of the classes `0..<options.classes`.
  ///
  /// - Throws: `MorphologyError` where numbers do not fit.
  public init(
    encoder: any Encoder, options: Options, images: [Prepared], classes: [Int],
    groups: [Int]? = nil, unlabelled: [Prepared] = []
  ) throws {
    try self.init(
      encoder: encoder, options: options, images: images, truth: .classes(classes), groups: groups,
      unlabelled: unlabelled)
  }

  /// Rounds: one a fold and one with all labels.
  var rounds: Int { options.folds + 1 }

  public var total: Int { rounds * stepsPerRound }

  private var stepsPerRound: Int { epochs + 1 }

  /// Learns a linear probe, or the whole network for an epoch.
  ///
  /// - Throws: `MorphologyError` where nothing can be learned.
  @discardableResult
  public mutating func advance() throws -> TrainingStep {
    precondition(!isFinished, "no step is left")
    let (round, epoch) = (position / stepsPerRound, position % stepsPerRound)
    let rows = trainingRows(round)
    let loss = try epoch == 0 ? probe(rows, round) : tune(rows, round, epoch)
    if epoch == epochs, round < options.folds { predictHeldOut(round) }
    position += 1
    if isFinished {
      features = features(of: images)
      unlabelledFeatures = featuresOfUnlabelled()
    }
    let part = round < options.folds ? "fold \(round + 1)" : "all labels"
    return TrainingStep(
      "\(part), epoch \(epoch)",
      loss: .init(curve: "loss of round \(round + 1)", place: epoch, value: loss))
  }

  /// Probabilities of every source by the round that held it out, `[n, classes]`, with the
  /// temperature applied that all of them together chose; `nil` before the folds are done.
  public func heldOutProbabilities() -> Tensor? {
    guard options.folds > 0, position >= options.folds * stepsPerRound else { return nil }
    return meanProbabilities(heldOut, temperature: temperature, as: truth.answers)
  }

  /// The calibrated classifier of the last round; `nil` before it is done.
  public func classifier() -> Classifier? {
    guard isFinished, let preprocessing = images.first?.preprocessing else { return nil }
    return Classifier(
      network: network, classes: options.classes, answers: truth.answers, temperature: temperature,
      preprocessing: preprocessing, views: testViews, labelled: labelledSpace)
  }

  /// The labelled sources in the classifier's space; `nil` where none was held out.
  private var labelledSpace: LabelledSpace? {
    guard options.folds > 0, let features else { return nil }
    return LabelledSpace(features: features, classes: strata, unlabelled: unlabelledFeatures)
      .with(heldOut: heldOutMeasures)
  }

  private func featuresOfUnlabelled() -> Tensor? {
    options.folds == 0 || unlabelled.isEmpty ? nil : features(of: unlabelled)
  }

  /// The features of each source, the mean over its views, `[n, dimensions]`.
  private func features(of sources: [Prepared]) -> Tensor {
    meanOverViews(featuresOfViews(of: sources))
  }

  /// The features of each view, `[n, views, dimensions]`.
  private func featuresOfViews(of sources: [Prepared]) -> Tensor {
    divided(sources) { network.encoder.features(of: Array($0), by: testViews) }
  }

  /// The rows that `body` makes of items, of which each rank takes its share.
  func divided<Item>(_ items: [Item], _ body: (ArraySlice<Item>) -> Tensor) -> Tensor {
    // A share of none would not know how long rows are.
    guard items.count >= ranks.count else { return body(items[...]) }
    return ranks.gather(body(items[ranks.share(of: items.count)])).rows
  }

  private var temperature: Float {
    options.folds == 0 ? 1 : bestTemperature(heldOut, truth: truth)
  }

  private func trainingRows(_ round: Int) -> [Int] {
    images.indices.filter { round == options.folds || folds[$0] != round }
  }

  private mutating func predictHeldOut(_ round: Int) {
    let rows = images.indices.filter { folds[$0] == round }
    let seen = featuresOfViews(of: rows.map { images[$0] })
    let logits = network.logits(of: seen)
    let learned = trainingRows(round)
    let space = LabelledSpace(
      features: features(of: learned.map { images[$0] }),
      classes: learned.map { strata[$0] },
      unlabelled: featuresOfUnlabelled())
    heldOutMeasures.replaceRows(at: rows, with: space.measures(of: meanOverViews(seen)))
    heldOut.replaceRows(at: rows, with: logits)
  }
}

extension FineTuning {
  public var state: [String: Tensor] {
    var state = network.state
    state["held_out_logits"] = heldOut
    state["held_out_measures"] = heldOutMeasures
    state["features"] = features
    state["unlabelled_features"] = unlabelledFeatures
    return state
  }

  public mutating func load(_ state: [String: Tensor], position: Int) throws {
    try check(position)
    guard let logits = state["held_out_logits"], logits.shape == heldOut.shape else {
      throw MorphologyError.badState("held-out logits are missing or of other sources")
    }
    guard let measures = state["held_out_measures"], measures.shape == heldOutMeasures.shape
    else { throw MorphologyError.badState("held-out measures are missing or of other sources") }
    try network.load(state)
    heldOut = logits
    heldOutMeasures = measures
    features = state["features"]
    unlabelledFeatures = state["unlabelled_features"]
    self.position = position
  }

  private static func network(
    _ encoder: any Encoder, options: Options, round: Int
  ) -> any Network {
    encoder.network(
      head: HeadShape([options.classes]), seed: options.seed &+ UInt64(round) &+ 7,
      optimiser: Optimiser(options.rule, weightDecay: options.weightDecay))
  }

  private static func check(
    _ options: Options, images: [Prepared], truth: Truth, groups: [Int]?, unlabelled: [Prepared]
  ) throws {
    guard truth.count == images.count, groups?.count ?? images.count == images.count else {
      throw MorphologyError.badOptions("\(truth.count) classes for \(images.count) sources")
    }
    try truth.check(outputs: options.classes)
    try TestViews(count: options.testViews).check()
    guard options.folds != 1, options.folds >= 0, options.epochs >= 0, options.batchSize > 1 else {
      throw MorphologyError.badOptions("folds must be 0 or more than 1, batchSize more than 1")
    }
    guard (images + unlabelled).allSatisfy({ $0.preprocessing == images.first?.preprocessing })
    else {
      throw MorphologyError.badOptions("sources were not all prepared alike")
    }
    let groupCount = groups.map { Set($0).count } ?? images.count
    guard images.count > 1, groupCount >= options.folds else {
      throw MorphologyError.tooFew(
        what: "groups of labelled sources", have: groupCount, need: max(2, options.folds))
    }
  }
}

extension FineTuning {
  /// Trains the whole network for an epoch.
  private mutating func tune(_ rows: [Int], _ round: Int, _ epoch: Int) -> Float {
    let size = batchSize(rows)
    let steps = steps(rows)
    let schedule = CosineSchedule(
      base: options.rate, warmUpSteps: steps, totalSteps: steps * epochs)
    var random = RandomStream(options.seed, 2, round, epoch)
    let order = balancedOrder(
      rows, classes: strata, count: steps * size, balance: options.balance, using: &random)
    var loss: Float = 0
    for step in 0..<steps {
      let share = ranks.share(of: size)
      let chosen = share.map { order[step * size + $0] }
      let done = (epoch - 1) * steps + step
      let views = options.views.views(
        of: zip(share, chosen).map { ($0, images[$1]) }, copies: 1, seed: options.seed,
        coordinates: (round, done))
      let cost = truth.rows(at: chosen).loss(smoothing: options.smoothing)
      let value = network.learn(
        from: views, under: cost, rate: schedule.rate(at: done), among: ranks)
      loss += value / Float(steps)
    }
    return loss
  }

  private static func settled(
    _ encoder: any Encoder, _ options: Options, _ images: [Prepared]
  ) -> any Encoder {
    encoder.settled { pass in
      let rows = (0..<min(64, images.count)).map { (pass * 64 + $0) % images.count }
      return options.views.views(
        of: rows.map { ($0, images[$0]) }, copies: 1, seed: options.seed, coordinates: (-2, pass))
    }
  }

  /// Begins a round with the encoder as it came and a head of its own.
  mutating func startNetwork(_ round: Int) {
    network = Self.network(start, options: options, round: round)
  }

  /// Makes a linear classifier the head.
  mutating func setHead(_ layer: LinearLayer) {
    network.setHead(weights: layer.weights, biases: layer.biases)
  }

  private func batchSize(_ rows: [Int]) -> Int { options.batchSize(of: rows.count) }

  /// Steps in an epoch.
  private func steps(_ rows: [Int]) -> Int { options.steps(over: rows.count) }
}

extension FineTuning.Options {
  /// Chooses the passes by the number of labels, or takes those that are asked for.
  public mutating func learn(for epochs: Int?) {
    (self.epochs, fewestSteps) =
      epochs.map { ($0, 0) } ?? (Self(classes: classes).epochs, Self.usualFewestSteps)
  }

  /// Measured in docs/results.md, "How often few labels are gone through".
  public static var usualFewestSteps: Int { 540 }

  /// Passes over so many labels.
  func epochs(over labels: Int) -> Int {
    let steps = steps(over: labels)
    let most = 3 * epochs * labels / batchSize(of: labels)
    return max(epochs, (min(fewestSteps, most) + steps - 1) / steps)
  }

  fileprivate func batchSize(of labels: Int) -> Int { min(batchSize, labels) }

  /// Steps in a pass over so many labels.
  fileprivate func steps(over labels: Int) -> Int {
    max(labels / batchSize(of: labels), leastSteps, 1)
  }
}
