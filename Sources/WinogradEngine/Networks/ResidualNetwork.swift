internal import NeuralNetwork
internal import Tensor

/// An encoder, the head over it, and what their optimiser remembers.
struct ResidualNetwork: Network {
  private var layers: EncoderAndHead
  private var moments: Moments

  /// Memory for gradients on their way to the other ranks.
  private let passing = ArenaPool()

  /// Puts a head over an encoder, its optimiser without memory.
  init(_ encoder: ResidualEncoder, head: Head, optimiser: Optimiser) {
    layers = EncoderAndHead(encoder: encoder, head: head)
    moments = Moments(optimiser)
  }

  var encoder: any Encoder { layers.encoder }

  /// The bytes that maps of earlier passes hold, for the next ones to use.
  var mapMemory: Int { layers.encoder.memory.byteCount }

  func judge(_ embeddings: Tensor) -> Tensor { layers.head.apply(embeddings) }

  mutating func setHead(weights: Tensor, biases: Tensor) {
    layers.head = Head(weights: weights, biases: biases)
  }

  mutating func learn(
    from images: Tensor, under loss: any Loss, rate: Float, among ranks: any Ranks
  ) -> Float {
    layers.visit { $1.gradient = Tensor($1.value.shape) }
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

  var weights: [String: Tensor] { layers.state }

  var state: [String: Tensor] {
    weights.merging(moments.state.prefixed("optimiser.")) { first, _ in first }
  }

  mutating func load(_ state: [String: Tensor]) throws {
    var moments = moments
    try moments.load(state.part("optimiser."))
    try layers.load(
      state.filter { $0.key.hasPrefix("encoder.") || $0.key.hasPrefix("head.") })
    self.moments = moments
  }
}

/// All that has parameters.
private struct EncoderAndHead: Layered {
  var encoder: ResidualEncoder
  var head: Head

  mutating func visit(_ parameter: ParameterVisit, statistic: StatisticVisit) {
    encoder.visit(as: "encoder", parameter, statistic: statistic)
    head.visit(as: "head", parameter, statistic: statistic)
  }
}
