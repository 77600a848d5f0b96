import ArgumentParser
import Morphology

/// How labels are learned.
struct LearningOptions: ParsableArguments {
  @Option(help: "How far the classes are balanced: 0 as often as they occur, 1 all equally often.")
  var balance = FineTuning.Options(classes: 2).balance

  @Option(help: "Label smoothing, in 0..<1.")
  var smoothing = FineTuning.Options(classes: 2).smoothing

  @Option(
    help: ArgumentHelp(
      "How many views of a source its probabilities are averaged over, a multiple of 4.",
      discussion: "Turned and zoomed in even steps; twice as many take twice as long."))
  var testViews = FineTuning.Options(classes: 2).testViews

  /// What is done where nobody says how often labels are gone through.
  static let usualEpochs = """
    Without it \(FineTuning.Options(classes: 2).epochs), and up to three times as many over few labels: \
    \(FineTuning.Options.usualFewestSteps) steps are wanted.
    """

  /// Sets what the options say.
  func apply(to options: inout FineTuning.Options) {
    options.balance = balance
    options.smoothing = smoothing
    options.testViews = testViews
  }
}
