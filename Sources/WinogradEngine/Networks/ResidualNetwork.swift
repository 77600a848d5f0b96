package import NeuralNetwork
package import Tensor

/// An encoder whose layers learn by `forward` and `backward`.
package protocol LearningEncoder: Encoder, Layered {
  /// Memory for passes, which copies share.
  var memory: ArenaPool { get }

  /// Embeds a batch in training: batch normalisation uses the batch's statistics, and what
  /// `backward` needs is kept.
  mutating func forward(_ images: Tensor, among ranks: any Ranks) -> Tensor

  /// Finds the parameters' gradients, which were 0, once after `forward` of the same value; those of each
  /// layer go to `sums` as soon as they are there.
  mutating func backward(_ gradient: Tensor, into sums: GradientSums?)

  /// Takes the sums that `backward` began, in the same order.
  mutating func take(_ sums: GradientSums)
}

/// An encoder, the head over it, and what their optimiser remembers.
package struct ResidualNetwork<Body: LearningEncoder>: Network {
  private var layers: EncoderAndHead<Body>
  private var moments: Moments

  /// Memory for gradients on their way to the other ranks.
  private let passing = ArenaPool()

  /// Puts a head over an encoder, its optimiser without memory.
  package init(_ encoder: Body, head: HeadShape, seed: UInt64, optimiser: Optimiser) {
    layers = EncoderAndHead(
      encoder: encoder,
      head: Head(head, inputs: encoder.architecture.embeddingDimension, seed: seed))
    moments = Moments(optimiser)
  }

  package var encoder: any Encoder { layers.encoder }

  /// The bytes that maps of earlier passes hold, for the next ones to use.
  package var mapMemory: Int { layers.encoder.memory.byteCount }

  package func judge(_ embeddings: Tensor) -> Tensor { layers.head.apply(embeddings) }

  package mutating func setHead(weights: Tensor, biases: Tensor) {
    layers.head = Head(weights: weights, biases: biases)
  }

  package mutating func learn(
    from images: Tensor, under loss: any Loss, rate: Float, among ranks: any Ranks
  ) -> Float {
    layers.visit { $1.clearGradient() }
    let embeddings = layers.encoder.forward(images, among: ranks)
    let (value, gradient) = loss(layers.head.forward(embeddings, among: ranks), among: ranks)
    passing.lend { memory in
      let sums = GradientSums(ranks, memory)
      let inner = layers.head.backward(gradient)
      sums.begin(&layers.head)
      layers.encoder.backward(inner, into: sums)
      sums.end(&layers.head)
      layers.encoder.take(sums)
    }
    moments.step(&layers, rate: rate)
    return value
  }

  package var weights: [String: Tensor] { layers.state }

  package var state: [String: Tensor] {
    weights.merging(moments.state.prefixed("optimiser.")) { first, _ in first }
  }

  package mutating func load(_ state: [String: Tensor]) throws {
    var moments = moments
    try moments.load(state.part("optimiser."))
    try layers.load(
      state.filter { $0.key.hasPrefix("encoder.") || $0.key.hasPrefix("head.") })
    self.moments = moments
  }
}

/// All that has parameters.
private struct EncoderAndHead<Body: LearningEncoder>: Layered {
  var encoder: Body
  var head: Head

  mutating func visit(_ parameter: ParameterVisit, statistic: StatisticVisit) {
    encoder.visit(as: "encoder", parameter, statistic: statistic)
    head.visit(as: "head", parameter, statistic: statistic)
  }
}
