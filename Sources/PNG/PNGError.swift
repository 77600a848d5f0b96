public import Failures

/// Why a PNG image could not be read or written, and what to do about it.
public struct PNGError: Failure, Hashable, Sendable {
  /// The file, or what the image is of.
  public var path: String
  /// What is wrong.
  public var problem: String
  /// What to do.
  public var advice: String

  /// Describes an error.
  public init(_ path: String, _ problem: String, advice: String) {
    self.path = path
    self.problem = problem
    self.advice = advice
  }

  public var exitStatus: ExitStatus { .badInput }

  public var description: String { "\(path): \(problem). \(advice)." }
}
