import Foundation

/// Results that several threads put into their places.
///
/// `@unchecked Sendable`: every access to the places is under the lock.
final class Results<Value: Sendable>: @unchecked Sendable {
  private let lock = NSLock()
  private var places: [Result<Value, any Error>?]
  private var done = 0

  init(count: Int) { places = Array(repeating: nil, count: count) }

  /// Puts a result into its place; gives the number of places that are filled.
  func set(_ index: Int, _ result: Result<Value, any Error>) -> Int {
    lock.withLock {
      places[index] = result
      done += 1
      return done
    }
  }

  /// The results in order, once all are there.
  var all: [Result<Value, any Error>] { lock.withLock { places.compactMap(\.self) } }
}
