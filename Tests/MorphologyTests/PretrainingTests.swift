import Foundation
import Morphology
import NeuralNetwork
import Tensor
import Testing
import WinogradEngine

@Suite("Contrastive pre-training")
struct PretrainingTests {
  private func options(epochs: Int = 2) -> Pretraining.Options {
    var options = Pretraining.Options()
    options.architecture = tiny()
    (options.epochs, options.batchSize, options.warmUpEpochs) = (epochs, 6, 1)
    (options.projection, options.rate) = (16, 0.1)
    return options
  }

  @Test("Stopped after any step and resumed, it gives the same bytes; so does a copy")
  func resumes() async throws {
    let images = try twoClasses(14)
    var whole = try Pretraining(options(), images: images, engine: engine)
    try await whole.finish()
    for stop in [1, 2, 3] {
      var first = try Pretraining(options(), images: images, engine: engine)
      for _ in 0..<stop { try await first.advance() }
      var second = try Pretraining(options(), images: images, engine: engine)
      try second.load(first.state, position: first.position)
      try await second.finish()
      #expect(second.state == whole.state)
      var copy = first
      try await first.finish()
      try await copy.finish()
      #expect(copy.state == whole.state)
    }
  }

  @Test("Images that are fetched teach the same as images in memory; a failure to fetch ends it")
  func fetched() async throws {
    let images = try twoClasses(14)
    var (first, second) = (
      try Pretraining(options(), images: images, engine: engine),
      try Pretraining(options(), images: Shelf(images: images), engine: engine)
    )
    try await first.finish()
    try await second.finish()
    #expect(second.isFinished && second.state == first.state)
    var third = try Pretraining(
      options(), images: Shelf(images: images, missing: 5), engine: engine)
    await #expect(throws: Shelf.Missing.self) { try await third.finish() }
  }

  @Test("Steps are counted, and the last incomplete batch is left out")
  func steps() async throws {
    var learning = try Pretraining(options(), images: twoClasses(14), engine: engine)
    var seen: [TrainingStep] = []
    try await learning.finish { seen.append($1) }
    #expect(seen.map(\.loss?.place) == [1, 2, 3, 4])
    #expect(
      seen.map { $0.summary.prefix(13) } == [
        "epoch 1, loss", "epoch 1, loss", "epoch 2, loss", "epoch 2, loss",
      ])
    #expect(learning.total == 4 && seen.allSatisfy { $0.loss?.value.isFinite == true })
  }

  @Test("Fewer sources than a batch make a smaller batch")
  func smallBatch() throws {
    let learning = try Pretraining(options(), images: twoClasses(4), engine: engine)
    #expect(learning.batchSize == 4)
    #expect(learning.stepsPerEpoch == 1)
  }

  @Test("The loss falls")
  func learns() async throws {
    let images = try twoClasses(24)
    var options = options(epochs: 12)
    options.batchSize = 12
    var learning = try Pretraining(options, images: images, engine: engine)
    var losses: [Float] = []
    try await learning.finish { losses.append($1.loss?.value ?? .nan) }
    #expect(losses.suffix(4).reduce(0, +) < losses.prefix(4).reduce(0, +))
  }

  @Test("What does not fit is refused")
  func refusals() throws {
    #expect(throws: MorphologyError.self) {
      try Pretraining(options(), images: twoClasses(1), engine: engine)
    }
    var learning = try Pretraining(options(), images: twoClasses(14), engine: engine)
    let state = learning.state
    #expect(throws: MorphologyError.self) { try learning.load(state, position: 99) }
    #expect(throws: (any Error).self) { try learning.load([:], position: 1) }
  }

  @Test("Options survive JSON")
  func codable() throws {
    let data = try JSONEncoder().encode(options())
    #expect(try JSONDecoder().decode(Pretraining.Options.self, from: data) == options())
  }
}

/// What the tests compute with.
let engine: any Engine = WinogradEngine()

/// The smallest encoder, with random weights.
func tinyEncoder(_ seed: UInt64) throws -> any Encoder {
  try engine.encoder(tiny(), precision: .float32, seed: seed)
}

/// The smallest encoder that is still one.
func tiny() -> Architecture {
  var architecture = Architecture()
  (architecture.inputSize, architecture.width, architecture.blocks) = (16, 8, [1, 1, 1, 1])
  architecture.stemStride = 1
  return architecture
}

/// Images that take a moment to fetch; one of them may be missing.
private struct Shelf: ImageSource {
  struct Missing: Error {}

  let images: [Prepared]
  var missing: Int?

  var count: Int { images.count }

  func images(at places: [Int]) async throws -> [Prepared] {
    if let missing, places.contains(missing) { throw Missing() }
    await Task.yield()
    return places.map { images[$0] }
  }
}
