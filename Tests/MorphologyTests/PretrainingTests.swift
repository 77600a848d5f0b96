import Foundation
import Morphology
import NeuralNetwork
import Tensor
import Testing

@Suite("Contrastive pre-training")
struct PretrainingTests {
  private func options(epochs: Int = 2) -> Pretraining.Options {
    var options = Pretraining.Options()
    options.architecture = tiny()
    (options.epochs, options.batchSize, options.warmUpEpochs) = (epochs, 6, 1)
    (options.projection, options.rate) = (16, 0.1)
    return options
  }

  @Test("Stopped after any step and resumed, it gives the same bytes")
  func resumes() async throws {
    struct Stop: Error {}
    let images = try twoClasses(14)
    var whole = try Pretraining(options(), sources: 14)
    try await whole.learn(from: images)
    for stop in [1, 2, 3] {
      var first = try Pretraining(options(), sources: 14)
      await #expect(throws: Stop.self) {
        try await first.learn(from: images) { if $1.step == stop { throw Stop() } }
      }
      var second = try Pretraining(options(), sources: 14)
      try second.load(first.state, step: first.step)
      try await second.learn(from: images)
      #expect(second.state == whole.state)
    }
  }

  @Test("Images that are fetched teach the same as images in memory; a failure to fetch ends it")
  func fetched() async throws {
    let images = try twoClasses(14)
    var (first, second) = (
      try Pretraining(options(), sources: 14), try Pretraining(options(), sources: 14)
    )
    try await first.learn(from: images)
    try await second.learn(from: Shelf(images: images))
    #expect(second.isFinished && second.state == first.state)
    var third = try Pretraining(options(), sources: 14)
    await #expect(throws: Shelf.Missing.self) {
      try await third.learn(from: Shelf(images: images, missing: 5))
    }
  }

  @Test("Steps are counted, and the last incomplete batch is left out")
  func steps() async throws {
    let images = try twoClasses(14)
    var learning = try Pretraining(options(), sources: 14)
    var seen: [Pretraining.Progress] = []
    try await learning.learn(from: images) { seen.append($1) }
    #expect(seen.map(\.step) == [1, 2, 3, 4])
    #expect(seen.map(\.epoch) == [0, 0, 1, 1])
    #expect(seen.allSatisfy { $0.total == 4 && $0.loss.isFinite })
  }

  @Test("Fewer sources than a batch make a smaller batch")
  func smallBatch() throws {
    let learning = try Pretraining(options(), sources: 4)
    #expect(learning.batchSize == 4)
    #expect(learning.stepsPerEpoch == 1)
  }

  @Test("The loss falls")
  func learns() async throws {
    let images = try twoClasses(24)
    var options = options(epochs: 12)
    options.batchSize = 12
    var learning = try Pretraining(options, sources: 24)
    var losses: [Float] = []
    try await learning.learn(from: images) { losses.append($1.loss) }
    #expect(losses.suffix(4).reduce(0, +) < losses.prefix(4).reduce(0, +))
  }

  @Test("What does not fit is refused")
  func refusals() async throws {
    #expect(throws: MorphologyError.self) { try Pretraining(options(), sources: 1) }
    var learning = try Pretraining(options(), sources: 14)
    let images = try twoClasses(4)
    await #expect(throws: MorphologyError.self) { try await learning.learn(from: images) }
    let state = learning.state
    #expect(throws: MorphologyError.self) { try learning.load(state, step: 99) }
    #expect(throws: (any Error).self) { try learning.load([:], step: 1) }
  }

  @Test("Options survive JSON")
  func codable() throws {
    let data = try JSONEncoder().encode(options())
    #expect(try JSONDecoder().decode(Pretraining.Options.self, from: data) == options())
  }
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
