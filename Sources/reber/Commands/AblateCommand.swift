import ArgumentParser
import Morphology
import Stages

struct AblateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ablate",
    abstract: "Measure what each augmentation is worth.",
    discussion: """
      Pre-trains with all augmentations and without each in turn, from the same seed and on the same
      folds, and judges every encoder by k-NN and by a linear probe. Each is a run of its own:
      started again, the command goes on with those that are missing. Several processes can share
      the runs and their folds (--join).

      Example:
        reber ablate --task first:fanaroff-riley --epochs 40 --only-folds 1
        reber ablate --task first:fanaroff-riley --augmentation rsv --augmentation blur
      """)

  @Option(
    name: .customLong("augmentation"),
    help: ArgumentHelp(
      "Leave out this one; may be given again, each in turn without it.",
      valueName: "augmentation"))
  var augmentations: [Augmentation] = []

  @OptionGroup(title: "What is compared") var comparison: ComparisonOptions
  @OptionGroup(title: "Several processes") var joining: JoinOptions
  @OptionGroup(title: "Output") var checkpoints: CheckpointOptions
  @OptionGroup(title: "Output") var options: StageOptions

  /// One way to make views, and what came of it.
  struct Row: Codable {
    /// What was left out; `nil` for the whole recipe.
    var without: Augmentation?
    /// The run.
    var run: Int
    /// The scores of every task, share and method.
    var results: [CrossValidationStage.Result]
  }

  func run() async throws {
    let place = try await options.workplace(checkpoints.limits, joining.sharing)
    let left = augmentations.isEmpty ? Augmentation.allCases : augmentations
    let rows = try await rows([nil] + left.map(Optional.some), in: place)
    if options.json { try printJSON(rows) } else { print(text(rows)) }
  }

  /// Makes all rows; where others help, what they are at is waited for last.
  private func rows(_ left: [Augmentation?], in place: Workplace) async throws -> [Row] {
    var (rows, place) = ([Int: Row](), place)
    for waits in joining.join ? [false, true] : [true] {
      place.sharing.waits = waits
      for (index, augmentation) in left.enumerated() where rows[index] == nil {
        do {
          rows[index] = try await row(without: augmentation, in: place)
        } catch is LeftToOthers {
          continue
        }
      }
    }
    return left.indices.compactMap { rows[$0] }
  }

  private func row(without augmentation: Augmentation?, in place: Workplace) async throws -> Row {
    var stage = comparison.stage
    stage.options.methods = [.neighbours, .linearProbe]
    augmentation?.remove(from: &stage.options.pretraining.views)
    options.session.progress.note(augmentation.map { "without \($0)" } ?? "with all")
    let report = try await place.perform(stage)
    return Row(without: augmentation, run: report.run, results: report.metrics.results)
  }

  /// Scores by what was left out, and their difference from the whole recipe's.
  private func text(_ rows: [Row]) -> String {
    let whole = rows.first?.results ?? []
    let cells = whole.enumerated().flatMap { index, first in
      rows.map { row in
        let result = row.results[index]
        return [
          first.task, "\(decimal(100 * first.share, 0))%", first.method.rawValue,
          row.without?.rawValue ?? "nothing", decimal(result.accuracy, 3),
          signed(result.accuracy - first.accuracy), decimal(result.macroF1, 3),
          signed(result.macroF1 - first.macroF1), String(row.run),
        ]
      }
    }
    return TextTable(
      [
        "survey", "labels#", "method", "without", "accuracy#", "change#", "macro F1#", "change#",
        "run#",
      ], rows: cells
    ).text
  }

  private func signed(_ value: Double) -> String {
    (value >= 0 ? "+" : "") + decimal(value, 3)
  }
}
