import Dispatch
internal import Synchronization

/// A connection that does one thing after another on a thread of its own, while who asks for it goes on with
/// another connection.
///
/// What fails, the next call tells, and nothing that was asked for behind it is done. The server knows nothing of
/// one connection that waits for the other: what is done here must not wait for what the other has locked.
///
/// `@unchecked Sendable`: the connection is used on the queue alone, but for `cancel()`, which libpq allows from any
/// thread.
public final class SideConnection: @unchecked Sendable {
  private let connection: Connection
  private let queue = DispatchQueue(label: "reber-side-connection")
  private let room = DispatchSemaphore(value: 2)
  private let failure = Mutex<(any Error)?>(nil)

  fileprivate init(_ connection: Connection) { self.connection = connection }

  /// Has `body` done behind what was asked for before; where two more wait to be done, waits for one of them.
  public func later(_ body: @escaping @Sendable (Connection) throws -> Void) throws {
    try check()
    room.wait()
    queue.async { [self] in
      defer { room.signal() }
      perform(body)
    }
  }

  /// Does `body` behind what was asked for before, and waits until it is done.
  public func now(_ body: (Connection) throws -> Void) throws {
    queue.sync { perform(body) }
    try check()
  }

  /// Waits until all is done.
  public func wait() throws { try now { _ in } }

  private func perform(_ body: (Connection) throws -> Void) {
    guard failure.withLock({ $0 == nil }) else { return }
    do { try body(connection) } catch { fail(error) }
  }

  private func check() throws {
    if let failure = failure.withLock({ $0 }) { throw failure }
  }

  private func fail(_ error: any Error) { failure.withLock { $0 = $0 ?? error } }

  /// Stops what is being done, does nothing of what waits, and waits until that is so.
  fileprivate func stop() {
    fail(Stopped())
    connection.cancel()
    queue.sync {}
  }

  private struct Stopped: Error {}
}

extension Connection {
  /// Gives `body` a second connection, in the same role, that works beside this one until all is done.
  ///
  /// - Throws: What `body` throws, or what went wrong on the other connection: what that is at is stopped, and its
  ///   open transaction rolled back.
  public func besideAnother<Value>(_ body: (SideConnection) throws -> Value) throws -> Value {
    let side = SideConnection(try another())
    do {
      let value = try body(side)
      try side.wait()
      return value
    } catch {
      side.stop()
      throw error
    }
  }
}
