public import Catalogue
import Files
import Foundation
import Morphology
import NeuralNetwork
import ONNX
import PostgreSQL

/// What was written of a model.
public struct ModelExport: Codable, Sendable {
  /// The model.
  public var model: ModelSummary
  /// The folder.
  public var folder: String
  /// Its files, with their SHA-256.
  public var files: [ReleasedFile]
}

extension Workplace {
  /// What is said of a model beside its weights.
  ///
  /// - Throws: `CatalogueError.unknownModel`.
  public func card(of name: ModelName) async throws -> ModelCard {
    try await database.with {
      try Catalogue.Model.find(.encoder, .classifier, called: name, in: $0).card(in: $0)
    }
  }

  /// Writes a model as a folder for other programs: weights as safetensors by torchvision's names, the network
  /// as ONNX, what views it wants as JSON, and its provenance as PROV-JSON.
  ///
  /// The folder gets its name when it is whole. The same model gives the same bytes.
  ///
  /// - Throws: `CatalogueError.unknownModel`; `FileError` where something stands in the folder's place that this
  ///   did not make, or the disk is full.
  public func export(model name: ModelName, to path: String) async throws -> ModelExport {
    try await database.with { database in
      let model = try Catalogue.Model.find(.encoder, .classifier, called: name, in: database)
      let folder = try ReleaseFolder(path)
      let card = try model.card(in: database)
      let text = try document(card)
      let weights = try model.exchangedWeights(in: database)
      try folder.write(text, to: "model.json")
      try folder.write(try document(Provenance(of: model.run, in: database)), to: "provenance.json")
      try folder.write(
        encodeSafetensors(weights, metadata: ["format": "pt", "sha256": model.sha256]),
        to: "weights.safetensors")
      try folder.write(
        encodeONNX(
          card.onnxArchitecture, weights: weights,
          probabilities: card.classifier.map {
            ONNXProbabilities(temperature: $0.temperature, areTags: $0.areTags)
          }, metadata: ["model.json": text]), to: "model.onnx")
      return ModelExport(model: card.model, folder: path, files: try folder.complete())
    }
  }
}

extension ModelCard {
  /// The network over views of the side that they have.
  fileprivate var onnxArchitecture: Architecture {
    var architecture = architecture
    architecture.inputSize = preprocessing.size
    return architecture
  }
}
