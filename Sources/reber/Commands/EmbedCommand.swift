import ArgumentParser
import Catalogue
import Stages

struct EmbedCommand: StageCommand {
  static let configuration = CommandConfiguration(
    commandName: "embed",
    abstract: "Place every image in the space that an encoder learned.",
    discussion: """
      Example:
        reber embed --survey first
        reber embed --survey first --model 3
      """)

  @Option(help: "The survey.") var survey: String
  @Option(help: "The encoder; the newest where none is named.") var model: ModelName?
  @OptionGroup var use: ModelUseOptions
  @OptionGroup(title: "Several processes") var together: SharingOptions
  @OptionGroup(title: "Output") var options: StageOptions

  var sharing: Sharing { together.sharing }

  var stage: EmbedStage { use.stage(survey, model) }

  func text(_ metrics: EmbedStage.Metrics) -> String {
    "\(metrics.embeddings) embeddings of \(metrics.dimensions) numbers by encoder "
      + "\(metrics.model), \(metrics.added) of them new"
  }
}
