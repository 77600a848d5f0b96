public import ArgumentParser
public import Catalogue
import Morphology
import NeuralNetwork
import PostgreSQL
import Stages

struct ModelCommands: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "model",
    abstract: "List, show, write and read models.",
    discussion: """
      A model is called by its number or, where it has one, its name. 'docs/models.md' says which views
      models want, and how PyTorch and onnxruntime use what is written.

      Example:
        reber model list
        reber model export 4 --output classifier
        reber model import resnet18.safetensors --name resnet
      """,
    subcommands: [List.self, Show.self, Export.self, Import.self])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "The models, oldest first: name, kind, what they began from, and what taught them.",
      discussion: "Example:\n  reber model list")

    @OptionGroup(title: "Output") var options: ResultOptions

    func run() async throws {
      let models = try await options.database().with { try ModelSummary.all(in: $0) }
      try options.show(models) { models in
        let rows = models.map { model in
          [
            String(model.id), model.name ?? "", model.kind.rawValue,
            model.parent.map(String.init) ?? "", String(model.run), model.stage,
            model.survey ?? "", model.startedAt, decimal(Double(model.bytes) / 1e6, 1),
            model.classes ?? "",
          ]
        }
        return TextTable(
          [
            "model#", "name", "kind", "from#", "run#", "stage", "survey", "begun", "MB#", "classes",
          ], rows: rows
        ).text
      }
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "What a model is, which views it wants, and what it rests on.",
      discussion: "Example:\n  reber model show 4\n  reber model show 4 --json")

    @Argument(help: "The model's number or name.") var model: ModelName
    @OptionGroup(title: "Output") var options: ResultOptions

    func run() async throws {
      try options.show(try await options.workplace().card(of: model), \.text)
    }
  }

  struct Export: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write a model as a folder of files, for PyTorch, onnxruntime and other databases.",
      discussion: """
        weights.safetensors has torchvision's names (conv1.weight, bn1.bias, …; fc.weight of a
        classifier); model.onnx is the network, whose input is views and whose outputs are the embedding
        and the probabilities; model.json says which views it wants, with formulas, its classes, and the
        runs that it rests on; provenance.json has these as PROV-JSON. The same model gives the same bytes.

        Example:
          reber model export 4 --output classifier
          reber model export resnet --output resnet
        """)

    @Argument(help: "The model's number or name.") var model: ModelName

    @Option(
      name: .shortAndLong, help: "The folder, which is made; an earlier export there is replaced.")
    var output: String

    @OptionGroup(title: "Output") var options: ResultOptions

    func run() async throws {
      let export = try await options.workplace().export(model: model, to: output)
      try options.show(export) { export in
        let bytes = export.files.reduce(0) { $0 + $1.bytes }
        return "\(export.folder): \(export.model.kind.rawValue) \(export.model.called), "
          + "\(export.files.count) files, \(bytes) bytes"
      }
    }
  }
}

extension ModelCommands {
  struct Import: StageCommand {
    static let configuration = CommandConfiguration(
      abstract: "Take a network of another program or database as an encoder to begin from.",
      discussion: """
        The file is safetensors with the names of torchvision's ResNet-18 or -34, of any width; its first
        convolution is of 7 × 7 with pooling behind it, or of 3 × 3 without, and the weights of several
        channels are added up. 'pretrain', 'finetune' and 'embed' take the model by its name. Where it
        comes from is kept: the file's name and digest, and what --source says.

        Example:
          reber model import resnet18.safetensors --name resnet --source 'A. Person, doi:10.1234/5'
          reber model import export/weights.safetensors --name lotss --views export/model.json
          reber pretrain --survey first --model resnet
        """)

    @Argument(help: "The file of weights.") var file: String

    @Option(help: "What the model is called: lower-case letters, digits and '_', a letter first.")
    var name: String

    @Option(
      help: ArgumentHelp(
        "Which views it wants: the model.json of an export.",
        discussion: "Without it views of 64 pixels show whole cutouts by the square root.",
        valueName: "file"))
    var views: String?

    @Option(help: ArgumentHelp("Where it comes from: kept with it.", valueName: "text"))
    var source: String?

    @Option(
      help: "Stride of the first convolution, 1 or 2; as --views says, or 2, where it is not given."
    )
    var stemStride: Int?

    @OptionGroup(title: "Output") var options: StageOptions

    func validate() throws {
      guard stemStride.map([1, 2].contains) ?? true else {
        throw ValidationError("--stem-stride must be 1 or 2")
      }
    }

    var stage: ImportStage {
      var stage = ImportStage(file, as: name)
      (stage.views, stage.source, stage.stemStride) = (views, source, stemStride)
      return stage
    }

    func text(_ metrics: ImportStage.Metrics) -> String {
      "encoder \(metrics.name) (\(metrics.model)): \(metrics.dimensions) numbers in an embedding"
    }
  }
}

extension ModelCard {
  /// As a person reads it.
  fileprivate var text: String {
    var lines = ["\(model.kind.rawValue) \(model.called), sha256 \(model.sha256)"]
    if let parent = model.parent { lines.append("began from model \(parent)") }
    lines.append(
      "network: blocks \(architecture.blocks), width \(architecture.width), first stride "
        + "\(architecture.stemStride), \(embeddingDimension) numbers in an embedding")
    if let classifier {
      let kind = classifier.areTags ? "tags" : "classes"
      let names = classifier.classes.map { "\($0.name) (\($0.labels) labels)" }
      lines.append("\(kind) of scheme \(classifier.scheme): \(names.joined(separator: ", "))")
      lines.append("temperature \(decimal(classifier.temperature, 3))")
    }
    lines.append("views: \(testViews.count) of \(input.shape.joined(separator: " × "))")
    lines += formulas.enumerated().map { "  \($0 + 1). \($1)" }
    lines += runs.map { run in
      let survey = run.survey.map { " of \($0)" } ?? ""
      return "run \(run.run): \(run.stage)\(survey), \(run.startedAt), "
        + Operator.brief(run.codeVersion)
    }
    return lines.joined(separator: "\n")
  }
}

extension ModelName: ExpressibleByArgument {
  public init?(argument: String) { self.init(argument) }
}
