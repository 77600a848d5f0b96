import Dispatch

/// A connection with a queue of its own, for use from asynchronous code.
///
/// Waiting for the server blocks a thread of that queue, never one of Swift's cooperative pool, and
/// the work inside ``with(_:)`` is plain synchronous code.
public actor Database {
  private let executor = QueueExecutor()
  private let address: String
  private let prepare: @Sendable (Connection) throws -> Void
  private var handle: Handle

  public nonisolated var unownedExecutor: UnownedSerialExecutor {
    executor.asUnownedSerialExecutor()
  }

  /// Connects.
  ///
  /// - Parameters:
  ///   - address: As ``Connection/init(_:)`` takes it.
  ///   - prepare: What is done with the connection before it is used, and with each that is made in its place.
  /// - Throws: ``PostgresError`` of kind `connection`; what `prepare` throws.
  public init(
    _ address: String, prepare: @escaping @Sendable (Connection) throws -> Void = { _ in }
  ) async throws {
    self.address = address
    self.prepare = prepare
    handle = Handle(try Self.connect(address, prepare))
  }

  private static func connect(
    _ address: String, _ prepare: (Connection) throws -> Void
  ) throws -> Connection {
    let connection = try Connection(address)
    try prepare(connection)
    return connection
  }

  /// Connects once more, for what is to go on beside this connection.
  ///
  /// - Throws: As ``init(_:prepare:)`` does.
  public func another() async throws -> Database {
    try await Database(address, prepare: prepare)
  }

  /// Makes a connection in the place of one that was lost, as soon as a server can be reached; what the former
  /// session held (locks, temporary tables) is gone with it.
  ///
  /// A standby is waited for where `prepare` refuses it: it may be about to become the primary.
  ///
  /// - Throws: What the last try threw, after `limit` seconds of trying.
  public func reconnect(within limit: Double) async throws {
    let end = ContinuousClock.now + .seconds(limit)
    while true {
      do {
        handle = Handle(try Self.connect(address, prepare))
        return
      } catch let error as PostgresError where error.mayPass && ContinuousClock.now < end {
        try await Task.sleep(for: .milliseconds(500))
      }
    }
  }

  /// Runs `body` with the connection, on the database's queue.
  ///
  /// Cancelling the task cancels the statement that is being run.
  public func with<Value: Sendable>(
    _ body: @Sendable (Connection) throws -> Value
  ) async throws -> Value {
    try Task.checkCancellation()
    let handle = handle
    return try await withTaskCancellationHandler {
      try run(body)
    } onCancel: {
      handle.connection.cancel()
    }
  }

  /// A closure of an actor's method leaves the actor unless it captures `self`: calling this does,
  /// so that `body` is alone with the connection.
  private func run<Value>(_ body: (Connection) throws -> Value) rethrows -> Value {
    try body(handle.connection)
  }
}

/// The connection, reachable from a task's cancellation.
///
/// `@unchecked Sendable`: the connection is used by the actor alone, but for `cancel()`,
/// which libpq allows from any thread.
private final class Handle: @unchecked Sendable {
  let connection: Connection

  init(_ connection: Connection) { self.connection = connection }
}

/// Runs an actor's work on a serial queue, whose threads may block.
private final class QueueExecutor: SerialExecutor {
  private let queue = DispatchQueue(label: "reber-database")

  func enqueue(_ job: consuming ExecutorJob) {
    let (job, executor) = (UnownedJob(job), asUnownedSerialExecutor())
    queue.async { job.runSynchronously(on: executor) }
  }
}
