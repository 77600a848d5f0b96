public import Failures

/// Why a FITS image or a unit could not be read, where, and what to do about it.
public struct FITSError: Failure, Hashable, Sendable {
  /// The file, or the text that could not be read.
  public var path: String
  /// The header-data unit, the first being 1.
  public var hdu: Int?
  /// What is wrong.
  public var problem: String
  /// What to do.
  public var advice: String

  /// Describes an error.
  public init(_ path: String, hdu: Int? = nil, _ problem: String, advice: String) {
    self.path = path
    self.hdu = hdu
    self.problem = problem
    self.advice = advice
  }

  public var exitStatus: ExitStatus { .badInput }

  public var description: String {
    let place = hdu.map { "\(path), HDU \($0)" } ?? path
    return "\(place): \(problem). \(advice)."
  }
}
