import ArgumentParser
import Catalogue
import Stages

struct ClassifyCommand: StageCommand {
  static let configuration = CommandConfiguration(
    commandName: "classify",
    abstract: "Give every image a probability for each class.",
    discussion: """
      Example:
        reber classify --survey first
        reber classify --survey first --model 4 --json
        reber classify --survey first --new
      """)

  @Option(help: "The survey.") var survey: String
  @Option(help: "The classifier; the newest where none is named.") var model: ModelName?
  @Flag(
    help: """
      Classify only images that the newest classification by the same classifier lacks, and take over the \
      rest from it: after a new release, or new images.
      """)
  var new = false
  @OptionGroup var use: ModelUseOptions
  @OptionGroup(title: "Several processes") var together: SharingOptions
  @OptionGroup(title: "Output") var options: StageOptions

  var sharing: Sharing { together.sharing }

  var stage: ClassifyStage {
    var stage: ClassifyStage = use.stage(survey, model)
    stage.onlyNew = new ? true : nil
    return stage
  }

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
    let carried = metrics.carried.map { "; \($0) as they were classified before" } ?? ""
    return table.text
      + "\n\(metrics.sources) sources by classifier \(metrics.model)\(carried)\(missing)"
      + unlike
  }
}
