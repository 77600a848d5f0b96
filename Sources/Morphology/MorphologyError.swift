public import Failures

/// Why a step of the method cannot be done, and what to do about it.
public enum MorphologyError: Failure, Equatable {
  /// An image that holds no pixels or is not `[height, width]`.
  case notAnImage(shape: [Int])

  /// A field of view in arcsec was asked for, of an image whose pixel scale is not known.
  case noPixelScale

  /// Smoothing to a beam was asked for, of an image whose own beam is not known.
  case noBeam

  /// Options that cannot be, as "size: 4 is below 16".
  case badOptions(String)

  /// Too few sources for what was asked.
  case tooFew(what: String, have: Int, need: Int)

  /// A saved state that does not belong to these options.
  case badState(String)

  /// What is wrong and what to do.
  public var exitStatus: ExitStatus { .badInput }

  public var description: String {
    switch self {
    case .notAnImage(let shape):
      "an image has shape \(shape): give [height, width] with at least one pixel"
    case .noPixelScale:
      "a field of view in arcsec needs the image's pixel scale: store it, or set a crop fraction"
    case .noBeam: "smoothing to a beam needs the image's own: give the survey's, or do without"
    case .badOptions(let reason): "options cannot be used: \(reason)"
    case .tooFew(let what, let have, let need):
      "\(have) \(what), but at least \(need) are needed"
    case .badState(let reason): "a saved state does not fit: \(reason); start without it"
    }
  }
}
