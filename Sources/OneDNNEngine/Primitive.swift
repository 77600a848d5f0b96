internal import CDNNL
internal import WinogradEngine

/// Something that oneDNN computes over maps of one shape, on the calling thread.
///
/// Unchecked, because oneDNN lets any number of threads run one at once that has no memory of its own.
final class Primitive: @unchecked Sendable {
  private let description: dnnl_primitive_desc_t
  private let primitive: dnnl_primitive_t
  private let engine: dnnl_engine_t

  /// The memory that a run borrows, in float32 numbers.
  private let scratch: Int

  /// Takes over a description; `nil` where oneDNN makes nothing of it.
  init?(_ description: dnnl_primitive_desc_t, on engine: dnnl_engine_t) {
    var made: dnnl_primitive_t?
    guard dnnl_primitive_create(&made, description) == dnnl_success, let made else {
      dnnl_primitive_desc_destroy(description)
      return nil
    }
    (self.description, self.engine, primitive) = (description, engine, made)
    let layout = dnnl_primitive_desc_query_md(description, dnnl_query_scratchpad_md, 0)
    scratch = layout.map { (dnnl_memory_desc_get_size($0) + 3) / 4 } ?? 0
  }

  deinit {
    dnnl_primitive_destroy(primitive)
    dnnl_primitive_desc_destroy(description)
  }

  /// How an argument lies in memory.
  func layout(of argument: Int32) -> UnsafePointer<dnnl_memory_desc_t> {
    guard let layout = dnnl_primitive_desc_query_md(description, dnnl_query_exec_arg_md, argument)
    else { preconditionFailure("oneDNN knows no argument \(argument)") }
    return layout
  }

  /// The memory of an argument, in float32 numbers.
  func floats(of argument: Int32) -> Int {
    (dnnl_memory_desc_get_size(layout(of: argument)) + 3) / 4
  }

  /// Runs it; what is only read stands among its arguments too.
  func run(_ arguments: [(Int32, UnsafeRawPointer)], borrowing memory: Arena) {
    let mark = memory.position
    defer { memory.position = mark }
    var (names, data) = (arguments.map(\.0), arguments.map { Optional($0.1.mutable) })
    if scratch > 0 {
      names.append(DNNL_ARG_SCRATCHPAD)
      data.append(UnsafeMutableRawPointer(memory.floats(scratch)))
    }
    let status = reber_dnnl_run(primitive, description, engine, Int32(names.count), names, data)
    guard status == dnnl_success else { fatalError("oneDNN ends with status \(status.rawValue)") }
  }
}

extension UnsafeRawPointer {
  fileprivate var mutable: UnsafeMutableRawPointer { UnsafeMutableRawPointer(mutating: self) }
}

/// What a primitive reads and writes.
enum Argument {
  static let input = DNNL_ARG_SRC
  static let weights = DNNL_ARG_WEIGHTS
  static let bias = DNNL_ARG_BIAS
  static let output = DNNL_ARG_DST
  static let inputGradient = DNNL_ARG_DIFF_SRC
  static let weightGradient = DNNL_ARG_DIFF_WEIGHTS
  static let outputGradient = DNNL_ARG_DIFF_DST
}
