import Synchronization

/// What was made, by key; the oldest is dropped first when all of it weighs too much.
final class Cache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
  private let state = Mutex(State())
  private let limit: Int
  private let weight: @Sendable (Value) -> Int

  private struct State {
    var values: [Key: Value] = [:]
    var order: [Key] = []
    var weight = 0
  }

  /// Keeps values until together they weigh more than `limit`.
  ///
  /// Each weighs 1 where nothing else is said; the newest stays whatever it weighs.
  init(limit: Int, weight: @escaping @Sendable (Value) -> Int = { _ in 1 }) {
    self.limit = limit
    self.weight = weight
  }

  /// The value of that key, made where it is not there.
  func value(_ key: Key, make: () async throws -> Value) async rethrows -> Value {
    if let known = state.withLock({ $0.values[key] }) { return known }
    let made = try await make()
    keep(made, as: key)
    return made
  }

  private func keep(_ made: Value, as key: Key) {
    state.withLock { state in
      guard state.values.updateValue(made, forKey: key) == nil else { return }
      state.order.append(key)
      state.weight += weight(made)
      while state.weight > limit, state.order.count > 1 {
        state.weight -= state.values.removeValue(forKey: state.order.removeFirst()).map(weight) ?? 0
      }
    }
  }
}
