import Dispatch

/// Runs `body` over `0..<count` on all cores, in chunks that do not depend on how many there are.
///
/// Fixed chunks keep results the same on one core and on many: a body that sums should keep one
/// partial sum a chunk and add them in order of `chunk`.
///
/// - Parameters:
///   - count: The number of items.
///   - chunk: The largest number of items in one call of `body`.
///   - body: Called once a chunk, concurrently, with the chunk's number and its items.
public func parallel(
  over count: Int, chunk: Int, _ body: @Sendable (_ chunk: Int, _ items: Range<Int>) -> Void
) {
  let chunk = max(1, chunk)
  DispatchQueue.concurrentPerform(iterations: (count + chunk - 1) / chunk) { index in
    body(index, index * chunk..<min(count, (index + 1) * chunk))
  }
}
