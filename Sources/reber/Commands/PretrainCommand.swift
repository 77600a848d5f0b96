import ArgumentParser
import Catalogue
import Morphology
import Stages

struct PretrainCommand: TrainingCommand {
  static let configuration = CommandConfiguration(
    commandName: "pretrain",
    abstract: "Learn a space in which similar-looking sources are neighbours, without labels.",
    discussion: """
      Contrastive learning (SimCLR) on the images of one or more surveys. A checkpoint is kept in
      the database every half minute: started again, it goes on and ends with the same weights.

      Example:
        reber pretrain --survey first --epochs 100
        reber pretrain --survey first --survey emu --without rsv
        reber pretrain --survey first --model resnet
      """)

  @Option(name: .customLong("survey"), help: "The survey; may be given again.")
  var surveys: [String]

  @Option(help: "The encoder or classifier to begin from; random weights without it.")
  var model: ModelName?

  @Option(help: "Passes over the images.") var epochs = Pretraining.Options().epochs

  @Option(help: "The seed of the first weights, the order of the sources and their views.")
  var seed: UInt64 = 1

  @OptionGroup(title: "Learning") var optimisation: OptimiserOptions
  @Option(
    help: ArgumentHelp(
      "Memory for images; what does not fit is read again from the database in every epoch.",
      discussion: "Without it a quarter of the machine's. It changes no result.",
      valueName: "gigabytes"))
  var imageMemory: Double?

  @Flag(
    help: "Compute the network's maps again instead of keeping them: less memory, more time.")
  var recompute = false

  @OptionGroup(title: "Images") var images: PreprocessingOptions
  @OptionGroup(title: "Views") var views: ViewOptions
  @OptionGroup(title: "Network") var network: ArchitectureOptions
  @OptionGroup(title: "Network") var computing: PrecisionOptions
  @OptionGroup(title: "Output") var checkpoints: CheckpointOptions
  @OptionGroup(title: "Output") var options: StageOptions

  func validate() throws {
    guard model == nil || network.isUsual else {
      throw ValidationError(
        "with --model the network has that model's shape: leave --width and --stem-stride out")
    }
  }

  var limits: TrainingLimits {
    var limits = checkpoints.limits
    if let imageMemory { limits.imageMemory = Int(max(0, imageMemory) * 1e9) }
    limits.recomputesMaps = recompute
    return limits
  }

  var stage: PretrainStage {
    var stage = PretrainStage(surveys: surveys)
    stage.model = model
    stage.preprocessing = images.preprocessing
    stage.sizeFactor = images.chosenSizeFactor
    stage.learning.architecture = network.architecture(inputSize: images.size)
    computing.apply(to: &stage)
    stage.learning.epochs = epochs
    optimisation.apply(to: &stage.learning)
    stage.learning.seed = seed
    stage.learning.views = views.applied(to: stage.learning.views)
    return stage
  }

  func text(_ metrics: PretrainStage.Metrics) -> String {
    let empty = metrics.empty > 0 ? ", \(metrics.empty) empty ones left out" : ""
    let loss = metrics.loss.map { ", loss \(decimal($0, 3))" } ?? ""
    return "encoder \(metrics.model): \(metrics.sources) images\(empty), "
      + "\(metrics.epochs) epochs\(loss)"
  }
}
