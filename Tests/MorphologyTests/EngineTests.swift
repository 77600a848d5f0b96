import Morphology
import NeuralNetwork
import References
import Tensor
import Testing
import WinogradEngine

/// Nothing above the engine knows which one it is.
@Suite("The method over two engines")
struct EngineTests {
  private let engines: [any Engine] = [ReferenceEngine(), WinogradEngine()]

  @Test("Pre-training gives the same losses and embeddings, to 1e-3")
  func pretraining() async throws {
    var options = Pretraining.Options()
    options.architecture = small()
    (options.epochs, options.batchSize, options.projection) = (2, 6, 16)
    let images = try twoClasses(12)
    var losses: [[Float]] = []
    var embeddings: [Tensor] = []
    for engine in engines {
      var training = try Pretraining(options, images: images, engine: engine)
      var own: [Float] = []
      try await training.finish { own.append($1.loss?.value ?? .nan) }
      losses.append(own)
      embeddings.append(training.encoder.embed(images))
    }
    #expect(losses[0].count == 4)
    for (a, b) in zip(losses[0], losses[1]) { #expect(abs(a - b) < 1e-3 * a) }
    let size = embeddings[0].values.reduce(0) { max($0, abs($1)) }
    #expect(difference(embeddings[0], embeddings[1]) < 1e-3 * size)
  }

  @Test("Fine-tuning gives the same probabilities, to 1e-2, and each loads what the other saved")
  func fineTuning() async throws {
    var options = FineTuning.Options(classes: 2)
    (options.folds, options.epochs, options.batchSize) = (2, 1, 8)
    (options.probeViews, options.testViews) = (1, 4)
    let images = try twoClasses(12)
    var tables: [Tensor] = []
    var classifiers: [Classifier] = []
    for engine in engines {
      var training = try FineTuning(
        encoder: engine.encoder(small(), precision: .float32, seed: 1), options: options,
        images: images, classes: (0..<12).map { $0 % 2 })
      try await training.finish()
      let classifier = try #require(training.classifier())
      classifiers.append(classifier)
      tables.append(try classifier.probabilities(of: images))
    }
    #expect(difference(tables[0], tables[1]) < 1e-2)
    let moved = try Classifier(
      ReferenceEngine(), architecture: small(), classes: 2,
      temperature: classifiers[1].temperature, preprocessing: classifiers[1].preprocessing,
      views: classifiers[1].views, state: classifiers[1].state)
    #expect(difference(try moved.probabilities(of: images), tables[1]) < 1e-4)
  }

  private func small() -> Architecture {
    var architecture = tiny()
    architecture.blocks = [1, 1]
    return architecture
  }
}
