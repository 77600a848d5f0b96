internal import Dispatch
internal import Foundation
public import NeuralNetwork

/// Ranks that are threads of one process: what MPI does between processes, without it.
///
/// Every call posts what this rank has under the number of the call, and waits until all have posted.
public struct ThreadRanks: Ranks {
  public let rank: Int

  private let board: Board

  public var count: Int { board.count }

  public var onThisMachine: Int { count }

  /// Runs `body` as each of so many ranks at the same time, each on a thread of its own.
  ///
  /// - Returns: What they give, by rank.
  /// - Throws: What one of them throws; the others, which wait for it, end the program.
  public static func run<Result: Sendable>(
    _ count: Int, _ body: @escaping @Sendable (any Ranks) async throws -> Result
  ) async throws -> [Result] {
    let board = Board(count: count)
    return try await withThrowingTaskGroup(of: (Int, Result).self) { group in
      for rank in 0..<count {
        group.addTask(executorPreference: OwnThread()) {
          do {
            return (rank, try await body(ThreadRanks(rank: rank, board: board)))
          } catch {
            board.end(because: error)
            throw error
          }
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
        .sorted { $0.0 < $1.0 }.map(\.1)
    }
  }

  public func meet() { _ = gather([]) }

  public func sum(_ values: UnsafeMutableBufferPointer<Double>) {
    added(UnsafeBufferPointer(values), values)()
  }

  public func beginSum(
    of values: UnsafeBufferPointer<Float>, into sums: UnsafeMutableBufferPointer<Float>
  ) -> () -> Void {
    added(values, sums)
  }

  private func added<Number: BinaryFloatingPoint>(
    _ values: UnsafeBufferPointer<Number>, _ sums: UnsafeMutableBufferPointer<Number>
  ) -> () -> Void {
    let call = board.post(Array(UnsafeRawBufferPointer(values)), rank)
    return {
      sums.update(repeating: 0)
      for part in board.wait(for: call, rank) {
        part.withUnsafeBytes {
          for (index, value) in $0.bindMemory(to: Number.self).enumerated() {
            sums[index] += value
          }
        }
      }
    }
  }

  public func gather(_ bytes: [UInt8]) -> [[UInt8]] {
    board.wait(for: board.post(bytes, rank), rank)
  }

  public func leave() { meet() }
}

/// Where ranks post what they have.
///
/// Unchecked, because all that changes is guarded by the condition.
private final class Board: @unchecked Sendable {
  let count: Int

  private let condition = NSCondition()
  private var calls: [Int]
  private var posts: [Int: [Int: [UInt8]]] = [:]
  private var readers: [Int: Int] = [:]
  private var failure: (any Error)?

  init(count: Int) {
    self.count = count
    calls = Array(repeating: 0, count: count)
  }

  /// Posts what a rank has; gives the number of the call.
  func post(_ bytes: [UInt8], _ rank: Int) -> Int {
    condition.withLock {
      let call = calls[rank]
      calls[rank] += 1
      posts[call, default: [:]][rank] = bytes
      condition.broadcast()
      return call
    }
  }

  /// What all have posted, by rank, once they have.
  func wait(for call: Int, _ rank: Int) -> [[UInt8]] {
    condition.withLock {
      while posts[call]?.count != count {
        if let failure { preconditionFailure("another rank has ended: \(failure)") }
        condition.wait()
      }
      let parts = (0..<count).compactMap { posts[call]?[$0] }
      readers[call, default: 0] += 1
      if readers[call] == count { (posts[call], readers[call]) = (nil, nil) }
      return parts
    }
  }

  /// One of them will not come any more.
  func end(because error: any Error) {
    condition.withLock {
      failure = error
      condition.broadcast()
    }
  }
}

/// A thread for one rank, which may block.
private final class OwnThread: TaskExecutor {
  private let queue = DispatchQueue(label: "rank")

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }
}
