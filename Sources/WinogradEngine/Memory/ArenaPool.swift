internal import Synchronization

/// Arenas that tasks running at once borrow, and that keep their memory in between.
///
/// Memory given back to the system has to be cleared by it when it is asked for again, which costs
/// more than most of what is done in it.
package final class ArenaPool: Sendable {
  package init() {}

  private let idle = Mutex<[Arena]>([])

  /// Lends an arena with nothing in use.
  package func lend<Result>(_ body: (Arena) throws -> Result) rethrows -> Result {
    let arena = take()
    defer { give(arena) }
    return try body(arena)
  }

  /// An arena with nothing in use, until it is given back.
  package func take() -> Arena {
    let arena = idle.withLock { $0.popLast() } ?? Arena()
    arena.position = Arena.Position()
    return arena
  }

  /// Takes an arena back.
  package func give(_ arena: Arena) { idle.withLock { $0.append(arena) } }

  /// Makes sure that `borrowers` of `count` numbers at once have memory that the system has given, so that
  /// none asks for it later than another did.
  func reserve(_ count: Int, for borrowers: Int) {
    let arenas = (0..<borrowers).map { _ in take() }
    for arena in arenas.reversed() {
      arena.reserve(count)
      give(arena)
    }
  }

  /// The bytes that idle arenas hold.
  package var byteCount: Int { idle.withLock { $0.reduce(0) { $0 + $1.byteCount } } }
}
