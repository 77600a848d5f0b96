public import Failures

/// Why a binary table could not be read or written, and what to do about it.
public struct BinaryTableError: Failure, Hashable, Sendable {
  public var path: String
  /// What is wrong, with the row and column where it is known.
  public var problem: String
  public var advice: String

  public var exitStatus: ExitStatus { .badInput }

  public var description: String { "\(path): \(problem). \(advice)." }
}
