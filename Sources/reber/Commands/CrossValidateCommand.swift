import ArgumentParser
import Morphology
import Stages

struct CrossValidateCommand: StageCommand {
  static let configuration = CommandConfiguration(
    commandName: "crossvalidate",
    abstract: "Compare ways to learn labels, on sources that none of them saw.",
    discussion: """
      In each fold an encoder is pre-trained without labels on every image but the fold's and those
      of the same places on the sky. Then k-NN, a linear probe, the network from scratch and the
      network from pre-training learn from shares of the other folds' labels.

      Several processes can share the folds (--join, 'reber worker').

      A scheme of tags is refused: k-NN and the measures compare ways that give a source one class.
      'reber finetune' and 'reber evaluate' judge tags, each by its own F1 over folds held out.

      Example:
        reber crossvalidate --task first:fanaroff-riley --unlabelled emu
        reber crossvalidate --task train:morphology-12:test --share 0.1 --share 1
      """)

  @Option(
    name: .customLong("method"),
    help: ArgumentHelp(
      "A way to learn; may be given again, all without it.",
      discussion: "One of \(MethodName.allCases.map(\.rawValue).joined(separator: ", ")).",
      valueName: "method"))
  var methods: [MethodName] = []

  @OptionGroup(title: "What is compared") var comparison: ComparisonOptions
  @OptionGroup(title: "Views of pre-training") var views: ViewOptions
  @OptionGroup(title: "Several processes") var joining: JoinOptions
  @OptionGroup(title: "Output") var checkpoints: CheckpointOptions
  @OptionGroup(title: "Output") var options: StageOptions

  var limits: TrainingLimits { checkpoints.limits }
  var sharing: Sharing { joining.sharing }

  var stage: CrossValidationStage {
    var stage = comparison.stage
    if !methods.isEmpty { stage.options.methods = methods.map(\.method) }
    stage.options.pretraining.views = views.applied(to: stage.options.pretraining.views)
    return stage
  }

  func text(_ metrics: CrossValidationStage.Metrics) -> String {
    let rows = metrics.results.map { result in
      [
        result.task, "\(decimal(100 * result.share, 0))%", result.method.rawValue,
        decimal(result.accuracy, 3), result.accuracySpread.map { decimal($0, 3) } ?? "-",
        result.largestShare.map { decimal($0, 3) } ?? "-", decimal(result.macroF1, 3),
        result.macroInterval.map { "\(decimal($0.low, 3))–\(decimal($0.high, 3))" } ?? "-",
        decimal(result.calibrationError, 3), String(result.sources),
      ]
    }
    let table = TextTable(
      [
        "survey", "labels#", "method", "accuracy#", "of folds ±#", "largest class#", "macro F1#",
        "95%", "ECE#", "n#",
      ],
      rows: rows
    ).text
    guard let count = metrics.notCheckable, count > 0 else { return table }
    return table
      + "\nwhether a place on the sky stands in two folds is not checkable for \(count) images, "
      + "which have no position"
  }
}

/// A way to learn as it is named on the command line.
enum MethodName: String, ExpressibleByArgument, CaseIterable {
  case neighbours
  case probe
  case scratch
  case finetuned

  var method: Trial.Method {
    switch self {
    case .neighbours: .neighbours
    case .probe: .linearProbe
    case .scratch: .scratch
    case .finetuned: .fineTuned
    }
  }
}
