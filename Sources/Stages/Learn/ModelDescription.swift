package import Catalogue
package import Morphology
import NeuralNetwork
import PostgreSQL
import Tensor

/// What is needed beside its weights to use a model: `reber.model.description`.
struct ModelDescription: Codable, Sendable {
  /// The network's shape.
  var architecture: Architecture

  /// How cutouts become what it sees.
  var preprocessing: Preprocessing

  /// Divides a classifier's logits.
  var temperature: Float?

  /// The views that a classifier judges by; the default in models that were stored without them.
  var views: TestViews?

  /// The sky shown by the images that taught it; `nil` in models that were stored without it.
  var scale: AngularScale?
}

extension Catalogue.Model {
  /// The encoder, of a classifier the one below its head, and how its cutouts are prepared.
  ///
  /// - Throws: `NetworkError` where this processor does not compute with the precision.
  func encoder(
    on engine: any Engine, computing precision: Precision? = nil, in database: Connection
  ) throws -> (encoder: any Encoder, preprocessing: Preprocessing) {
    if kind == .classifier {
      let count = try classes(in: database).classes.count
      let classifier = try classifier(
        classes: count, on: engine, computing: precision, in: database)
      return (classifier.encoder, classifier.preprocessing)
    }
    let description = try description.decode(as: ModelDescription.self)
    var encoder = try engine.encoder(
      description.architecture, precision: precision ?? .float32, seed: 0)
    try encoder.load(decodeSafetensors(try weights(in: database)).tensors)
    return (encoder, description.preprocessing)
  }

  /// How the model's cutouts are prepared.
  package func preprocessing() throws -> Preprocessing {
    try description.decode(as: ModelDescription.self).preprocessing
  }

  /// The classifier, with its temperature.
  ///
  /// Its images are prepared as it says, where nothing else is said.
  ///
  /// - Throws: `NetworkError` where this processor does not compute with the precision.
  func classifier(
    classes: Int, preparedBy preprocessing: Preprocessing? = nil, on engine: any Engine,
    computing precision: Precision? = nil, in database: Connection
  ) throws -> Classifier {
    let description = try description.decode(as: ModelDescription.self)
    return try Classifier(
      engine, architecture: description.architecture, classes: classes,
      temperature: description.temperature ?? 1,
      preprocessing: preprocessing ?? description.preprocessing,
      views: description.views ?? TestViews(), precision: precision ?? .float32,
      state: try decodeSafetensors(try weights(in: database)).tensors)
  }

  /// The work of a stage that applies the model to all current cutouts of a survey.
  func work(
    _ stage: String, with options: some Encodable, on survey: Survey, as role: String,
    in database: Connection
  ) throws -> Work {
    Work(
      stage: stage, parameters: try JSON(encoding: options),
      inputs: [try survey.cutoutInput(in: database)],
      parents: [.init(run: run, role: role)] + (try survey.cutoutRuns(in: database)))
  }
}
