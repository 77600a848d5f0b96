public import ArgumentParser
public import NeuralNetwork
import Stages

/// What the network computes with.
struct PrecisionOptions: ParsableArguments {
  @Option(
    name: .customLong("precision"),
    help: ArgumentHelp(
      "What the network's products are computed from: float32 or bfloat16.",
      discussion: """
        bfloat16 takes less time and rounds more; it needs a processor with AVX512_BF16. Models \
        learned with either serve both.
        """,
      valueName: "precision"))
  var chosen = Precision.float32

  /// The precision as stages take it; `nil` for the default.
  var precision: Precision? { chosen == .float32 ? nil : chosen }

  func validate() throws {
    do { try Workplace.usualEngine.check(chosen) } catch {
      throw ValidationError("--precision: \(error)")
    }
  }
}

extension Precision: ExpressibleByArgument {}
