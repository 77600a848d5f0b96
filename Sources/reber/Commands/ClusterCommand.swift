import ArgumentParser
import Catalogue
import Morphology
import Stages

struct ClusterCommand: StageCommand {
  static let configuration = CommandConfiguration(
    commandName: "cluster",
    abstract: "Divide the embeddings into many small clusters, with a hierarchy above them.",
    discussion: """
      Example:
        reber cluster --survey first --clusters 60
        reber show clusters --survey first
      """)

  @Option(help: "The survey.") var survey: String
  @Option(help: "The encoder; the newest where none is named.") var model: ModelName?
  @Option(help: "How many clusters; several times as many as there are classes are best.")
  var clusters = ClusteredSpace.Options().clusters
  @Option(help: "The seed of the centres that k-means starts from.") var seed: UInt64 = 1
  @OptionGroup var space: SpaceOptions
  @OptionGroup(title: "Output") var options: StageOptions

  var stage: ClusterStage {
    var stage = ClusterStage(survey: survey)
    stage.model = model
    stage.options.clusters = clusters
    (stage.options.components, stage.options.whitening) = (space.components, space.whitening)
    stage.options.seed = seed
    return stage
  }

  func text(_ metrics: ClusterStage.Metrics) -> String {
    "clustering \(metrics.clustering): \(metrics.sources) sources in \(metrics.clusters) clusters"
  }

  func validate() throws {
    guard clusters > 1 else { throw ValidationError("--clusters must be at least 2") }
  }
}
