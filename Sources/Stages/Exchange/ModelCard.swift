public import Catalogue
public import Morphology
public import NeuralNetwork
import PostgreSQL
import Tensor

/// What somebody who has a model's weights needs to use them: `model.json`.
public struct ModelCard: Codable, Sendable {
  /// The model, with its names and digest.
  public var model: ModelSummary
  /// The shape of the network.
  public var architecture: Architecture
  /// What the network sees.
  public var input: Input
  /// The length of an embedding.
  public var embeddingDimension: Int
  /// How a cutout becomes a view, as Reber's options.
  public var preprocessing: Preprocessing
  /// The same as formulas, a step each; docs/models.md says them in full.
  public var formulas: [String]
  /// The views of a source: its embedding, and its probabilities, are the means over them.
  public var testViews: TestViews
  /// How they lie, in their order.
  public var placements: [TestViews.Placement]
  /// The sky shown by the images that taught it.
  public var scale: AngularScale
  /// What a classifier says; `nil` of an encoder.
  public var classifier: Classes?
  /// The run that made the model and those that it rests on, nearest first.
  public var runs: [ModelStep]

  /// A batch of views.
  public struct Input: Codable, Sendable {
    /// The axes: views, channels, rows, columns; the first is free.
    public var shape: [String]
    /// Grey alone.
    public var channels = 1
    /// The pixels' type.
    public var type = "float32"
    /// What pixels lie in; no mean is taken away, and they are divided by nothing further.
    public var range: [Float] = [0, 1]
  }

  /// The classes of a classifier, in the order of its probabilities.
  public struct Classes: Codable, Sendable {
    /// The class scheme.
    public var scheme: String
    /// Whether a source may have several of them; then each has a probability of its own.
    public var areTags: Bool
    /// Divides the logits before the softmax or, of tags, the sigmoid.
    public var temperature: Float
    /// Their names, how many labels taught each, and of tags from which probability one is said to apply.
    public var classes: [Class]
  }

  /// A class.
  public struct Class: Codable, Sendable {
    /// Its name.
    public var name: String
    /// How many labelled sources taught it.
    public var labels: Int
    /// Of a tag the probability from which it is said to apply.
    public var threshold: Float?
  }
}

extension Catalogue.Model {
  /// What is said of the model beside its weights.
  func card(in database: Connection) throws -> ModelCard {
    let details = try details()
    let views = details.views ?? TestViews()
    let side = "\(details.preprocessing.size)"
    return ModelCard(
      model: try ModelSummary.of(self, in: database), architecture: details.architecture,
      input: .init(shape: ["n", "1", side, side]),
      embeddingDimension: details.architecture.embeddingDimension,
      preprocessing: details.preprocessing, formulas: details.preprocessing.formulas,
      testViews: views, placements: views.placements,
      scale: try learnedScale(in: database).scale,
      classifier: try cardClasses(details, in: database),
      runs: try steps(in: database))
  }

  private func cardClasses(
    _ details: ModelDescription, in database: Connection
  ) throws -> ModelCard.Classes? {
    guard kind == .classifier else { return nil }
    let (scheme, classes) = try classes(in: database)
    return ModelCard.Classes(
      scheme: scheme.name, areTags: scheme.isTags, temperature: details.temperature ?? 1,
      classes: classes.map { .init(name: $0.name, labels: $0.labels, threshold: $0.threshold) })
  }

  /// The weights by torchvision's names: those of the encoder, and of a classifier `fc.weight` and `fc.bias`.
  func exchangedWeights(in database: Connection) throws -> [String: Tensor] {
    let state = try decodeSafetensors(try weights(in: database)).tensors
    guard kind == .classifier else { return state }
    return state.part("encoder.").merging(state.part("head.0.").prefixed("fc.")) { own, _ in own }
  }
}
