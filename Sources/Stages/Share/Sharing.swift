import Foundation

/// How work is shared with other processes; it changes no result.
public struct Sharing: Sendable {
  /// Whether to help processes that are at the same work already, instead of leaving it to them.
  public var joins = false

  /// Whether to wait for the others where all that is left of shared work is being done by them.
  public var waits = true

  /// The run that is to be helped with, and no other; `nil` where the work alone counts.
  var helped: Int?

  /// Seconds that a process may be silent before others take over what it has claimed.
  public var lease = 60.0

  /// Images that are read, computed and written together.
  public var pieceSize = 256

  /// Connections on which this process has the server do pieces at once, where it only waits for the server.
  public var connections = min(ProcessInfo.processInfo.activeProcessorCount, 4)

  /// The defaults.
  public init() {}
}
