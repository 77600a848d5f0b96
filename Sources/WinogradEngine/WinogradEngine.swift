internal import CKernels
public import NeuralNetwork

/// Networks on the processor, in C kernels for its vectors and in OpenBLAS.
///
/// What it computes is what `Tests/References/ReferenceEngine.swift` says in plain loops. What makes
/// it fast, and where:
///
/// | in the reference            | here                                                      |
/// |-----------------------------|-----------------------------------------------------------|
/// | `ConvolutionLayer`, stride 1 | `Winograd`: F(4×4, 3×3), a quarter of the products       |
/// | `ConvolutionLayer`, stride 2 | `StridedWinograd`: odd and even pixels apart             |
/// | `ConvolutionLayer`, 1×1     | `Pointwise`: one matrix product, past the cache           |
/// | `ConvolutionLayer`, others  | `Im2col`: gathered windows, one matrix product            |
/// | `NormalisationLayer`        | statistics: while the convolution before it writes        |
/// | `NormalisationLayer`, `ReLULayer` | applied while the next convolution reads            |
/// | their gradients             | computed while the convolution before reads them          |
/// | `embed`                     | `FoldedEncoder`: normalisation inside the weights, kept   |
/// | `LinearLayer`               | `Linear`: OpenBLAS, by `multiply` of the module Tensor    |
/// | `ReferenceNetwork.move`     | `Moments`: one pass over each tensor, in C                |
///
/// `ConvolutionWay` is the protocol of a way to convolve, and says where one is chosen;
/// `ResidualEncoder.forward` is where a batch begins.
public struct WinogradEngine: Engine {
  private let recomputesMaps: Bool

  /// The engine at its fastest.
  public init() { self.init(recomputesMaps: false) }

  private init(recomputesMaps: Bool) { self.recomputesMaps = recomputesMaps }

  /// The same engine, with encoders that compute the maps inside a block again in the backward pass.
  ///
  /// They do not keep them, as Chen and others describe (2016, arXiv:1604.06174).
  public var sparingMemory: any Engine { WinogradEngine(recomputesMaps: true) }

  public var kernels: String { "\(reber_vector_bits())-bit" }

  public func way(of precision: Precision) -> String {
    "\(precision.rawValue) by \(kernels) kernels"
  }

  public func check(_ precision: Precision) throws {
    guard precision == .float32 || reber_has_bfloat16() != 0 else {
      throw NetworkError.noInstructions(precision.rawValue)
    }
  }

  public func encoder(
    _ architecture: Architecture, precision: Precision, seed: UInt64
  ) throws -> any Encoder {
    try architecture.check()
    try check(precision)
    var encoder = ResidualEncoder(architecture, seed: seed, precision: precision)
    encoder.recomputesMaps = recomputesMaps
    return encoder
  }

  /// The bytes that maps of a network's earlier passes hold, for the next ones to use.
  package static func mapMemory(of network: any Network) -> Int {
    (network as? ResidualNetwork<ResidualEncoder>)?.mapMemory ?? 0
  }
}
