import ArgumentParser
import Catalogue
import Morphology
import Stages

struct FinetuneCommand: TrainingCommand {
  static let configuration = CommandConfiguration(
    commandName: "finetune",
    abstract: "Teach a classifier the labels, from a pre-trained encoder.",
    discussion: """
      A linear probe learns first, then the whole network. Each fold is held out in turn; those
      predictions calibrate the probabilities of the last round, which learns from all labels. Of a scheme of
      tags each gets a probability of its own, and a threshold: that of the greatest F1 on the folds held out.

      Example:
        reber finetune --survey first --scheme fanaroff-riley
        reber finetune --survey first --survey emu --model 4
        reber finetune --survey first --from-scratch
      """)

  @Option(
    name: .customLong("survey"), help: "The survey whose labels are learned; may be given again.")
  var surveys: [String]
  @Option(help: "The class scheme.") var scheme = ClassScheme.twelveClasses
  @Option(help: "The encoder or classifier to begin from; the newest encoder without it.")
  var model: ModelName?
  @Flag(help: "Begin from random weights, for comparison.") var fromScratch = false
  @Flag(help: "Learn the shares of the annotators' votes, not what most of them say.") var votes =
    false
  @Option(
    help: ArgumentHelp(
      "Passes of the whole network; 0 trains the linear probe alone.",
      discussion: LearningOptions.usualEpochs))
  var epochs: Int?
  @Option(help: "Folds held out in turn; 0 for none, and no calibration.")
  var folds = FineTuning.Options(classes: 2).folds
  @Option(help: "How many sources a step learns from.") var batchSize = FineTuning.Options(
    classes: 2
  ).batchSize
  @Option(help: "The learning rate of the whole network.")
  var rate = FineTuning.Options(classes: 2).rate
  @Option(
    help: "Unlabelled sources kept with the classifier, to tell later what is unlike all labels.")
  var unlabelled = FinetuneStage(survey: "").unlabelled
  @Option(help: "The seed of the folds, the order of the sources and their views.") var seed:
    UInt64 = 1
  @OptionGroup var learning: LearningOptions
  @OptionGroup(title: "Views") var views: ViewOptions
  @OptionGroup(title: "A survey that the encoder did not learn from") var scale: ScaleMatchOptions
  @OptionGroup(title: "Network") var computing: PrecisionOptions
  @OptionGroup(title: "Network and images, with --from-scratch") var network: ArchitectureOptions
  @OptionGroup(title: "Network and images, with --from-scratch") var images: PreprocessingOptions
  @OptionGroup(title: "Output") var checkpoints: CheckpointOptions
  @OptionGroup(title: "Output") var options: StageOptions

  var limits: TrainingLimits { checkpoints.limits }

  var stage: FinetuneStage {
    var stage = FinetuneStage(surveys: surveys)
    stage.scheme = scheme
    stage.model = model
    stage.scale = scale.scale
    stage.learnsVotes = votes ? true : nil
    computing.apply(to: &stage)
    if fromScratch {
      stage.fromScratch = network.architecture(inputSize: images.size)
      stage.preprocessing = images.preprocessing
      stage.sizeFactor = images.chosenSizeFactor
    }
    stage.learning.learn(for: epochs)
    stage.learning.folds = folds
    stage.learning.batchSize = batchSize
    stage.learning.rate = rate
    stage.learning.seed = seed
    learning.apply(to: &stage.learning)
    stage.unlabelled = unlabelled
    stage.learning.views = views.applied(to: stage.learning.views)
    return stage
  }

  func text(_ metrics: FinetuneStage.Metrics) -> String {
    var lines = [
      "classifier \(metrics.model): \(metrics.byClass.count) classes, "
        + "\(metrics.labels) labelled images"
    ]
    if metrics.withoutImage > 0 {
      lines.append("\(metrics.withoutImage) labelled sources have no image")
    }
    if let heldOut = metrics.heldOut {
      lines.append(
        "held-out folds: accuracy \(decimal(heldOut.accuracy, 3)), "
          + "macro F1 \(decimal(heldOut.macroF1, 3)), "
          + (heldOut.largestShare.map { "most frequent class \(decimal($0, 3)), " } ?? "")
          + "calibration error \(decimal(heldOut.calibrationError, 3))")
      for (tag, f1) in (heldOut.byTag ?? [:]).sorted(by: { $0.key < $1.key }) {
        lines.append("  \(tag): F1 \(decimal(f1, 3))")
      }
    }
    if let count = metrics.notCheckable, count > 0, metrics.heldOut != nil {
      lines.append(
        "whether a place on the sky stands in two folds is not checkable for \(count) of them, "
          + "which have no position")
    }
    return lines.joined(separator: "\n")
  }
}
