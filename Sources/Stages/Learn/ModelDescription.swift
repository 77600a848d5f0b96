import Catalogue
package import Morphology
import NeuralNetwork
import PostgreSQL
import Tensor

/// What is needed beside its weights to use a model: `reber.model.description`.
struct ModelDescription: Stored {
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

  static var usual: Self? {
    Self(architecture: Architecture(), preprocessing: Preprocessing())
  }
}

extension Catalogue.Model {
  /// What is needed beside the weights.
  func details() throws -> ModelDescription {
    try ModelDescription.read(description, form: form)
  }

  /// The encoder, of a classifier the one below its head, and how its cutouts are prepared.
  ///
  /// - Throws: `NetworkError` where this processor does not compute with the precision.
  func encoder(
    on engine: any Engine, computing precision: Precision = .float32, in database: Connection
  ) throws -> (encoder: any Encoder, preprocessing: Preprocessing) {
    if kind == .classifier {
      let count = try classes(in: database).classes.count
      let classifier = try classifier(
        classes: count, on: engine, computing: precision, in: database)
      return (classifier.encoder, classifier.preprocessing)
    }
    let details = try details()
    var encoder = try engine.encoder(details.architecture, precision: precision, seed: 0)
    try encoder.load(decodeSafetensors(try weights(in: database)).tensors)
    return (encoder, details.preprocessing)
  }

  /// How the model's cutouts are prepared.
  package func preprocessing() throws -> Preprocessing {
    try details().preprocessing
  }

  /// The classifier, with its temperature.
  ///
  /// Its images are prepared as it says, where nothing else is said.
  ///
  /// - Throws: `NetworkError` where this processor does not compute with the precision.
  func classifier(
    classes: Int, preparedBy preprocessing: Preprocessing? = nil, on engine: any Engine,
    computing precision: Precision = .float32, in database: Connection
  ) throws -> Classifier {
    let details = try details()
    return try Classifier(
      engine, architecture: details.architecture, classes: classes,
      answers: try self.classes(in: database).scheme.isTags ? .tags : .oneClass,
      temperature: details.temperature ?? 1,
      preprocessing: preprocessing ?? details.preprocessing,
      views: details.views ?? TestViews(), precision: precision,
      state: try decodeSafetensors(try weights(in: database)).tensors)
  }
}
