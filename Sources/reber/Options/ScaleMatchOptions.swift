import ArgumentParser
import Catalogue
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

  /// The options as stages take them.
  var scale: ScaleOptions {
    var scale = ScaleOptions()
    scale.matchesField = !ownScale
    scale.matchesBeam = matchBeam
    return scale
  }
}

/// How a stored model is applied to images.
struct ModelUseOptions: ParsableArguments {
  @OptionGroup(title: "A survey that the model did not learn from") var scale: ScaleMatchOptions
  @OptionGroup(title: "Network") var computing: PrecisionOptions

  /// The stage that applies a model to a survey.
  func stage<Task>(_ survey: String, _ model: ModelName?) -> ModelStage<Task> {
    var stage = ModelStage<Task>(survey: survey)
    stage.model = model
    stage.scale = scale.scale
    computing.apply(to: &stage)
    return stage
  }
}
