import Dispatch

/// A connection with a queue of its own, for use from asynchronous code.
///
/// Waiting for the server blocks a thread of that queue, never one of Swift's cooperative pool, and
/// the work inside ``with(_:)`` is plain synchronous code.
public actor Database {
  private let executor = QueueExecutor()
  private let handle: Handle

  public nonisolated var unownedExecutor: UnownedSerialExecutor {
    executor.asUnownedSerialExecutor()
  }

  /// Connects.
  ///
  /// - Parameter address: As ``Connection/init(_:)`` takes it.
  /// - Throws: ``PostgresError`` of kind `connection`.
  public init(_ address: String) async throws {
    handle = Handle(try Connection(address))
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
