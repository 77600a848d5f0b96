import Dispatch
import Foundation

/// Makes items on a thread of their own while the calling thread uses them, in order.
///
/// At most `capacity` items wait, so memory is bounded. An error on either side ends both, and both have
/// ended when it is thrown: a process that ends with it has no thread left that is at work.
///
/// - Parameters:
///   - capacity: How many items may wait to be used.
///   - produce: Calls its argument with each item; runs on another thread.
///   - consume: Uses an item, on the calling thread.
/// - Throws: What `produce` or `consume` threw first.
func overlapped<Item: Sendable>(
  capacity: Int = 4, produce: @escaping @Sendable ((Item) throws -> Void) throws -> Void,
  consume: (Item) throws -> Void
) throws {
  let queue = BoundedQueue.filled(capacity: capacity, by: produce)
  do {
    while let item = try queue.pop() { try consume(item) }
  } catch {
    queue.abandon()
    queue.waitUntilClosed()
    throw error
  }
}

/// Makes items on a thread of their own while asynchronous code uses them, in order.
///
/// At most `capacity` items wait, so memory is bounded. An error on either side ends both, and both have ended when
/// it is thrown.
///
/// - Throws: What `produce` or `consume` threw first.
func overlapped<Item: Sendable>(
  capacity: Int, produce: @escaping @Sendable ((Item) throws -> Void) throws -> Void,
  consume: (Item) async throws -> Void
) async throws {
  let queue = BoundedQueue.filled(capacity: capacity, by: produce)
  do {
    while let item = try await queue.next() { try await consume(item) }
  } catch {
    queue.abandon()
    queue.waitUntilClosed()
    throw error
  }
}

/// The reader has stopped: no more items are wanted.
private struct Abandoned: Error {}

/// A first-in, first-out queue between two threads.
///
/// `@unchecked Sendable`: every access to the state is under `condition`'s lock.
private final class BoundedQueue<Item: Sendable>: @unchecked Sendable {
  private let condition = NSCondition()
  private let capacity: Int
  private var items: [Item] = []
  private var isClosed = false
  private var isAbandoned = false
  private var failure: (any Error)?

  init(capacity: Int) {
    self.capacity = capacity
  }

  /// A queue that a thread of its own fills.
  static func filled(
    capacity: Int, by produce: @escaping @Sendable ((Item) throws -> Void) throws -> Void
  ) -> BoundedQueue {
    let queue = BoundedQueue(capacity: capacity)
    let thread = Thread {
      do {
        try produce { try queue.push($0) }
        queue.close(throwing: nil)
      } catch {
        queue.close(throwing: error)
      }
    }
    thread.stackSize = 8 << 20
    thread.start()
    return queue
  }

  /// The next item, for asynchronous code: the waiting is done by a thread that may block.
  func next() async throws -> Item? {
    try await withCheckedThrowingContinuation { continuation in
      DispatchQueue.global().async { continuation.resume(with: Result { try self.pop() }) }
    }
  }

  func push(_ item: Item) throws {
    condition.lock()
    defer { condition.unlock() }
    while items.count >= capacity, !isAbandoned { condition.wait() }
    guard !isAbandoned else { throw Abandoned() }
    items.append(item)
    condition.broadcast()
  }

  func pop() throws -> Item? {
    condition.lock()
    defer { condition.unlock() }
    while items.isEmpty, !isClosed { condition.wait() }
    if let failure, items.isEmpty { throw failure }
    guard !items.isEmpty else { return nil }
    condition.broadcast()
    return items.removeFirst()
  }

  func close(throwing error: (any Error)?) {
    condition.lock()
    defer { condition.unlock() }
    isClosed = true
    failure = error
    condition.broadcast()
  }

  func waitUntilClosed() {
    condition.lock()
    defer { condition.unlock() }
    while !isClosed { condition.wait() }
  }

  func abandon() {
    condition.lock()
    defer { condition.unlock() }
    isAbandoned = true
    condition.broadcast()
  }
}
