import ArgumentParser
import Morphology
import NeuralNetwork

/// How contrastive learning moves the weights.
struct OptimiserOptions: ParsableArguments {
  @Option(help: "The optimiser: lars, sgd or adam.") var optimiser = OptimiserName.lars

  @Option(help: "The learning rate after warm-up; 0.3 for lars, 0.1 for sgd, 0.001 for adam.")
  var rate: Float?

  @Option(
    help: "How many sources a step learns from; each is compared with all others of its step.")
  var batchSize = Pretraining.Options().batchSize

  @Option(help: "The temperature of NT-Xent.") var temperature = Pretraining.Options().temperature

  /// Sets what the options say.
  func apply(to options: inout Pretraining.Options) {
    options.rule = optimiser.rule
    options.rate = rate ?? optimiser.rate
    options.batchSize = batchSize
    options.temperature = temperature
  }
}

/// An optimiser as it is named on the command line.
enum OptimiserName: String, ExpressibleByArgument, CaseIterable {
  case lars
  case sgd
  case adam

  var rule: Optimiser.Rule {
    switch self {
    case .lars: Pretraining.Options().rule
    case .sgd: .sgd(momentum: 0.9)
    case .adam: .adam
    }
  }

  /// Where to start with it.
  var rate: Float {
    switch self {
    case .lars: Pretraining.Options().rate
    case .sgd: 0.1
    case .adam: 0.001
    }
  }
}
