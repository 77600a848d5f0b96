import Catalogue
import Foundation
import Morphology
import NeuralNetwork
import PostgreSQL
import Stages
import StagesSupport
import Tensor
import TestSupport
import Testing

/// Models as files that other programs read, and back.
@Suite("Exchange of models", .serialized) struct ModelExchangeTests {
  /// A survey with an encoder, number 1, and a classifier, number 2.
  private static let shared = Task {
    let toy = try await SyntheticSurvey(24)
    _ = try await toy.workplace.perform(PretrainStage.toy(1))
    try await toy.label(Array(0..<12))
    var tuning = FinetuneStage.toy()
    (tuning.learning.folds, tuning.learning.epochs, tuning.learning.testViews) = (0, 1, 8)
    _ = try await toy.workplace.perform(tuning)
    return toy
  }

  private func file(_ folder: String, _ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(filePath: folder + "/" + name)))
  }

  private func folder() -> String { TestServer.folder + "/model-\(UUID())" }

  @Test func aClassifierIsWrittenForOthers() async throws {
    let place = try await Self.shared.value.workplace
    let folder = folder()
    let export = try await place.export(model: .number(2), to: folder)
    #expect(
      export.files.map(\.name) == [
        "model.json", "model.onnx", "provenance.json", "weights.safetensors",
      ])
    let files = try export.files.map { try file(folder, $0.name) }
    _ = try await place.export(model: .number(2), to: folder)
    #expect(try export.files.map { try file(folder, $0.name) } == files)

    let (weights, metadata) = try decodeSafetensors(file(folder, "weights.safetensors"))
    #expect(metadata["format"] == "pt")
    #expect(weights["fc.weight"]?.shape == [3, 64] && weights["fc.bias"]?.shape == [3])
    #expect(weights["layer2.0.downsample.1.running_var"]?.shape == [16])
    #expect(!weights.keys.contains { $0.hasPrefix("encoder") || $0.hasPrefix("labelled") })

    let card = try JSONDecoder().decode(
      ModelCard.self, from: Data(try file(folder, "model.json")))
    #expect(card.model.id == 2 && card.model.parent == 1 && card.model.kind == .classifier)
    #expect(card.classifier?.classes.map(\.name) == SyntheticSurvey.classes)
    #expect(card.classifier?.classes.map(\.labels) == [4, 4, 4])
    #expect(card.input.shape == ["n", "1", "16", "16"] && card.placements.count == 8)
    #expect(card.placements[1].degrees == 22.5 && card.placements[1].quarterTurns == 1)
    #expect(card.runs.map(\.stage) == ["finetune", "pretrain", "ingest"])
    #expect(card.formulas.last == "y = √x")
  }

  @Test func aModelThatIsNotThereIsRefusedWithThoseThereAre() async throws {
    let place = try await Self.shared.value.workplace
    let refusal = CatalogueError.unknownModel(
      "resnet", of: "encoder or classifier", known: ["1", "2"])
    await #expect(throws: refusal) { try await place.card(of: ModelName("resnet")) }
    #expect("\(refusal)" == "there is no encoder or classifier 'resnet': known are 1, 2")
    var embed = EmbedStage(survey: "toy")
    embed.model = ModelName("7")
    await #expect(throws: CatalogueError.unknownModel("7", of: "encoder", known: ["1"])) {
      try await place.perform(embed)
    }
  }

  @Test func aFolderOfSomethingElseIsLeftAlone() async throws {
    let place = try await Self.shared.value.workplace
    let folder = folder()
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try "mine".write(toFile: folder + "/notes.txt", atomically: true, encoding: .utf8)
    await #expect(throws: (any Error).self) {
      try await place.export(model: .number(1), to: folder)
    }
    #expect(try String(contentsOfFile: folder + "/notes.txt", encoding: .utf8) == "mine")
  }

  @Test func anEncoderIsTheStartOfAnother() async throws {
    let place = try await Self.shared.value.workplace
    var stage = PretrainStage.toy(1)
    stage.model = .number(1)
    // The shape is that of the model.
    stage.learning.architecture.width = 16
    let trained = try await place.perform(stage)
    #expect(try await place.perform(stage).alreadyDone)
    let card = try await place.card(of: .number(trained.metrics.model))
    #expect(card.model.parent == 1 && card.architecture.width == 8)
    #expect(card.runs.map(\.stage) == ["pretrain", "pretrain", "ingest"])
    #expect(try await place.perform(PretrainStage.toy(1)).run == 2)
  }

  @Test func anExportedEncoderComesBackAsItWas() async throws {
    let toy = try await Self.shared.value
    let (place, folder) = (toy.workplace, folder())
    let first = try await place.export(model: .number(1), to: folder)
    var stage = ImportStage(folder + "/weights.safetensors", as: "again")
    stage.views = folder + "/model.json"
    stage.source = "ourselves"
    let taken = try await place.perform(stage)
    #expect(taken.metrics.channels == 1 && taken.metrics.leftOut.isEmpty)
    #expect(try await place.perform(stage).alreadyDone)

    let (card, original) = (
      try await place.card(of: .name("again")), try await place.card(of: .number(1))
    )
    #expect(card.model.sha256 == first.model.sha256 && card.model.name == "again")
    #expect(card.preprocessing == original.preprocessing && card.scale == original.scale)
    #expect(card.architecture == original.architecture)
    #expect(card.runs.map(\.stage) == ["model import"])
    #expect(card.runs[0].parameters.text.contains("ourselves"))
    let files = try await toy.texts(
      """
      SELECT role FROM reber.prov_used AS used
      JOIN reber.prov_entity AS file ON file.id = used.entity AND file.type = 'file'
      WHERE activity = \("run/\(taken.run)") ORDER BY role
      """)
    #expect(files == ["views", "weights"])
    for model in [ModelName.number(1), .name("again")] {
      var embed = EmbedStage(survey: "toy")
      embed.model = model
      _ = try await place.perform(embed)
    }
    let alike = try await toy.numbers(
      """
      SELECT count(*) FROM reber.embedding AS own
      JOIN reber.embedding AS other USING (cutout_id, vector)
      WHERE own.model_id = 1 AND other.model_id = \(taken.metrics.model)
      """)
    #expect(alike == [24])

    // Another network under the same name, and a name that cannot be.
    let other = try write(foreign { _ in })
    await #expect(throws: CatalogueError.taken("again")) {
      try await place.perform(ImportStage(other, as: "again"))
    }
    await #expect(throws: CatalogueError.badName("4")) {
      try await place.perform(ImportStage(other, as: "4"))
    }
  }

  /// The weights of a network of three channels with a classifier, as torchvision has them.
  private func foreign(_ change: (inout [String: Tensor]) -> Void) throws -> [UInt8] {
    var architecture = Architecture()
    (architecture.width, architecture.blocks, architecture.inputSize) = (4, [1, 2], 16)
    let encoder = try Workplace.usualEngine.encoder(architecture, precision: .float32, seed: 5)
    var weights = encoder.state
    let grey = try #require(weights["conv1.weight"])
    weights["conv1.weight"] = Tensor(
      shape: [4, 3, 3, 3],
      values: (0..<4).flatMap { output in
        [Float(0.5), 0.25, 0.25].flatMap { part in grey.row(output).map { part * $0 } }
      })
    weights["fc.weight"] = Tensor([2, 8])
    weights["fc.bias"] = Tensor([2])
    weights["bn1.num_batches_tracked"] = Tensor([2])
    change(&weights)
    // A counter of 64 bits, as PyTorch has it.
    let text = encodeSafetensors(weights)
    let (from, to) = (
      #""F32","shape":[2],"data_offsets":[16,24]"#, #""I64","shape":[ ],"data_offsets":[16,24]"#
    )
    guard let place = Data(text).range(of: Data(from.utf8)) else { return text }
    return Array(text[..<place.lowerBound]) + Array(to.utf8) + Array(text[place.upperBound...])
  }

  private func write(_ bytes: [UInt8]) throws -> String {
    let path = TestServer.folder + "/foreign-\(UUID()).safetensors"
    try Data(bytes).write(to: URL(filePath: path))
    return path
  }

  @Test func aNetworkOfThreeChannelsIsTakenAndTaughtOn() async throws {
    let place = try await Self.shared.value.workplace
    let bytes = try foreign { _ in }
    #expect(String(decoding: bytes, as: UTF8.self).contains("I64"))
    let path = try write(bytes)
    let taken = try await place.perform(ImportStage(path, as: "foreign"))
    #expect(taken.metrics.channels == 3 && taken.metrics.dimensions == 8)
    #expect(taken.metrics.leftOut == ["fc.bias", "fc.weight"])
    let card = try await place.card(of: .name("foreign"))
    #expect(card.architecture.width == 4 && card.architecture.blocks == [1, 2])
    #expect(card.scale.images == 0 && card.preprocessing == Preprocessing())

    let folder = folder()
    _ = try await place.export(model: .name("foreign"), to: folder)
    let weight = try decodeSafetensors(file(folder, "weights.safetensors"))
      .tensors["conv1.weight"]
    let original = try Workplace.usualEngine.encoder(
      card.architecture, precision: .float32, seed: 5
    ).state["conv1.weight"]
    #expect(weight?.shape == [4, 1, 3, 3])
    for (found, expected) in zip(weight?.values ?? [], original?.values ?? []) {
      #expect(abs(found - expected) <= 1e-6 * abs(expected))
    }
    var stage = PretrainStage.toy(1)
    stage.model = .name("foreign")
    let trained = try await place.perform(stage)
    let lineage = try await place.card(of: .number(trained.metrics.model))
    #expect(lineage.model.parent == taken.metrics.model && lineage.architecture.width == 4)
    #expect(lineage.runs.map(\.stage) == ["pretrain", "ingest", "model import"])
  }

  @Test(
    "A network that an encoder cannot hold is refused by its tensor",
    arguments: [
      ("conv1.weight", [4, 3, 5, 5], "'conv1.weight' has shape [4, 3, 5, 5]"),
      ("conv1.weight", [4, 27], "'conv1.weight' has shape [4, 27]"),
      ("layer1.0.conv3.weight", [16, 4, 1, 1], "'layer1.0.conv3.weight' of shape [16, 4, 1, 1]"),
      ("layer2.1.bn2.bias", [9], "'layer2.1.bn2.bias' has shape [9], but the network's has [8]"),
      ("backbone.weight", [3], "'backbone.weight'"),
    ])
  func whatCannotBeHeldIsRefused(name: String, shape: [Int], says: String) async throws {
    let place = try await Self.shared.value.workplace
    let path = try write(foreign { $0[name] = Tensor(shape) })
    let error = await #expect(throws: (any Error).self) {
      try await place.perform(ImportStage(path, as: "never"))
    }
    #expect(
      error.map { "\($0)".hasPrefix(path) && "\($0)".contains(says) } == true, "\(error as Any)")
  }

  @Test func viewsThatSayWhatNobodyReadsAreRefused() async throws {
    let place = try await Self.shared.value.workplace
    let folder = folder()
    _ = try await place.export(model: .number(1), to: folder)
    let text = String(decoding: try file(folder, "model.json"), as: UTF8.self)
    for (from, to, says) in [
      ("\"cropFraction\"", "\"cropFractions\"", "cropFractions"),
      ("\"clip\" : 3", "\"clip\" : []", "clip"),
      ("\"preprocessing\"", "\"processing\"", "preprocessing"),
    ] {
      try text.replacingOccurrences(of: from, with: to)
        .write(toFile: folder + "/changed.json", atomically: true, encoding: .utf8)
      var stage = ImportStage(folder + "/weights.safetensors", as: "never")
      stage.views = folder + "/changed.json"
      let error = await #expect(throws: (any Error).self) { try await place.perform(stage) }
      #expect(
        error.map { "\($0)".contains("changed.json") && "\($0)".contains(says) } == true,
        "\(error as Any)")
    }
  }
}
