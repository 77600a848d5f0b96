import Synchronization

/// Pictures that were made, the oldest dropped first when they take too much memory.
final class PictureCache: Sendable {
  private let state = Mutex(State())
  private let limit: Int

  private struct State {
    var pictures: [String: [UInt8]] = [:]
    var order: [String] = []
    var bytes = 0
  }

  /// Keeps so many bytes.
  init(limit: Int = 64 << 20) { self.limit = limit }

  /// The picture of that key, made where it is not there.
  func picture(_ key: String, make: () async throws -> [UInt8]) async throws -> [UInt8] {
    if let known = state.withLock({ $0.pictures[key] }) { return known }
    let made = try await make()
    state.withLock { state in
      guard state.pictures.updateValue(made, forKey: key) == nil else { return }
      state.order.append(key)
      state.bytes += made.count
      while state.bytes > limit, state.order.count > 1 {
        state.bytes -= state.pictures.removeValue(forKey: state.order.removeFirst())?.count ?? 0
      }
    }
    return made
  }
}
