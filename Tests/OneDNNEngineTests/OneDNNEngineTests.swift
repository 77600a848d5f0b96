import Dispatch
import Foundation
import NeuralNetwork
import References
import Synchronization
import Tensor
import Testing
import WinogradEngine

@testable import OneDNNEngine

private let rounds = (try? OneDNNEngine().check(.bfloat16)) != nil

@Suite("The engine over oneDNN")
struct OneDNNEngineTests {
  @Test(
    "A network of the same weights embeds, judges and learns as the reference, to 2e-4",
    arguments: checkedWidths, checkedRules)
  func learns(_ width: Int, _ rule: Optimiser.Rule) throws {
    try checkLearning(of: OneDNNEngine(), width, rule)
  }

  @Test(
    "A network that begins or ends otherwise than usual embeds and learns the same, to 2e-4",
    arguments: checkedEnds)
  func otherEnds(stem: Architecture.Stem?, pooling: Architecture.Pooling?) throws {
    try checkEnds(of: OneDNNEngine(), stem: stem, pooling: pooling)
  }

  @Test("An encoder adapts to images alike")
  func adapts() throws { try checkAdapting(of: OneDNNEngine()) }

  @Test("Ranks take the steps of one process")
  func ranks() async throws { try await checkRanks(of: OneDNNEngine()) }

  @Test(
    "The same steps twice give the same bytes, of whatever width", arguments: Precision.allCases,
    [5, 16])
  func repeats(_ precision: Precision, width: Int) throws {
    guard precision == .float32 || rounds else { return }
    try checkRepeating(of: OneDNNEngine(), precision, width: width)
  }

  @Test("Embedding runs in many tasks at once, and hardly depends on the batch")
  func threads() throws {
    let encoder = try OneDNNEngine().encoder(small(), precision: .float32, seed: 5)
    let images = wave([41, 16, 16, 1], 1)
    let alone = encoder.embed(images)
    let largest = Mutex<Float>(0)
    DispatchQueue.concurrentPerform(iterations: 8) { index in
      let rows = index..<41
      let found = (try? error(encoder.embed(images.rows(at: rows)), alone.rows(at: rows))) ?? 1
      largest.withLock { $0 = max($0, found) }
    }
    #expect(largest.withLock { $0 } < 1e-5)
    #expect(encoder.embed(Tensor([0, 16, 16, 1])).shape == [0, 32])
  }

  @Test("What is embedded follows the weights")
  func follows() throws {
    var encoder = try OneDNNEngine().encoder(small(), precision: .float32, seed: 5)
    let images = wave([4, 16, 16, 1], 1)
    let before = encoder.embed(images)
    let copy = encoder
    _ = encoder.adapt(to: images)
    #expect(encoder.embed(images) != before)
    #expect(copy.embed(images) == before)
    try encoder.load(copy.state)
    #expect(encoder.embed(images) == before)
  }

  private func small() -> Architecture {
    var architecture = Architecture()
    (architecture.width, architecture.blocks) = (16, [1, 1])
    return architecture
  }
}

@Suite(
  "The engine over oneDNN in bfloat16", .enabled(if: rounds, "the processor has no AVX512_BF16"))
struct RoundingTests {
  private func architecture() -> Architecture {
    var architecture = Architecture()
    (architecture.width, architecture.blocks, architecture.stemStride) = (16, [1, 1], 1)
    return architecture
  }

  private func relative(_ found: Tensor, _ expected: Tensor) -> Double {
    let errors = zip(found.values, expected.values).reduce(0) { $0 + pow(Double($1.0 - $1.1), 2) }
    return (errors / dot(expected, expected)).squareRoot()
  }

  @Test("A model learns as in float32, and all engines embed and judge by it alike, to 2%")
  func learning() throws {
    let images = wave([16, 16, 16, 1], 1)
    var losses: [Precision: [Float]] = [:]
    for precision in Precision.allCases {
      var network = try OneDNNEngine().encoder(architecture(), precision: precision, seed: 5)
        .network(
          head: HeadShape([32, 16], isNormalised: true), seed: 2,
          optimiser: Optimiser(.lars(momentum: 0.9, trust: 0.02), weightDecay: 1e-4))
      losses[precision] = (0..<30).map { _ in
        network.learn(from: images, under: NTXent(temperature: 0.2), rate: 0.3)
      }
      let own = network.encoder.embed(images)
      for other in Precision.allCases {
        var encoder = try WinogradEngine().encoder(architecture(), precision: other, seed: 1)
        try encoder.load(network.encoder.state)
        let found = encoder.embed(images)
        let most = precision == other && other == .float32 ? 1e-4 : 0.02
        #expect(relative(own, found) < most)
        #expect(relative(network.judge(own), network.judge(found)) < most)
      }
    }
    let (exact, rounded) = (try #require(losses[.float32]), try #require(losses[.bfloat16]))
    #expect(exact != rounded)
    #expect(exact[29] < 0.8 * exact[0])
    #expect(abs(rounded[29] - exact[29]) < 0.01 * exact[0])
  }

  /// Rounding comes to 2 to 13%, as two blocks of so few maps add it up; in the usual engine to 22%.
  @Test("The gradients of every weight are those of float32, to 15% of their length")
  func gradients() throws {
    let images = wave([12, 20, 20, 1], 3)
    let states = try Precision.allCases.map { precision in
      var network = try OneDNNEngine().encoder(architecture(), precision: precision, seed: 5)
        .network(head: HeadShape([6]), seed: 2, optimiser: Optimiser(.sgd(momentum: 0.9)))
      // It is 0 at the start, and then so are the gradients inside of the blocks.
      var open = network.state
      for (name, scale) in open where name.hasSuffix("bn2.weight") && !name.hasPrefix("optimiser.")
      {
        open[name] = Tensor(shape: scale.shape, values: scale.values.map { _ in 1 })
      }
      try network.load(open)
      _ = network.learn(
        from: images, under: CrossEntropy(classes: (0..<12).map { $0 % 6 }), rate: 0.01)
      return network.state
    }
    for (name, tensor) in states[0] where name.hasPrefix("optimiser.") {
      let found = try #require(states[1][name])
      #expect(dot(tensor, tensor) > 1e-4, "\(name)")
      #expect(relative(found, tensor) < 0.15, "\(name)")
    }
  }
}
