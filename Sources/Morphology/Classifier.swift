public import NeuralNetwork
public import Tensor

/// A fine-tuned network that gives sources their class probabilities.
public struct Classifier: Sendable {
  /// The number of classes.
  public let classes: Int

  /// Divides logits, so that probabilities are as sure as they are right; 1 where not calibrated.
  public let temperature: Float

  /// How cutouts must be prepared.
  public let preprocessing: Preprocessing

  /// The encoder, whose embeddings the head classifies.
  public var encoder: Encoder { model.encoder }

  private let model: Model

  init(model: Model, classes: Int, temperature: Float, preprocessing: Preprocessing) {
    self.model = model
    self.classes = classes
    self.temperature = temperature
    self.preprocessing = preprocessing
  }

  /// Restores a classifier from its saved weights.
  ///
  /// - Throws: What the network throws for tensors that do not fit the architecture.
  public init(
    architecture: Architecture, classes: Int, temperature: Float, preprocessing: Preprocessing,
    state: [String: Tensor]
  ) throws {
    var model = Model(
      encoder: Encoder(architecture, seed: 0),
      head: Head(
        dimensions: [architecture.embeddingDimension, classes], normalised: false, seed: 0))
    try model.load(state)
    self.init(
      model: model, classes: classes, temperature: temperature, preprocessing: preprocessing)
  }

  /// The weights, to save; the temperature, number of classes and preprocessing go beside them.
  public var state: [String: Tensor] { model.state }

  /// Class probabilities of sources, `[n, classes]`: the mean over eight orientations.
  ///
  /// - Throws: `MorphologyError.badOptions` for a source prepared otherwise.
  public func probabilities(of sources: [Prepared]) throws -> Tensor {
    guard sources.allSatisfy({ $0.preprocessing == preprocessing }) else {
      throw MorphologyError.badOptions("sources were prepared otherwise than the classifier's")
    }
    return meanProbabilities(model.orientedLogits(of: sources), temperature: temperature)
  }
}

extension Model {
  /// The logits of the eight orientations of each source, `[n, 8, classes]`.
  func orientedLogits(of sources: [Prepared]) -> Tensor {
    let rows = inBlocks(sources, of: 32) { block in
      let logits = head.apply(encoder.embed(images(block.map { $0.orientations() })))
      return logits.reshaped([block.count, 8, logits.columns])
    }
    return rows
  }
}
