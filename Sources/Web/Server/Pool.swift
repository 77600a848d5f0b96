import Catalogue
import PostgreSQL
import Synchronization

/// A few connections to the database, all in the role of the pages.
///
/// A connection that the server has dropped is opened again at the next use; a server that is away just then is
/// waited for.
public final class Pool: Sendable {
  private let address: String
  private let places: Mutex<[Database?]>
  private let next = Atomic<Int>(0)

  /// Seconds that a visitor waits for a server that is away, while it is started or a standby takes its place.
  private static let patience = 10.0

  /// Names the database; nothing is opened yet.
  public init(_ address: String, connections: Int = 4) {
    self.address = address
    places = Mutex(Array(repeating: nil, count: max(1, connections)))
  }

  /// Runs `body` with a connection.
  func with<Value: Sendable>(
    _ body: @Sendable (Connection) throws -> Value
  ) async throws -> Value {
    let count = places.withLock(\.count)
    let place = next.add(1, ordering: .relaxed).newValue % count
    return try await open(place).with(body)
  }

  private func open(_ place: Int) async throws -> Database {
    if let database = places.withLock({ $0[place] }) {
      // What has not been sent to a server that took leave can be sent to the next one.
      if try await !database.with({ $0.isOpen }) {
        try await database.reconnect(within: Self.patience)
      }
      return database
    }
    let database = try await Database(address) {
      try Migration.hold(in: $0)
      try Role.annotator.take(in: $0)
      try $0.serveVisitors()
    }
    places.withLock { $0[place] = database }
    return database
  }

  /// Whether the database lets the pages work in their own role.
  func isRestricted() async throws -> Bool {
    try await with { try Role.annotator.isTaken(in: $0) }
  }
}
