public import NeuralNetwork
internal import WinogradEngine

/// Networks on the processor by oneDNN, for processors with matrix units (AMX).
///
/// Layers, their names, optimisers and heads are those of `WinogradEngine`; convolutions are oneDNN's, direct
/// ones. Maps, and the gradients of maps, are numbers of the engine's precision in NHWC; weights, sums,
/// statistics and the gradients of weights are float32. A task takes a few images through a layer on one
/// core: it normalises what the convolution reads, and sums what it writes, while both are in the cache.
/// Results do not depend on how many cores there are.
public struct OneDNNEngine: Engine {
  private let library = Library()

  /// The engine.
  public init() {}

  public var kernels: String { Library.name }

  /// Whether this processor has matrix units for bfloat16 numbers (AMX) that oneDNN uses.
  public static var hasMatrixUnits: Bool { Library.hasMatrixUnits }

  public func check(_ precision: Precision) throws { try WinogradEngine().check(precision) }

  public func encoder(
    _ architecture: Architecture, precision: Precision, seed: UInt64
  ) throws -> any Encoder {
    try architecture.check()
    try check(precision)
    return OneDNNEncoder(
      ResidualEncoder(architecture, seed: seed), precision: precision, library: library)
  }
}
