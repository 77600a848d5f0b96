internal import Foundation
internal import Tensor

/// Who does a piece of work, and the memory that they borrow for it.
struct Workers: Sendable {
  /// Memory for each that works at the same time.
  let memory: ArenaPool

  /// Whether the calling thread does everything itself, being one of many; else all cores do.
  let isAlone: Bool

  /// Runs `body` over `0..<count` in fixed chunks; see `parallel`.
  func run(over count: Int, chunk: Int, _ body: @Sendable (Int, Range<Int>) -> Void) {
    guard isAlone else { return parallel(over: count, chunk: chunk, body) }
    for (index, start) in stride(from: 0, to: count, by: chunk).enumerated() {
      body(index, start..<min(start + chunk, count))
    }
  }

  /// The same, where each call has memory for `scratch` numbers, not set to anything.
  func run(
    over count: Int, chunk: Int, scratch: Int,
    _ body: @Sendable (Int, Range<Int>, UnsafeMutablePointer<Float>) -> Void
  ) {
    memory.reserve(scratch, for: isAlone ? 1 : ProcessInfo.processInfo.activeProcessorCount)
    run(over: count, chunk: chunk) { index, range in
      memory.lend { body(index, range, $0.floats(scratch)) }
    }
  }
}
