import ArgumentParser
import Morphology

/// How labels are learned.
struct LearningOptions: ParsableArguments {
  @Option(help: "How far rare classes are brought to the share of common ones, in 0...1.")
  var balance = FineTuning.Options(classes: 2).balance

  @Option(help: "Label smoothing, in 0..<1.")
  var smoothing = FineTuning.Options(classes: 2).smoothing

  /// Sets what the options say.
  func apply(to options: inout FineTuning.Options) {
    options.balance = balance
    options.smoothing = smoothing
  }
}
