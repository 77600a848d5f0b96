public import NeuralNetwork
public import Tensor

/// Contrastive learning without labels, over views of sources.
///
/// The method is SimCLR (Chen et al. 2020). All chance comes from (seed, epoch, step, source), so weights, the optimiser's state and the number
/// of the step are all that a checkpoint holds, and learning that was stopped and goes on gives the
/// same bytes as learning that was not.
public struct Pretraining: Sendable {
  /// What decides the result besides the images; stored with the run.
  public struct Options: Codable, Sendable, Hashable {
    /// The encoder's shape.
    public var architecture = Architecture()

    /// What the encoder computes with; float32 where it is `nil`.
    public var precision: Precision?

    /// The projector's inner layer; `nil` is as wide as the embedding.
    public var hidden: Int?

    /// The projector's output.
    public var projection = 128

    /// Passes over the sources.
    public var epochs = 100

    /// Sources in a step.
    ///
    /// NT-Xent compares each with all others of its step, so gradients added
    /// up over smaller batches are not the same thing.
    public var batchSize = 128

    /// The temperature of NT-Xent.
    public var temperature: Float = 0.2

    /// The learning rate after warm-up; falls by a cosine.
    public var rate: Float = 0.3

    /// The most epochs over which the rate rises: a tenth of all where that is fewer, but one at least.
    public var warmUpEpochs = 5

    /// The optimiser's rule.
    public var rule = Optimiser.Rule.lars(momentum: 0.9, trust: 0.02)

    /// The weight decay of all but biases and normalisation.
    public var weightDecay: Float = 1e-4

    /// The views.
    public var views = ViewRecipe()

    /// Chooses weights, order and views.
    public var seed: UInt64 = 1

    /// The usual start.
    public init() {}
  }

  /// One step done.
  public struct Progress: Sendable, Hashable {
    /// The NT-Xent loss of the step.
    public let loss: Float

    /// Steps done, this one included.
    public let step: Int

    /// Steps of the whole training.
    public let total: Int

    /// The epoch that the step belongs to, from 0.
    public let epoch: Int
  }

  /// What it learns with.
  public let options: Options

  /// How many sources it learns from.
  public let sources: Int

  /// The encoder so far.
  public var encoder: Encoder { model.encoder }

  /// Whether maps are computed again instead of kept, as `Encoder` has it: it changes no result.
  public var recomputesMaps: Bool {
    get { model.encoder.recomputesMaps }
    set { model.encoder.recomputesMaps = newValue }
  }

  /// Steps done.
  public private(set) var step = 0

  private var model: Model
  private var optimiser: Optimiser

  /// Starts with random weights.
  ///
  /// - Parameters:
  ///   - options: What decides the result.
  ///   - sources: How many images every epoch will be given.
  /// - Throws: `MorphologyError` for fewer than two sources or options that cannot be, and what the
  ///   network throws for an architecture that cannot be.
  public init(_ options: Options, sources: Int) throws {
    guard sources > 1 else {
      throw MorphologyError.tooFew(what: "sources to learn from", have: sources, need: 2)
    }
    guard options.batchSize > 1, options.epochs > 0, options.temperature > 0 else {
      throw MorphologyError.badOptions("batchSize, epochs and temperature must be positive")
    }
    try options.architecture.check()
    try options.precision?.check()
    self.options = options
    self.sources = sources
    let width = options.architecture.embeddingDimension
    model = Model(
      encoder: Encoder(
        options.architecture, seed: options.seed, precision: options.precision ?? .float32),
      head: Head(
        dimensions: [width, options.hidden ?? width, options.projection], normalised: true,
        seed: options.seed &+ 1))
    optimiser = Optimiser(rule: options.rule, weightDecay: options.weightDecay)
  }

  /// Sources in a step: fewer than asked for where there are fewer.
  public var batchSize: Int { min(options.batchSize, sources) }

  /// Steps in an epoch; the last incomplete batch is left out.
  public var stepsPerEpoch: Int { sources / batchSize }

  /// Steps of the whole training.
  public var totalSteps: Int { options.epochs * stepsPerEpoch }

  /// Whether every step is done.
  public var isFinished: Bool { step >= totalSteps }

  /// The epoch that the next step belongs to, from 0.
  public var epoch: Int { step / stepsPerEpoch }

  /// Does all steps that are left; the views of each are made while the network learns from those
  /// before.
  ///
  /// - Parameters:
  ///   - images: All sources, in the same order every time.
  ///   - onStep: Called after every step with the learning so far; what it throws stops the
  ///     learning, which can go on.
  /// - Throws: `MorphologyError.badState` for another number of sources, or what `images` or
  ///   `onStep` throws.
  public mutating func learn(
    from images: some ImageSource,
    onStep: (Pretraining, Progress) async throws -> Void = { _, _ in }
  ) async throws {
    guard images.count == sources else {
      throw MorphologyError.badState("begun with \(sources) sources, now \(images.count)")
    }
    var order = StepOrder(sources: sources, batchSize: batchSize, seed: options.seed)
    var next = isFinished ? nil : views(of: order.sources(of: step), step: step, from: images)
    defer { next?.cancel() }
    while let views = try await next?.value {
      let following = step + 1
      next =
        following == totalSteps
        ? nil : self.views(of: order.sources(of: following), step: following, from: images)
      let epoch = epoch
      let loss = learn(views)
      step = following
      try await onStep(self, Progress(loss: loss, step: step, total: totalSteps, epoch: epoch))
    }
  }

  /// Begins to make two views of each source of a step: first ones, then second ones.
  private func views(
    of chosen: [Int], step: Int, from images: some ImageSource
  ) -> Task<Tensor, any Error> {
    let (recipe, seed, epoch) = (options.views, options.seed, step / stepsPerEpoch)
    return Task {
      let sources = zip(chosen, try await images.images(at: chosen)).map { ($0, $1) }
      return recipe.batch(of: sources, copies: 2, seed: seed, coordinates: (epoch, step))
    }
  }

  private mutating func learn(_ views: Tensor) -> Float {
    model.forgetGradients()
    let projections = model.head.forward(model.encoder.forward(views))
    let (loss, gradient) = ntXent(projections, temperature: options.temperature)
    model.encoder.backward(model.head.backward(gradient))
    optimiser.step(&model, rate: schedule.rate(at: step))
    return loss
  }

  private var schedule: CosineSchedule {
    let warmUp = min(options.warmUpEpochs, max(1, options.epochs / 10))
    return CosineSchedule(
      base: options.rate, warmUpSteps: warmUp * stepsPerEpoch, totalSteps: totalSteps)
  }

  /// All that a checkpoint holds besides `step`.
  public var state: [String: Tensor] {
    model.state.merging(optimiser.state.prefixed("optimiser.")) { first, _ in first }
  }

  /// Goes on from a checkpoint.
  ///
  /// - Parameters:
  ///   - state: What `state` gave.
  ///   - step: What `step` gave then.
  /// - Throws: `MorphologyError.badState` for a step that cannot be, or what the network throws
  ///   for tensors that do not fit.
  public mutating func load(_ state: [String: Tensor], step: Int) throws {
    guard (0...totalSteps).contains(step) else {
      throw MorphologyError.badState("step \(step) of \(totalSteps)")
    }
    try model.load(state)
    try optimiser.load(state.part("optimiser."))
    self.step = step
  }
}
