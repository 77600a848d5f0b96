internal import Foundation
public import NeuralNetwork
public import Tensor

/// Contrastive learning without labels, over views of sources.
///
/// The method is SimCLR (Chen et al. 2020, arXiv:2002.05709). All chance comes from (seed, epoch,
/// step, source), so weights, the optimiser's state and the number of the step are all that a
/// checkpoint holds. The views of a step are made while the network learns from those before.
/// Several ranks divide the sources of each step, and see the same views of them that one process sees.
public struct Pretraining: ResumableTraining {
  /// What decides the result besides the images; stored with the run.
  public struct Options: Codable, Sendable, Hashable {
    /// The encoder's shape.
    public var architecture = Architecture()

    /// What the encoder computes with; float32 where it is `nil`.
    public var precision: Precision?

    /// `precision` by its name: float32 is stored as `nil`, as it was before there were others.
    public var computed: Precision {
      get { precision ?? .float32 }
      set { precision = newValue == .float32 ? nil : newValue }
    }

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

    /// The defaults.
    public init() {}
  }

  /// What it learns with.
  public let options: Options

  /// The encoder so far.
  public var encoder: any Encoder { network.encoder }

  public private(set) var position = 0

  private let images: any ImageSource
  private let ranks: any Ranks
  private var network: any Network
  private var order: StepOrder
  private var next: ViewsToCome?

  /// Starts with random weights, or an encoder's.
  ///
  /// - Parameters:
  ///   - options: What decides the result.
  ///   - start: The encoder to begin from; random weights where it is `nil`.
  ///   - images: The sources to learn from.
  ///   - engine: What computes.
  ///   - ranks: Who learns with it; all have the same options and images.
  /// - Throws: `MorphologyError` for fewer than two sources, options that cannot be or more ranks than
  ///   sources in a step, and what the network throws for an architecture that cannot be.
  public init(
    _ options: Options, from start: (any Encoder)? = nil, images: any ImageSource,
    engine: any Engine, among ranks: any Ranks = Alone()
  ) throws {
    guard images.count > 1 else {
      throw MorphologyError.tooFew(what: "sources to learn from", have: images.count, need: 2)
    }
    guard options.batchSize > 1, options.epochs > 0, options.temperature > 0 else {
      throw MorphologyError.badOptions("batchSize, epochs and temperature must be positive")
    }
    self.options = options
    (self.images, self.ranks) = (images, ranks)
    order = StepOrder(
      sources: images.count, batchSize: min(options.batchSize, images.count), seed: options.seed)
    try ranks.check(batchSize: order.batchSize)
    let encoder =
      try start
      ?? engine.encoder(
        options.architecture, precision: options.computed, seed: options.seed)
    let width = encoder.architecture.embeddingDimension
    network = encoder.network(
      head: HeadShape([options.hidden ?? width, options.projection], isNormalised: true),
      seed: options.seed &+ 1,
      optimiser: Optimiser(options.rule, weightDecay: options.weightDecay))
  }

  /// Sources in a step: fewer than asked for where there are fewer.
  public var batchSize: Int { order.batchSize }

  /// The loss of a network that tells no two sources apart: each view has as many others as there are
  /// views in a step, but one.
  public var chanceLoss: Float { Float(log(Double(2 * batchSize - 1))) }

  /// Steps in an epoch; the last incomplete batch is left out.
  public var stepsPerEpoch: Int { order.stepsPerEpoch }

  public var total: Int { options.epochs * stepsPerEpoch }

  /// Learns from one batch.
  ///
  /// - Throws: What the images throw that are fetched for it.
  @discardableResult
  public mutating func advance() async throws -> TrainingStep {
    precondition(!isFinished, "no step is left")
    let step = position
    let own = next.flatMap { $0.step == step ? $0 : nil } ?? views(of: step)
    next = nil
    let views = try await own.task.value
    if step + 1 < total { next = self.views(of: step + 1) }
    let loss = network.learn(
      from: views, under: NTXent(temperature: options.temperature), rate: schedule.rate(at: step),
      among: ranks)
    position += 1
    return TrainingStep(
      "epoch \(step / stepsPerEpoch + 1)", loss: .init(curve: "loss", place: position, value: loss))
  }

  /// Begins to make two views of each source of a step that is this rank's: first ones, then second
  /// ones.
  private mutating func views(of step: Int) -> ViewsToCome {
    let chosen = Array(order.sources(of: step)[ranks.share(of: batchSize)])
    let images = images
    let (recipe, seed, epoch) = (options.views, options.seed, step / stepsPerEpoch)
    return ViewsToCome(
      step: step,
      task: Task {
        let sources = zip(chosen, try await images.images(at: chosen)).map { ($0, $1) }
        return recipe.views(of: sources, copies: 2, seed: seed, coordinates: (epoch, step))
      })
  }

  private var schedule: CosineSchedule {
    let warmUp = min(options.warmUpEpochs, max(1, options.epochs / 10))
    return CosineSchedule(
      base: options.rate, warmUpSteps: warmUp * stepsPerEpoch, totalSteps: total)
  }

  public var state: [String: Tensor] { network.state }

  public mutating func load(_ state: [String: Tensor], position: Int) throws {
    try check(position)
    try network.load(state)
    self.position = position
  }
}

/// The views of a step while they are being made; that ends where nobody wants them any more.
private final class ViewsToCome: Sendable {
  let step: Int
  let task: Task<Tensor, any Error>

  init(step: Int, task: Task<Tensor, any Error>) { (self.step, self.task) = (step, task) }

  deinit { task.cancel() }
}
