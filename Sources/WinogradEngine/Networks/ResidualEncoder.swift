internal import CKernels
package import NeuralNetwork
package import Tensor

/// A residual network over blocks of fused layers.
package struct ResidualEncoder: LearningEncoder {
  package let architecture: Architecture

  /// Whether the maps inside a block are computed again in the backward pass, not kept for it.
  ///
  /// It takes less memory and more time (Chen et al. 2016, arXiv:1604.06174), and changes nothing in
  /// the result.
  var recomputesMaps = false

  /// What its convolutions compute with; copies take it along, checkpoints do not.
  let precision: Precision

  package var stem: Convolution
  package var stemNorm: BatchNorm
  package var blocks: [Block] = []
  private var tape: Tape?

  /// Memory for passes in training, which copies share.
  package let memory = ArenaPool()

  /// What embeds with the weights as they are, and its memory; copies share both until they change.
  private(set) var folded = FoldedEncoders(memory: ArenaPool())

  /// Draws weights by He's rule.
  ///
  /// - Parameters:
  ///   - architecture: The shape, of which `check()` has nothing to say.
  ///   - seed: Chooses the weights.
  ///   - precision: What to compute with.
  package init(_ architecture: Architecture, seed: UInt64, precision: Precision = .float32) {
    (self.architecture, self.precision) = (architecture, precision)
    var random = RandomStream(seed)
    stem = Convolution(
      inputs: 1, outputs: architecture.width, kernel: architecture.stemKernel,
      stride: architecture.stemStride,
      precision: precision, using: &random)
    stemNorm = BatchNorm(channels: architecture.width)
    var inputs = architecture.width
    for (stage, count) in architecture.blocks.enumerated() {
      let outputs = architecture.width << stage
      for index in 0..<count {
        let stride = stage > 0 && index == 0 ? 2 : 1
        blocks.append(
          Block(
            inputs: inputs, outputs: outputs, stride: stride, precision: precision, using: &random))
        inputs = outputs
      }
    }
  }

  package func untrained(seed: UInt64) -> any Encoder {
    var other = ResidualEncoder(architecture, seed: seed, precision: precision)
    other.recomputesMaps = recomputesMaps
    return other
  }

  package func network(head: HeadShape, seed: UInt64, optimiser: Optimiser) -> any Network {
    ResidualNetwork(self, head: head, seed: seed, optimiser: optimiser)
  }

  package mutating func adapt(to images: Tensor) -> Tensor {
    defer { tape = nil }
    return forward(images)
  }

  /// Embeds a batch in training: batch normalisation uses the batch's statistics, and what
  /// `backward` needs is kept.
  ///
  /// - Parameters:
  ///   - images: `[n, height, width, 1]`.
  ///   - ranks: Who has the rest of the batch.
  /// - Returns: `[n, embeddingDimension]`.
  package mutating func forward(_ images: Tensor, among ranks: any Ranks = Alone()) -> Tensor {
    checkShape(of: images)
    weightsChange()
    self.tape = nil
    let tape = Tape(memory, recomputes: recomputesMaps, among: ranks)
    self.tape = tape
    let input = tape.arena.map(copying: images)
    let first = stem.forward(
      Activation(input), &stemNorm, in: tape.arena, map: tape.arena, among: ranks)
    var output = first.rectified(in: tape.arena)
    tape.stem = (input, first)
    if architecture.stem != nil {
      tape.stemMap = output
      output = output.largest(
        by: Workers(memory: tape.arena.workers, isAlone: false), in: tape.arena)
    }
    for index in blocks.indices {
      tape.records.append(
        blocks[index].forward(
          output, in: tape.arena, inner: tape.inner ?? tape.arena, among: ranks))
      tape.inner?.position = Arena.Position()
      output = tape.records[index].output
    }
    tape.output = output
    return output.pooled(as: architecture)
  }

  /// To be called whenever weights or running statistics change.
  mutating func weightsChange() { folded = FoldedEncoders(memory: folded.memory) }

  func checkShape(of images: Tensor) {
    let shape = images.shape
    precondition(shape.count == 4 && shape[3] == 1, "not images of one channel: \(shape)")
  }

  /// Adds to the parameters' gradients, once after `forward` of the same value.
  ///
  /// - Parameters:
  ///   - gradient: The derivative of the loss with respect to the embeddings.
  ///   - sums: Where the gradients of each layer go as soon as they are there.
  package mutating func backward(_ gradient: Tensor, into sums: GradientSums? = nil) {
    guard let tape, let (input, first) = tape.stem, let output = tape.output else {
      preconditionFailure("backward needs a forward pass of the same value before it")
    }
    self.tape = nil
    let arena = tape.arena
    // Two maps of the largest size take turns.
    let size = tape.records.map(\.input.elements).max() ?? 0
    var (own, other) = (arena.floats(max(size, output.elements)), arena.floats(size))
    var current = output.moved(to: own)
    current.become(gradient, ofEmbeddingsOf: output, as: architecture)
    for index in blocks.indices.reversed() {
      let record = tape.record(of: blocks[index], at: index)
      let result = record.input.moved(to: other)
      blocks[index].backward(current, record, result: result, in: arena, among: tape.ranks)
      sums?.begin(&blocks[index])
      current = result
      swap(&own, &other)
    }
    if let map = tape.stemMap {
      let wide = arena.map(map.shape)
      wide.become(current, ofLargest: tape.records[0].input, of: map)
      current = wide
    }
    let stemSums = first.maskedSums(current, activation: nil, into: current)
    let outer = stemNorm.backward(
      current, stemSums, through: first, in: arena, among: tape.ranks)
    stem.backward(outer, input: Activation(input), result: .none, in: arena)
    sums?.begin(&stem)
    sums?.begin(&stemNorm)
  }

  /// Takes the sums that `backward` began, in the same order.
  package mutating func take(_ sums: GradientSums) {
    for index in blocks.indices.reversed() { sums.end(&blocks[index]) }
    sums.end(&stem)
    sums.end(&stemNorm)
  }
}

/// What a forward pass leaves for the backward pass.
///
/// Unchecked, because only the forward pass that made it changes it, and maps of the forward pass are
/// only read afterwards.
private final class Tape: @unchecked Sendable {
  let arena: Arena

  /// Memory for maps inside a block that are computed again: all blocks share it.
  let inner: Arena?

  var stem: (input: FeatureMap, first: Normalised)?

  /// The stem's map before the largest of its windows are taken, where they are.
  var stemMap: FeatureMap?

  var records: [Block.Record] = []
  var output: FeatureMap?

  /// Who has the rest of the batch.
  let ranks: any Ranks

  private let memory: ArenaPool

  init(_ memory: ArenaPool, recomputes: Bool, among ranks: any Ranks) {
    (self.memory, self.ranks) = (memory, ranks)
    arena = memory.take()
    inner = recomputes ? memory.take() : nil
  }

  deinit {
    // The pool lends the last one first, and each is to have the same part the next time.
    if let inner { memory.give(inner) }
    memory.give(arena)
  }

  /// What the backward pass of a block needs.
  func record(of block: Block, at index: Int) -> Block.Record {
    guard let inner else { return records[index] }
    inner.position = Arena.Position()
    return block.recomputed(records[index], inner: inner)
  }
}
