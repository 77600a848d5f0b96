import Foundation

/// A connection with a thread of its own, for use from asynchronous code.
///
/// Waiting for the server blocks that thread alone, never Swift's cooperative pool, and the work
/// inside ``with(_:)`` is plain synchronous code.
public actor Database {
  private let executor: ThreadExecutor
  private let handle: Handle

  public nonisolated var unownedExecutor: UnownedSerialExecutor {
    executor.asUnownedSerialExecutor()
  }

  /// Connects.
  ///
  /// - Parameter address: As ``Connection/init(_:)`` takes it.
  /// - Throws: ``PostgresError`` of kind `connection`.
  public init(_ address: String) async throws {
    executor = ThreadExecutor(name: "reber-database")
    handle = Handle(try Connection(address))
  }

  /// Runs `body` with the connection, on the database's thread.
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
/// `@unchecked Sendable`: the connection is used on the actor's thread alone, but for `cancel()`,
/// which libpq allows from any thread.
private final class Handle: @unchecked Sendable {
  let connection: Connection

  init(_ connection: Connection) { self.connection = connection }
}

/// Runs an actor's work on one thread.
///
/// `@unchecked Sendable`: every access to the jobs is under the condition's lock.
private final class ThreadExecutor: SerialExecutor, @unchecked Sendable {
  private let queue = JobQueue()

  init(name: String) {
    let queue = queue
    let thread = Thread { queue.run() }
    thread.name = name
    thread.stackSize = 8 << 20
    thread.start()
  }

  deinit { queue.close() }

  func enqueue(_ job: consuming ExecutorJob) {
    queue.add(UnownedJob(job), for: asUnownedSerialExecutor())
  }

  func asUnownedSerialExecutor() -> UnownedSerialExecutor {
    UnownedSerialExecutor(ordinary: self)
  }
}

/// Jobs that wait for their thread.
///
/// `@unchecked Sendable`: every access to the state is under the condition's lock.
private final class JobQueue: @unchecked Sendable {
  private let condition = NSCondition()
  private var jobs: [(UnownedJob, UnownedSerialExecutor)] = []
  private var isClosed = false

  func add(_ job: UnownedJob, for executor: UnownedSerialExecutor) {
    condition.lock()
    jobs.append((job, executor))
    condition.signal()
    condition.unlock()
  }

  func close() {
    condition.lock()
    isClosed = true
    condition.signal()
    condition.unlock()
  }

  func run() {
    while let (job, executor) = next() { job.runSynchronously(on: executor) }
  }

  private func next() -> (UnownedJob, UnownedSerialExecutor)? {
    condition.lock()
    defer { condition.unlock() }
    while jobs.isEmpty, !isClosed { condition.wait() }
    return jobs.isEmpty ? nil : jobs.removeFirst()
  }
}
