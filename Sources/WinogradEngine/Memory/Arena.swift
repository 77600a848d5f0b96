internal import Foundation

/// Memory for the maps of one pass, kept for the next.
///
/// Requests are served by number: the n-th since `position` was 0 gets the n-th slab, made longer
/// if it is too short. A pass that asks for the same sizes in the same order every time therefore
/// allocates only the first time.
///
/// Unchecked, because one task at a time asks it for memory.
package final class Arena: @unchecked Sendable {
  private var slabs: [UnsafeMutableBufferPointer<Float>] = []

  /// Memory for tasks that work for the owner, who may all ask at once.
  package let workers = ArenaPool()

  package init() {}

  /// The number of slabs in use; set back to give later ones free.
  package var position = 0

  deinit {
    for slab in slabs { free(slab.baseAddress) }
  }

  /// The bytes that it holds.
  package var byteCount: Int { slabs.reduce(0) { $0 + $1.count * 4 } }

  /// Memory for `count` numbers, not set to anything.
  package func floats(_ count: Int) -> UnsafeMutablePointer<Float> {
    if position == slabs.count { slabs.append(.init(start: nil, count: 0)) }
    if slabs[position].baseAddress == nil || slabs[position].count < count {
      grow(position, to: count)
    }
    defer { position += 1 }
    guard let base = slabs[position].baseAddress else { preconditionFailure("an empty slab") }
    return base
  }

  /// Memory for a map.
  func map(_ shape: MapShape) -> FeatureMap {
    FeatureMap(base: floats(shape.elements), shape: shape)
  }

  private func grow(_ index: Int, to count: Int) {
    free(slabs[index].baseAddress)
    let page = 1 << 21
    let bytes = max(64, count * 4)
    let large = bytes >= page
    let whole = large ? (bytes + page - 1) / page * page : bytes
    var memory: UnsafeMutableRawPointer?
    guard posix_memalign(&memory, large ? page : 64, whole) == 0, let memory else {
      fatalError("out of memory: \(whole) bytes for the network's maps")
    }
    // Huge pages save most of the page faults of a first pass.
    if large { madvise(memory, whole, MADV_HUGEPAGE) }
    slabs[index] = .init(start: memory.bindMemory(to: Float.self, capacity: count), count: count)
  }
}
