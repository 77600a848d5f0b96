import ArgumentParser
import Morphology

/// How labels are learned.
struct LearningOptions: ParsableArguments {
  @Option(help: "How far rare classes are brought to the share of common ones, in 0...1.")
  var balance = FineTuning.Options(classes: 2).balance

  @Option(help: "Label smoothing, in 0..<1.")
  var smoothing = FineTuning.Options(classes: 2).smoothing

  @Option(
    help: ArgumentHelp(
      "Views of a source that its probabilities are the mean over, a multiple of 4.",
      discussion: "Turned and zoomed in even steps; twice as many take twice as long."))
  var testViews = FineTuning.Options(classes: 2).testViews

  /// Sets what the options say.
  func apply(to options: inout FineTuning.Options) {
    options.balance = balance
    options.smoothing = smoothing
    options.testViews = testViews
  }
}
