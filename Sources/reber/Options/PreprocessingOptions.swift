import ArgumentParser
import Morphology

/// How cutouts become what a network sees.
struct PreprocessingOptions: ParsableArguments {
  @Option(help: "The side of the images that the network sees, in pixels.")
  var size = Preprocessing().size

  @Option(
    help: ArgumentHelp(
      "Sky shown by a view, in arcsec; needs the pixel scale of every cutout.",
      discussion: "Without it and --crop-fraction views fit their sources.", valueName: "arcsec"))
  var fieldOfView: Double?

  @Option(
    help: ArgumentHelp(
      "The share of a cutout's side that is shown; 1 shows whole images.", valueName: "part"))
  var cropFraction: Double?

  @Option(
    help: ArgumentHelp(
      "Sky shown by a view that fits its source, as a multiple of the source's size on its image.",
      valueName: "multiple"))
  var sizeFactor = Framing.usualSizeFactor

  /// The multiple, where nothing else says how much sky is shown.
  var chosenSizeFactor: Double? { fieldOfView == nil && cropFraction == nil ? sizeFactor : nil }

  @Option(help: ArgumentHelp("Pixels below this many σ become 0.", valueName: "sigma"))
  var clip = Preprocessing().clip

  @Option(help: "How brightness is shown: linear, sqrt or asinh.") var stretch = StretchName.sqrt

  @Option(
    help: ArgumentHelp(
      "Keep only islands of emission within this distance of the centre, in sides of a view.",
      valueName: "radius"))
  var maskNeighbours: Double?

  /// The options as the method takes them.
  var preprocessing: Preprocessing {
    var preprocessing = Preprocessing()
    preprocessing.size = size
    preprocessing.fieldOfView = fieldOfView
    if let cropFraction { preprocessing.cropFraction = cropFraction }
    preprocessing.clip = clip
    preprocessing.stretch = stretch.stretch
    preprocessing.neighbours = maskNeighbours.map { .mask(radius: $0) } ?? .keep
    return preprocessing
  }
}

/// A stretch as it is named on the command line.
enum StretchName: String, ExpressibleByArgument, CaseIterable {
  case linear
  case sqrt
  case asinh

  var stretch: Stretch {
    switch self {
    case .linear: .linear
    case .sqrt: .squareRoot
    case .asinh: .asinh(softening: 10)
    }
  }
}
