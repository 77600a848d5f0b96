import ArgumentParser
import Stages

struct EmbedCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "embed",
    abstract: "Place every image in the space that an encoder learned.",
    discussion: """
      Example:
        reber embed --survey first
        reber embed --survey first --model 3
      """)

  @Option(help: "The survey.") var survey: String
  @Option(help: "The encoder; the newest where none is named.") var model: Int?
  @OptionGroup(title: "A survey that the model did not learn from") var scale: ScaleMatchOptions
  @OptionGroup(title: "Network") var computing: PrecisionOptions
  @OptionGroup(title: "Output") var options: StageOptions

  func run() async throws {
    var stage = EmbedStage(survey: survey)
    stage.model = model
    stage.scale = scale.scale
    stage.precision = computing.precision
    try options.show(try await options.workplace().embed(stage)) { metrics in
      "\(metrics.embeddings) embeddings of \(metrics.dimensions) numbers by encoder "
        + "\(metrics.model), \(metrics.added) of them new"
    }
  }
}
