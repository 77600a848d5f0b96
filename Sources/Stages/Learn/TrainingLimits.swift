import Foundation

/// What training may use and lose.
///
/// None of it changes what is learned, so it is no part of a run's parameters.
public struct TrainingLimits: Sendable {
  /// Seconds of training that a killed process may lose.
  public var checkpointInterval = 30.0

  /// Bytes that prepared images may take: what does not fit is read from the database again in every
  /// epoch.
  public var imageMemory = Self.usualImageMemory

  /// Compute the network's maps again where they are needed, not keep them: less memory, more time.
  public var recomputesMaps = false

  /// A quarter of the machine's memory.
  static var usualImageMemory: Int { Int(ProcessInfo.processInfo.physicalMemory / 4) }

  /// The defaults.
  public init() {}
}
