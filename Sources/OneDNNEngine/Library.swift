internal import CDNNL
internal import NeuralNetwork
internal import Synchronization
internal import WinogradEngine

/// oneDNN on this processor, and the primitives that were made of it.
///
/// Unchecked, because its engine of the processor has no state.
final class Library: @unchecked Sendable {
  private let engine: dnnl_engine_t
  private let made = Mutex<[Making: Primitive]>([:])

  init() {
    var made: dnnl_engine_t?
    guard dnnl_engine_create(&made, dnnl_cpu, 0) == dnnl_success, let made else {
      fatalError("oneDNN does not know this processor")
    }
    engine = made
  }

  deinit { dnnl_engine_destroy(engine) }

  /// Whether it multiplies bfloat16 numbers by matrix units here.
  static var hasMatrixUnits: Bool {
    let needed = dnnl_cpu_isa_avx512_core_amx.rawValue
    return dnnl_get_effective_cpu_isa().rawValue & needed == needed
  }

  /// Its version, and the instructions that it uses here.
  static var name: String {
    let version = dnnl_version().pointee
    let instructions =
      switch dnnl_get_effective_cpu_isa() {
      case _ where hasMatrixUnits: "avx512_core_amx"
      case dnnl_cpu_isa_avx512_core_bf16: "avx512_core_bf16"
      case dnnl_cpu_isa_avx512_core_vnni: "avx512_core_vnni"
      case dnnl_cpu_isa_avx512_core: "avx512_core"
      case dnnl_cpu_isa_avx2, dnnl_cpu_isa_avx2_vnni: "avx2"
      default: "older"
      }
    return "oneDNN \(version.major).\(version.minor).\(version.patch) \(instructions)"
  }

  /// A pass over `count` maps, whose weights lie as they do for a pass over `whole` of them.
  struct Pass: Hashable {
    let kind: PassKind
    let geometry: Geometry
    let precision: Precision
    let count: Int
    let whole: Int

    fileprivate var description: reber_dnnl_convolution {
      reber_dnnl_convolution(
        count: Int64(count), height: Int64(geometry.height), width: Int64(geometry.width),
        inputs: Int64(geometry.inputs), outputs: Int64(geometry.outputs),
        kernel: Int64(geometry.kernel), stride: Int64(geometry.stride), type: precision.type)
    }

    /// The same over as many maps as decide how weights lie.
    fileprivate var deciding: Pass {
      Pass(kind: kind, geometry: geometry, precision: precision, count: whole, whole: whole)
    }

    fileprivate var weights: Int32 {
      kind == .weightGradient ? DNNL_ARG_DIFF_WEIGHTS : DNNL_ARG_WEIGHTS
    }
  }

  private enum Making: Hashable {
    case pass(Pass)

    /// A copy of float32 weights to where a pass reads them, or of their gradient back.
    case copy(Pass)
  }

  /// The primitive of a pass.
  func primitive(_ pass: Pass) -> Primitive { primitive(.pass(pass)) }

  /// The memory of a pass's weights, in float32 numbers.
  func weightFloats(of pass: Pass) -> Int {
    primitive(pass.deciding).floats(of: pass.weights)
  }

  /// Copies weights to where a pass reads them, or from where it left their gradient.
  func copyWeights(
    for pass: Pass, from: UnsafeRawPointer, to: UnsafeMutableRawPointer, borrowing memory: Arena
  ) {
    primitive(.copy(pass.deciding)).run(
      [(DNNL_ARG_SRC, from), (DNNL_ARG_DST, UnsafeRawPointer(to))], borrowing: memory)
  }

  private func primitive(_ making: Making) -> Primitive {
    if let known = made.withLock({ $0[making] }) { return known }
    guard let description = describe(making), let new = Primitive(description, on: engine) else {
      fatalError("oneDNN has nothing for \(making)")
    }
    return made.withLock {
      let first = $0[making] ?? new
      $0[making] = first
      return first
    }
  }

  private func describe(_ making: Making) -> dnnl_primitive_desc_t? {
    var description: dnnl_primitive_desc_t?
    switch making {
    case .pass(let pass):
      var convolution = pass.description
      let layout =
        pass.count == pass.whole ? nil : primitive(pass.deciding).layout(of: pass.weights)
      _ = reber_dnnl_describe(engine, &convolution, pass.kind.kind, layout, &description)
    case .copy(let pass):
      var convolution = pass.description
      _ = reber_dnnl_describe_copy(
        engine, &convolution, primitive(pass).layout(of: pass.weights),
        pass.kind == .weightGradient ? 1 : 0, &description)
    }
    return description
  }
}

/// What is computed of a convolution.
enum PassKind: Hashable {
  /// The output, in training.
  case plain

  /// The output plus a bias; with a ReLU; with what is there added before that.
  case biased, rectified, added

  case inputGradient, weightGradient

  fileprivate var kind: reber_dnnl_pass {
    switch self {
    case .plain: reber_dnnl_plain
    case .biased: reber_dnnl_biased
    case .rectified: reber_dnnl_rectified
    case .added: reber_dnnl_added
    case .inputGradient: reber_dnnl_input_gradient
    case .weightGradient: reber_dnnl_weight_gradient
    }
  }
}

extension Precision {
  fileprivate var type: dnnl_data_type_t { self == .float32 ? dnnl_f32 : dnnl_bf16 }
}
