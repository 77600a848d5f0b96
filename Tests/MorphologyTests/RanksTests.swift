import Foundation
import Morphology
import NeuralNetwork
import References
import Tensor
import Testing

@Suite("Learning as several ranks")
struct RanksTests {
  /// Ten sources in a step, which are not the same number for each of four ranks.
  ///
  /// At the default rate of 0.3 the rounding of one weight changes the losses of such a small network by
  /// more than 1e-4 within ten steps, with one process as with several.
  private var pretraining: Pretraining.Options {
    var options = Pretraining.Options()
    options.architecture = tiny()
    (options.epochs, options.batchSize, options.warmUpEpochs) = (25, 10, 1)
    (options.projection, options.rate) = (16, 0.01)
    return options
  }

  @Test(
    "Pre-training: fifty steps of 2 and 4 ranks have one process's losses to 1e-4; the same bytes again"
  )
  func pretrains() async throws {
    let images = try twoClasses(20)
    let options = pretraining
    @Sendable func learned(_ ranks: any Ranks) async throws -> (losses: [Float], Pretraining) {
      var training = try Pretraining(options, images: images, engine: engine, among: ranks)
      var losses: [Float] = []
      try await training.finish { losses.append($1.loss?.value ?? .nan) }
      return (losses, training)
    }
    let whole = try await learned(Alone())
    #expect(whole.losses.count == 50)
    for count in [2, 4] {
      let found = try await ThreadRanks.run(count, learned)
      let again = count == 2 ? try await ThreadRanks.run(count, learned) : []
      let worst = zip(found[0].losses, whole.losses).map { abs($0 - $1) }.max() ?? 1
      #expect(worst < 1e-4, "\(worst) of \(count) ranks")
      for (losses, training) in found + again {
        #expect(losses == found[0].losses && training.state == found[0].1.state)
      }
    }
  }

  @Test("Pre-training goes on from a checkpoint with another number of ranks")
  func resumes() async throws {
    let images = try twoClasses(20)
    var options = pretraining
    options.epochs = 5
    let chosen = options
    var whole = try Pretraining(chosen, images: images, engine: engine)
    var losses: [Float] = []
    try await whole.finish { losses.append($1.loss?.value ?? .nan) }
    let saved = try await ThreadRanks.run(3) { ranks in
      var training = try Pretraining(chosen, images: images, engine: engine, among: ranks)
      for _ in 0..<4 { try await training.advance() }
      return training.state
    }
    let last = try await ThreadRanks.run(2) { ranks in
      var training = try Pretraining(chosen, images: images, engine: engine, among: ranks)
      try training.load(saved[0], position: 4)
      var losses: [Float] = []
      try await training.finish { losses.append($1.loss?.value ?? .nan) }
      return losses
    }
    #expect(last[0].count == 6)
    for (a, b) in zip(last[0], losses.dropFirst(4)) { #expect(abs(a - b) < 1e-4) }
  }

  @Test("Fine-tuning: losses and probabilities are one process's to 1e-3; the same bytes again")
  func fineTunes() async throws {
    let images = try twoClasses(20)
    let encoder = try tinyEncoder(4)
    var options = FineTuning.Options(classes: 2)
    (options.folds, options.epochs, options.batchSize, options.testViews) = (2, 3, 5, 4)
    let chosen = options
    @Sendable func learned(_ ranks: any Ranks) async throws -> ([Float], Tensor, FineTuning) {
      var training = try FineTuning(
        encoder: encoder, options: chosen, images: images, truth: .classes((0..<20).map { $0 % 2 }),
        unlabelled: Array(images.prefix(2)), among: ranks)
      var losses: [Float] = []
      try await training.finish { losses.append($1.loss?.value ?? .nan) }
      return (losses, try #require(training.heldOutProbabilities()), training)
    }
    let whole = try await learned(Alone())
    let found = try await ThreadRanks.run(3, learned)
    let again = try await ThreadRanks.run(3, learned)
    for (a, b) in zip(found[0].0, whole.0) { #expect(abs(a - b) < 1e-3, "\(a) or \(b)") }
    #expect(difference(found[0].1, whole.1) < 1e-2)
    for (losses, _, training) in found + again {
      #expect(losses == found[0].0 && training.state == found[0].2.state)
    }
  }

  @Test("More ranks than sources in a step are refused")
  func refusals() async throws {
    let images = try twoClasses(12)
    let options = pretraining
    let refused: [Void] = try await ThreadRanks.run(13) { ranks in
      #expect(throws: MorphologyError.self) {
        try Pretraining(options, images: images, engine: engine, among: ranks)
      }
      #expect(throws: MorphologyError.self) {
        try FineTuning(
          encoder: try tinyEncoder(1), options: .init(classes: 2), images: Array(images.prefix(6)),
          truth: .classes([0, 1, 0, 1, 0, 1]), among: ranks)
      }
    }
    #expect(refused.count == 13)
  }
}
