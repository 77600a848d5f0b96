internal import Foundation

/// Memory for the maps of one pass, kept for the next.
///
/// Requests are served one behind the other, from chunks that stay; what lies behind a `position` that
/// is set again is free. A pass that asks for the same sizes in the same order every time therefore
/// asks the system for memory only the first time.
///
/// Unchecked, because one task at a time asks it for memory.
package final class Arena: @unchecked Sendable {
  /// How far it is in use.
  package struct Position {
    fileprivate var chunk = 0
    fileprivate var bytes = 0

    /// Nothing of it.
    package init() {}

    fileprivate init(after other: Position) { chunk = other.chunk + 1 }
  }

  private struct Chunk {
    let base: UnsafeMutableRawPointer
    let size: Int

    /// The most bytes that were in use, and so were asked of the system.
    var touched = 0
  }

  private var chunks: [Chunk] = []

  /// Memory for tasks that work for the owner, who may all ask at once.
  package let workers = ArenaPool()

  /// How far it is in use; set back to give what was asked for later free.
  package var position = Position()

  package init() {}

  deinit {
    for chunk in chunks { free(chunk.base) }
  }

  /// The bytes that it holds.
  package var byteCount: Int { chunks.reduce(0) { $0 + $1.touched } }

  /// Memory for `count` numbers, not set to anything.
  package func floats(_ count: Int) -> UnsafeMutablePointer<Float> {
    let bytes = Self.bytes(of: count)
    while position.chunk < chunks.count, position.bytes + bytes > chunks[position.chunk].size {
      position = Position(after: position)
    }
    if position.chunk == chunks.count { add(bytes) }
    let start = chunks[position.chunk].base + position.bytes
    position.bytes += bytes
    chunks[position.chunk].touched = max(chunks[position.chunk].touched, position.bytes)
    return start.assumingMemoryBound(to: Float.self)
  }

  /// Memory for a map.
  func map(_ shape: MapShape) -> FeatureMap {
    FeatureMap(base: floats(shape.elements), shape: shape)
  }

  /// With nothing in use: makes sure that `count` numbers lie in one chunk, which the system has given.
  func reserve(_ count: Int) {
    let bytes = Self.bytes(of: count)
    guard chunks.last.map({ $0.size < bytes || $0.touched < bytes }) ?? true else { return }
    if chunks.count > 1 || (chunks.last?.size ?? 0) < bytes {
      for chunk in chunks { free(chunk.base) }
      chunks = []
      add(bytes)
    }
    memset(chunks[0].base, 0, bytes)
    chunks[0].touched = bytes
  }

  /// Whole lines, and one between requests, which keeps those of equal sizes out of each other's places
  /// in the cache.
  private static func bytes(of count: Int) -> Int { (count * 4 + 127) / 64 * 64 }

  /// Adds a chunk as large as all before it: few of them are left half used.
  ///
  /// What is not used of one the system need not give.
  private func add(_ bytes: Int) {
    let page = 1 << 21
    let held = min(chunks.reduce(0) { $0 + $1.size }, 1 << 28)
    let isLarge = max(bytes, held) >= page
    let size = isLarge ? (max(bytes, held) + page - 1) / page * page : max(bytes, held)
    var memory: UnsafeMutableRawPointer?
    guard posix_memalign(&memory, isLarge ? page : 64, size) == 0, let memory else {
      fatalError("out of memory: \(size) bytes for the network's maps")
    }
    // Huge pages save most of the page faults of a first pass.
    if isLarge { madvise(memory, size, MADV_HUGEPAGE) }
    chunks.append(Chunk(base: memory, size: size))
  }
}
