internal import NeuralNetwork
internal import Synchronization
internal import Tensor
internal import WinogradEngine

/// A residual network whose convolutions oneDNN computes.
struct OneDNNEncoder: LearningEncoder {
  /// Its weights and statistics.
  var layers: ResidualEncoder {
    didSet { folded = FoldedMemory() }
  }

  let precision: Precision
  let library: Library
  let memory = ArenaPool()

  /// What a forward pass left for the backward pass.
  var tape: Tape?

  /// The network as `embed` found it folded, until a weight changes.
  private var folded = FoldedMemory()

  init(_ layers: ResidualEncoder, precision: Precision, library: Library) {
    (self.layers, self.precision, self.library) = (layers, precision, library)
  }

  var architecture: Architecture { layers.architecture }

  mutating func visit(_ parameter: ParameterVisit, statistic: StatisticVisit) {
    layers.visit(parameter, statistic: statistic)
  }

  func embed(_ images: Tensor) -> Tensor {
    checkShape(of: images)
    guard images.rows > 0 else { return Tensor([0, architecture.embeddingDimension]) }
    return folded.network(of: self, over: images).embed(images, borrowing: memory)
  }

  mutating func adapt(to images: Tensor) -> Tensor {
    defer { tape = nil }
    return forward(images, among: Alone())
  }

  func untrained(seed: UInt64) -> any Encoder {
    OneDNNEncoder(
      ResidualEncoder(architecture, seed: seed), precision: precision, library: library)
  }

  func network(head: HeadShape, seed: UInt64, optimiser: Optimiser) -> any Network {
    ResidualNetwork(self, head: head, seed: seed, optimiser: optimiser)
  }

  func checkShape(of images: Tensor) {
    let shape = images.shape
    precondition(shape.count == 4 && shape[3] == 1, "not images of one channel: \(shape)")
  }
}

/// The network that was folded last.
private final class FoldedMemory: Sendable {
  private let last = Mutex<FoldedNetwork?>(nil)

  func network(of encoder: OneDNNEncoder, over images: Tensor) -> FoldedNetwork {
    last.withLock { last in
      if let last, last.height == images.shape[1], last.width == images.shape[2] { return last }
      let new = FoldedNetwork(encoder, height: images.shape[1], width: images.shape[2])
      last = new
      return new
    }
  }
}
