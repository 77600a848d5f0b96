import ArgumentParser
import Morphology
import Stages

/// Labels to learn in folds, and how.
struct ComparisonOptions: ParsableArguments {
  @Option(
    name: .customLong("task"),
    help: ArgumentHelp(
      "Labels to learn: the survey and the scheme; may be given again.",
      discussion: "A third name makes that survey's labels the ones to judge by.",
      valueName: "survey:scheme[:test]"))
  var tasks: [TaskName]

  @Option(help: "A survey to learn from without labels; may be given again.")
  var unlabelled: [String] = []

  @Option(name: .customLong("share"), help: "A share of the labels; may be given again.")
  var shares: [Double] = []

  @Option(help: "How many folds, for tasks without a survey to judge by.")
  var folds = CrossValidation.Options().folds

  @Option(help: "How many of the folds to do, from the first; all without it.") var onlyFolds: Int?

  @Option(help: "Passes of pre-training; 0 for random encoders.")
  var epochs = CrossValidation.Options().pretraining.epochs

  @OptionGroup(title: "Pre-training") var optimisation: OptimiserOptions

  @Option(
    help: ArgumentHelp(
      "Passes over the labels.",
      discussion: LearningOptions.usualEpochs))
  var learningEpochs: Int?

  @Option(help: "The learning rate over the labels.")
  var learningRate = CrossValidation.Options().learning.rate

  @OptionGroup var learning: LearningOptions

  @Option(
    help: "The seed of the folds, the first weights, the order of the sources and their views.")
  var seed: UInt64 = 1

  @OptionGroup(title: "Images") var images: PreprocessingOptions
  @OptionGroup(title: "Network") var network: ArchitectureOptions
  @OptionGroup(title: "Network") var computing: PrecisionOptions

  /// The comparison that the options describe.
  var stage: CrossValidationStage {
    var stage = CrossValidationStage(tasks: tasks.map(\.task))
    stage.unlabelled = unlabelled
    stage.preprocessing = images.preprocessing
    stage.sizeFactor = images.chosenSizeFactor
    stage.options.folds = folds
    stage.options.onlyFolds = onlyFolds
    stage.options.seed = seed
    if !shares.isEmpty { stage.options.shares = shares }
    stage.options.pretraining.architecture = network.architecture(inputSize: images.size)
    computing.apply(to: &stage)
    stage.options.pretraining.epochs = epochs
    stage.options.pretraining.seed = seed
    optimisation.apply(to: &stage.options.pretraining)
    stage.options.learning.learn(for: learningEpochs)
    stage.options.learning.rate = learningRate
    stage.options.learning.seed = seed
    learning.apply(to: &stage.options.learning)
    return stage
  }
}

/// A task as it is named on the command line.
struct TaskName: ExpressibleByArgument {
  let task: LabelledTask

  init?(argument: String) {
    let parts = argument.split(separator: ":").map(String.init)
    guard (2...3).contains(parts.count) else { return nil }
    task = LabelledTask(
      survey: parts[0], scheme: parts[1], test: parts.count == 3 ? parts[2] : nil)
  }
}
