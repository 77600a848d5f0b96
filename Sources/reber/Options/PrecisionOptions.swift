import ArgumentParser
import NeuralNetwork
import Stages

/// What the network computes with.
struct PrecisionOptions: ParsableArguments {
  @Option(
    name: .customLong("precision"),
    help: ArgumentHelp(
      "What the network computes with: float32, bfloat16, or the better of them on this processor.",
      discussion: """
        bfloat16 takes less time and rounds more; it needs a processor with AVX512_BF16. 'auto' chooses it \
        where matrix units (AMX) and a build with REBER_ONEDNN=1 make it faster, float32 elsewhere, and what \
        the same work was begun in; the run keeps which it was. Models learned with either serve both.
        """,
      valueName: "precision"))
  var asked = Choice.auto

  /// What can be asked for.
  enum Choice: String, ExpressibleByArgument, CaseIterable {
    case auto, float32, bfloat16
  }

  /// The precision that is asked for, or chosen for this processor.
  private var chosen: Precision {
    Precision(rawValue: asked.rawValue) ?? Workplace.usualEngine.fastest
  }

  /// Sets what the options say.
  func apply(to stage: inout some ComputingStage) {
    (stage.precision, stage.choosesPrecision) = (chosen, asked == .auto)
  }

  func validate() throws {
    do { try Workplace.usualEngine.check(chosen) } catch {
      throw ValidationError("--precision: \(error)")
    }
  }
}
