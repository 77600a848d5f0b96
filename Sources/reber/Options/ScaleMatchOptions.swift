import ArgumentParser
import Stages

/// How images of a survey are brought to what a model knows.
struct ScaleMatchOptions: ParsableArguments {
  @Flag(
    help: """
      Show the whole of each image, even where the model learned from images of more or less \
      sky.
      """)
  var ownScale = false

  @Flag(help: "Smooth images of a finer beam to the beam that the model learned from.")
  var matchBeam = false

  /// The options as stages take them; `nil` for the usual.
  var scale: ScaleOptions? {
    var scale = ScaleOptions()
    scale.matchesField = !ownScale
    scale.matchesBeam = matchBeam
    return scale == ScaleOptions() ? nil : scale
  }
}
