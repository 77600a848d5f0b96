public import Tensor

/// What makes networks and computes with them.
///
/// Whoever learns or embeds knows only `Engine`, `Encoder` and `Network`; which engine it is,
/// `FittingEngine` decides. Another engine is a folder with three types of these protocols.
/// `Tests/References/ReferenceEngine.swift` is the smallest that works: plain loops, which say what
/// every engine computes, and which the others are held against.
public protocol Engine: Sendable {
  /// Which of its kernels it uses on this processor: others round otherwise.
  var kernels: String { get }

  /// Of the precisions that learn as well, the one that takes the least time on this processor.
  var fastest: Precision { get }

  /// What computes in a precision, and with which kernels: `float32 by 512-bit kernels`.
  func way(of precision: Precision) -> String

  /// What to know of a precision that takes longer here than another; `nil` of others.
  func advice(on precision: Precision) -> String?

  /// Refuses what this machine has no instructions for.
  ///
  /// - Throws: `NetworkError.noInstructions`.
  func check(_ precision: Precision) throws

  /// The same engine, but with less memory and more time in training; it changes no result.
  ///
  /// Itself, where it knows no such way.
  var sparingMemory: any Engine { get }

  /// An encoder of random weights, by He's rule.
  ///
  /// - Parameters:
  ///   - architecture: Its shape.
  ///   - precision: What to compute with.
  ///   - seed: Chooses the weights.
  /// - Returns: The encoder.
  /// - Throws: `NetworkError` for a shape that cannot be, or a precision that the machine lacks.
  func encoder(
    _ architecture: Architecture, precision: Precision, seed: UInt64
  ) throws -> any Encoder
}

extension Engine {
  public var fastest: Precision { .float32 }

  public func way(of precision: Precision) -> String { "\(precision.rawValue) by \(kernels)" }

  public func advice(on precision: Precision) -> String? { nil }

  public var sparingMemory: any Engine { self }
}

/// A residual network that turns images into embeddings.
///
/// A value: copies learn apart. Parameters and running statistics carry torchvision's names
/// (`layer1.0.conv1.weight` and so on), with weights `[outputs, inputs, height, width]`, in every
/// engine, so that what one learned another goes on with.
public protocol Encoder: Saved, Sendable {
  /// Its shape.
  var architecture: Architecture { get }

  /// Embeds images as they are, with running statistics; it changes nothing and may run in many
  /// tasks at once.
  ///
  /// - Parameter images: `[n, height, width, 1]`.
  /// - Returns: `[n, architecture.embeddingDimension]`.
  func embed(_ images: Tensor) -> Tensor

  /// Embeds images as in training, by the statistics of the batch, and lets the running ones follow.
  ///
  /// - Parameter images: `[n, height, width, 1]`.
  /// - Returns: `[n, architecture.embeddingDimension]`.
  mutating func adapt(to images: Tensor) -> Tensor

  /// Another of the same shape, engine and precision, with random weights.
  func untrained(seed: UInt64) -> any Encoder

  /// The encoder with a new head over it, ready to learn.
  ///
  /// - Parameters:
  ///   - head: The head's shape.
  ///   - seed: Chooses its weights, by He's rule.
  ///   - optimiser: How both learn.
  /// - Returns: The network.
  func network(head: HeadShape, seed: UInt64, optimiser: Optimiser) -> any Network
}

/// An encoder and the head over it, which learn as one.
///
/// A value: copies learn apart. Names of tensors are the encoder's behind `encoder.`, the head's, as
/// PyTorch's `Sequential` has them, behind `head.`, and the optimiser's memory behind `optimiser.`.
public protocol Network: Saved, Sendable {
  /// The encoder as it is now.
  var encoder: any Encoder { get }

  /// What it computes with: `state` without the optimiser's memory.
  var weights: [String: Tensor] { get }

  /// Applies the head with running statistics, which changes nothing.
  ///
  /// - Parameter embeddings: `[n, architecture.embeddingDimension]`.
  /// - Returns: The outputs, `[n, outputs]`; of a classifier the logits.
  func judge(_ embeddings: Tensor) -> Tensor

  /// Puts one linear layer in place of the head.
  ///
  /// - Parameters:
  ///   - weights: `[outputs, architecture.embeddingDimension]`.
  ///   - biases: `[outputs]`.
  mutating func setHead(weights: Tensor, biases: Tensor)

  /// Moves every weight once against the derivative of a loss.
  ///
  /// Every rank of several gives its share of the batch. Normalisation is by the statistics of the whole
  /// batch, and gradients are summed over the ranks, each layer's while those before it are computed:
  /// all ranks take the same step, which is that of one process with the whole batch, to rounding.
  ///
  /// - Parameters:
  ///   - images: A batch, or the share of this rank, `[n, height, width, 1]`.
  ///   - loss: What its outputs are judged by.
  ///   - rate: The learning rate.
  ///   - ranks: Who has the rest of the batch.
  /// - Returns: The loss of the whole batch before the step.
  mutating func learn(
    from images: Tensor, under loss: any Loss, rate: Float, among ranks: any Ranks
  ) -> Float
}

/// Something that is saved as tensors by name.
public protocol Saved {
  /// Everything that decides what it does next.
  var state: [String: Tensor] { get }

  /// Takes a saved state; a network leaves alone what is not behind one of its prefixes.
  ///
  /// - Throws: `NetworkError` for a tensor that is missing, unknown or of another shape; nothing is
  ///   changed then.
  mutating func load(_ state: [String: Tensor]) throws
}

extension [String: Tensor] {
  /// The same tensors under longer names.
  package func prefixed(_ prefix: String) -> [String: Tensor] {
    [String: Tensor](uniqueKeysWithValues: map { (prefix + $0.key, $0.value) })
  }

  /// The tensors whose names begin with `prefix`, under the rest of their names.
  package func part(_ prefix: String) -> [String: Tensor] {
    let chosen = filter { $0.key.hasPrefix(prefix) }
    return [String: Tensor](
      uniqueKeysWithValues: chosen.map { (String($0.key.dropFirst(prefix.count)), $0.value) })
  }

  /// Refuses a saved state that is not of these names and shapes.
  ///
  /// - Throws: `NetworkError` with the first name that is missing, unknown or of another shape.
  package func check(_ saved: [String: Tensor]) throws {
    for (name, tensor) in sorted(by: { $0.key < $1.key }) {
      guard let other = saved[name] else { throw NetworkError.missingTensor(name) }
      guard other.shape == tensor.shape else {
        throw NetworkError.wrongShape(name, expected: tensor.shape, found: other.shape)
      }
    }
    if let unknown = saved.keys.filter({ self[$0] == nil }).min() {
      throw NetworkError.unknownTensor(unknown)
    }
  }
}
