public import NeuralNetwork
public import Tensor

/// A fine-tuned network that gives sources their class probabilities.
public struct Classifier: Sendable {
  /// The number of classes.
  public let classes: Int

  /// Whether a source has one of the classes, or may have several as tags.
  public let answers: Answers

  /// Divides logits, so that probabilities are as sure as they are right; 1 where not calibrated.
  public let temperature: Float

  /// How cutouts must be prepared.
  public let preprocessing: Preprocessing

  /// The views that a source is judged by.
  public let views: TestViews

  /// The encoder, whose embeddings the head classifies.
  public var encoder: any Encoder { network.encoder }

  private let network: any Network
  private let labelled: LabelledSpace?

  init(
    network: any Network, classes: Int, answers: Answers, temperature: Float,
    preprocessing: Preprocessing,
    views: TestViews, labelled: LabelledSpace?
  ) {
    self.network = network
    self.labelled = labelled
    self.classes = classes
    self.answers = answers
    self.temperature = temperature
    self.preprocessing = preprocessing
    self.views = views
  }

  /// Restores a classifier from its saved weights, in an engine.
  ///
  /// - Throws: What the network throws for tensors that do not fit the architecture, or
  ///   `MorphologyError.badOptions` for a number of views that cannot be.
  public init(
    _ engine: any Engine, architecture: Architecture, classes: Int, answers: Answers = .oneClass,
    temperature: Float,
    preprocessing: Preprocessing, views: TestViews, precision: Precision = .float32,
    state: [String: Tensor]
  ) throws {
    try views.check()
    var network = try engine.encoder(architecture, precision: precision, seed: 0)
      .network(head: HeadShape([classes]), seed: 0, optimiser: Optimiser())
    try network.load(state)
    self.init(
      network: network, classes: classes, answers: answers, temperature: temperature,
      preprocessing: preprocessing,
      views: views, labelled: LabelledSpace(state))
  }

  /// The weights, to save; the temperature, number of classes and preprocessing go beside them.
  public var state: [String: Tensor] {
    network.weights.merging(labelled?.state ?? [:]) { first, _ in first }
  }

  /// Class probabilities of sources, `[n, classes]`: the mean over its views.
  ///
  /// - Throws: `MorphologyError.badOptions` for a source prepared otherwise.
  public func probabilities(of sources: [Prepared]) throws -> Tensor {
    try judge(sources).probabilities
  }

  /// Class probabilities of sources, and how unlike anything labelled each is.
  ///
  /// - Returns: Probabilities `[n, classes]`, each the mean over `views`; of each source the
  ///   part of the labelled sources, each held out, that lie nearer to what was labelled, in 0...1, or
  ///   `nil` where none was held out.
  /// - Throws: `MorphologyError.badOptions` for a source prepared otherwise.
  public func judge(
    _ sources: [Prepared]
  ) throws -> (probabilities: Tensor, unlikeness: [Float]?) {
    guard sources.allSatisfy({ $0.preprocessing == preprocessing }) else {
      throw MorphologyError.badOptions("sources were prepared otherwise than the classifier's")
    }
    guard !sources.isEmpty else { return (Tensor([0, classes]), labelled.map { _ in [] }) }
    let features = network.encoder.features(of: sources, by: views)
    return (
      meanProbabilities(
        network.logits(of: features), temperature: temperature, as: answers),
      labelled?.unlikeness(of: meanOverViews(features))
    )
  }
}

extension Network {
  /// The logits of `[n, views, dimensions]` features, `[n, views, classes]`.
  func logits(of features: Tensor) -> Tensor {
    let (count, views) = (features.shape[0], features.shape[1])
    let logits = judge(features.reshaped([count * views, features.shape[2]]))
    return logits.reshaped([count, views, logits.columns])
  }
}
