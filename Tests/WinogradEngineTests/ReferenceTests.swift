import NeuralNetwork
import References
import Tensor
import Testing
import WinogradEngine

@Suite("Against the reference engine")
struct ReferenceTests {
  /// Widths that go by Winograd's transforms and by gathered windows; strides that both know.
  @Test(
    "A network of the same weights embeds, judges and learns the same, to 2e-4",
    arguments: [8, 16],
    [
      Optimiser.Rule.sgd(momentum: 0.9), .lars(momentum: 0.9, trust: 0.02), .adam,
    ])
  func learns(_ width: Int, _ rule: Optimiser.Rule) throws {
    var architecture = Architecture()
    (architecture.width, architecture.blocks, architecture.stemStride) = (width, [1, 2], 1)
    let images = wave([5, 13, 12, 1], 1)
    let optimiser = Optimiser(rule, weightDecay: 0.01)
    var saved: [String: Tensor]?
    let results = try [ReferenceEngine(), WinogradEngine()].map { (engine: any Engine) in
      var network = try engine.encoder(architecture, precision: .float32, seed: 3)
        .network(head: HeadShape([10, 6], isNormalised: true), seed: 4, optimiser: optimiser)
      // Drawn alike by both, to the rounding of a tensor.
      #expect(saved == nil || saved == network.state)
      saved = network.state
      var losses: [Float] = []
      // A step of Adam is as long whatever the gradient: the next ones would multiply the rounding.
      for step in 0..<(rule == .adam ? 1 : 3) {
        // What one engine saved, another goes on with.
        if step == 1 { try network.load(network.state) }
        losses.append(
          network.learn(from: images, under: CrossEntropy(classes: [0, 5, 2, 1, 0]), rate: 0.01))
      }
      let embeddings = network.encoder.embed(images)
      return (
        Tensor(shape: [losses.count], values: losses), embeddings, network.judge(embeddings),
        network.state
      )
    }
    let (slow, fast) = (results[0], results[1])
    #expect(try error(fast.0, slow.0) < 1e-5)
    if rule != .adam {
      #expect(try error(fast.1, slow.1) < 2e-4)
      #expect(try error(fast.2, slow.2) < 2e-4)
    }
    #expect(Set(fast.3.keys) == Set(slow.3.keys))
    // A bias before a normalisation has no gradient but rounding.
    for (name, tensor) in fast.3
    where !name.hasSuffix("head.0.bias") && (rule != .adam || name.hasPrefix("optimiser.")) {
      #expect(try error(tensor, slow.3[name]) < 2e-3, "\(name)")
    }
  }

  @Test(
    "A network that begins or ends otherwise than usual embeds and learns the same, to 2e-4",
    arguments: [
      (Architecture.Stem.photograph, nil), (nil, Architecture.Pooling.meanAndLargest),
      (.photograph, .meanAndLargest),
    ] as [(Architecture.Stem?, Architecture.Pooling?)])
  func otherEnds(stem: Architecture.Stem?, pooling: Architecture.Pooling?) throws {
    var architecture = Architecture()
    (architecture.width, architecture.blocks) = (16, [1, 1])
    (architecture.stem, architecture.pooling) = (stem, pooling)
    let images = wave([3, 33, 30, 1], 1)
    let results = try [ReferenceEngine(), WinogradEngine()].map { (engine: any Engine) in
      var network = try engine.encoder(architecture, precision: .float32, seed: 3)
        .network(head: HeadShape([4]), seed: 4, optimiser: Optimiser(.sgd(momentum: 0.9)))
      for _ in 0..<2 {
        _ = network.learn(from: images, under: CrossEntropy(classes: [0, 3, 1]), rate: 0.01)
      }
      return (network.encoder.embed(images), network.state)
    }
    let side = architecture.stemKernel
    #expect(results[1].1["encoder.conv1.weight"]?.shape == [16, 1, side, side])
    #expect(results[1].0.shape == [3, pooling == nil ? 32 : 64])
    #expect(try error(results[1].0, results[0].0) < 2e-4)
    for (name, tensor) in results[1].1 {
      #expect(try error(tensor, results[0].1[name]) < 2e-3, "\(name)")
    }
  }

  @Test("An encoder adapts to images alike, and another precision is refused")
  func adapts() throws {
    var architecture = Architecture()
    (architecture.width, architecture.blocks) = (16, [1, 1])
    let images = wave([4, 20, 20, 1], 2)
    let states = try [ReferenceEngine(), WinogradEngine()].map { (engine: any Engine) in
      var encoder = try engine.encoder(architecture, precision: .float32, seed: 1)
      _ = encoder.adapt(to: images)
      return encoder.state
    }
    for (name, tensor) in states[0] { #expect(try error(states[1][name] ?? tensor, tensor) < 1e-5) }
    #expect(throws: NetworkError.noInstructions("bfloat16")) {
      try ReferenceEngine().encoder(architecture, precision: .bfloat16, seed: 1)
    }
  }
}
