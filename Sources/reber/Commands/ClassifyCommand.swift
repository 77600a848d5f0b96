import ArgumentParser
import Stages

struct ClassifyCommand: StageCommand {
  static let configuration = CommandConfiguration(
    commandName: "classify",
    abstract: "Give every image a probability for each class.",
    discussion: """
      Example:
        reber classify --survey first
        reber classify --survey first --model 4 --json
      """)

  @Option(help: "The survey.") var survey: String
  @Option(help: "The classifier; the newest where none is named.") var model: Int?
  @OptionGroup var use: ModelUseOptions
  @OptionGroup(title: "Output") var options: StageOptions

  var stage: ClassifyStage { use.stage(survey, model) }

  func text(_ metrics: ClassifyStage.Metrics) -> String {
    let classes = metrics.byClass.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    let table = TextTable(
      ["class", "sources#", "p ≥ 0.99#"],
      rows: classes.map { [$0, String($1), String(metrics.sure[$0] ?? 0)] })
    let missing = metrics.withoutImage > 0 ? "; \(metrics.withoutImage) have no image" : ""
    let unlike =
      metrics.unlike.map {
        "\n\($0) sources are farther from everything labelled than 99% of the held-out labelled ones"
      } ?? ""
    return table.text + "\n\(metrics.sources) sources by classifier \(metrics.model)\(missing)"
      + unlike
  }
}
