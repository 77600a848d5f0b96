public import Failures
import Synchronization

/// Whether the process was told to stop, and whether what it does now can stop well.
///
/// A signal's handler sets it, so that it is made of atomics alone.
public final class StopRequest: Sendable {
  private let isAsked = Atomic(false)
  private let heeding = Atomic(0)

  /// Nobody has asked yet.
  public init() {}

  /// Asks to stop; gives whether what goes on now heeds it, at its next step.
  public func ask() -> Bool {
    isAsked.store(true, ordering: .sequentiallyConsistent)
    return heeding.load(ordering: .sequentiallyConsistent) > 0
  }

  /// Whether it was asked.
  var isRequested: Bool { isAsked.load(ordering: .sequentiallyConsistent) }

  /// Does what looks at ``isRequested`` often.
  func heed<Value>(
    isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> Value
  ) async rethrows -> Value {
    heeding.add(1, ordering: .sequentiallyConsistent)
    defer { heeding.subtract(1, ordering: .sequentiallyConsistent) }
    return try await body()
  }
}

/// The process was told to stop, and has left its work so that it can be gone on with.
public struct Stopped: Failure {
  public var exitStatus: ExitStatus { .busy }

  public var description: String {
    "stopped, as it was told to; the same command goes on from here"
  }
}
