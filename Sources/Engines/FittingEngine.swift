internal import CKernels
public import NeuralNetwork
internal import WinogradEngine

#if REBER_ONEDNN
internal import OneDNNEngine
#endif

/// Of the engines that this program was built with, the one that is fastest on this processor, in each
/// precision.
///
/// What it chooses hangs on the processor's instructions and on the build alone, so that the same machine
/// always computes the same way. The choice was measured (`tools/bench engine`, docs/results.md):
///
/// | the processor has | float32 | bfloat16 | where nothing is said |
/// |---|---|---|---|
/// | matrix units (AMX_BF16), and the program oneDNN | `WinogradEngine` | `OneDNNEngine` | bfloat16 |
/// | AVX512_BF16 | `WinogradEngine` | `WinogradEngine` | float32 |
/// | others | `WinogradEngine` | – | float32 |
public struct FittingEngine: Engine {
  private let usual: any Engine = WinogradEngine()

  /// What computes in bfloat16 instead, where there are matrix units.
  private let matrices: (any Engine)?

  private let sparesMemory: Bool

  /// The choice for this processor.
  public init() {
    #if REBER_ONEDNN
    matrices = OneDNNEngine.hasMatrixUnits ? OneDNNEngine() : nil
    #else
    matrices = nil
    #endif
    sparesMemory = false
  }

  private init(_ matrices: (any Engine)?) {
    (self.matrices, sparesMemory) = (matrices, true)
  }

  /// The engine for a precision.
  private func engine(for precision: Precision) -> any Engine {
    let engine = (precision == .bfloat16 ? matrices : nil) ?? usual
    return sparesMemory ? engine.sparingMemory : engine
  }

  public var kernels: String {
    usual.kernels + (matrices.map { " and for bfloat16 \($0.kernels)" } ?? "")
  }

  public var fastest: Precision { matrices == nil ? .float32 : .bfloat16 }

  public func way(of precision: Precision) -> String { engine(for: precision).way(of: precision) }

  /// Vectors of these processors multiply no more bfloat16 numbers at a time than float32 ones.
  public func advice(on precision: Precision) -> String? {
    guard precision == .bfloat16, matrices == nil, reber_has_matrix_units() != 0 else { return nil }
    let slower = "bfloat16 is slower than float32 on this processor"
    #if REBER_ONEDNN
    return "\(slower), on which oneDNN sees no matrix units: look at ONEDNN_MAX_CPU_ISA"
    #else
    return
      "\(slower), whose matrix units this program cannot use: build it with REBER_ONEDNN=1 (CONTRIBUTING.md)"
    #endif
  }

  public var sparingMemory: any Engine { FittingEngine(matrices) }

  public func check(_ precision: Precision) throws { try engine(for: precision).check(precision) }

  public func encoder(
    _ architecture: Architecture, precision: Precision, seed: UInt64
  ) throws -> any Encoder {
    try engine(for: precision).encoder(architecture, precision: precision, seed: seed)
  }
}
