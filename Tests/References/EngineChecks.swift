public import NeuralNetwork
public import Tensor
internal import Testing

extension Network {
  /// Moves every weight once against the derivative of a loss over a whole batch,
  /// `[n, height, width, 1]`; gives the loss before the step.
  public mutating func learn(from images: Tensor, under loss: any Loss, rate: Float) -> Float {
    learn(from: images, under: loss, rate: rate, among: Alone())
  }
}

/// Widths that fill vectors and that do not, so that they go by transforms and by gathered windows.
public let checkedWidths = [8, 16]

/// The rules by which networks are seen to learn alike.
public let checkedRules: [Optimiser.Rule] = [
  .sgd(momentum: 0.9), .lars(momentum: 0.9, trust: 0.02), .adam,
]

/// How a network may begin and end otherwise than usual.
public let checkedEnds: [(stem: Architecture.Stem?, pooling: Architecture.Pooling?)] = [
  (.photograph, nil), (nil, .meanAndLargest), (.photograph, .meanAndLargest),
]

/// Expects that a network of an engine embeds, judges and learns as one of the reference engine of the same
/// weights, to 2e-4, and goes on with what that one saved.
public func checkLearning(of own: any Engine, _ width: Int, _ rule: Optimiser.Rule) throws {
  var architecture = Architecture()
  (architecture.width, architecture.blocks, architecture.stemStride) = (width, [1, 2], 1)
  let images = wave([5, 13, 12, 1], 1)
  let optimiser = Optimiser(rule, weightDecay: 0.01)
  var saved: [String: Tensor]?
  let results = try [ReferenceEngine(), own].map { (engine: any Engine) in
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

/// Expects the same of a network that begins or ends otherwise than usual.
public func checkEnds(
  of own: any Engine, stem: Architecture.Stem?, pooling: Architecture.Pooling?
) throws {
  var architecture = Architecture()
  (architecture.width, architecture.blocks) = (16, [1, 1])
  (architecture.stem, architecture.pooling) = (stem, pooling)
  let images = wave([3, 33, 30, 1], 1)
  let results = try [ReferenceEngine(), own].map { (engine: any Engine) in
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

/// Expects that an encoder adapts to images as the reference does.
public func checkAdapting(of own: any Engine) throws {
  var architecture = Architecture()
  (architecture.width, architecture.blocks) = (16, [1, 1])
  let images = wave([4, 20, 20, 1], 2)
  let states = try [ReferenceEngine(), own].map { (engine: any Engine) in
    var encoder = try engine.encoder(architecture, precision: .float32, seed: 1)
    _ = encoder.adapt(to: images)
    return encoder.state
  }
  #expect(Set(states[0].keys) == Set(states[1].keys))
  for (name, tensor) in states[1] {
    #expect(try error(tensor, states[0][name]) < 1e-5, "\(name)")
  }
}

/// Expects that three ranks take the steps of one process, to 1e-4, all to the same weights, and to the same
/// bytes again.
public func checkRanks(of engine: any Engine) async throws {
  var architecture = Architecture()
  (architecture.width, architecture.blocks, architecture.stemStride) = (16, [1, 2], 1)
  let images = wave([8, 13, 12, 1], 1)
  let start = try engine.encoder(architecture, precision: .float32, seed: 3)
    .network(
      head: HeadShape([10, 6], isNormalised: true), seed: 4,
      optimiser: Optimiser(.sgd(momentum: 0.9), weightDecay: 0.01))
  @Sendable func loss(_ rows: Range<Int>) -> CrossEntropy {
    CrossEntropy(classes: rows.map { $0 * 5 % 6 })
  }
  var whole = start
  let losses = (0..<3).map { _ in whole.learn(from: images, under: loss(0..<8), rate: 0.01) }
  let runs = try await [1, 2].async { _ in
    try await ThreadRanks.run(3) { ranks in
      var own = start
      // Shares of unequal length.
      let rows = [0..<1, 1..<5, 5..<8][ranks.rank]
      let losses = (0..<3).map { _ in
        own.learn(from: images.rows(at: rows), under: loss(rows), rate: 0.01, among: ranks)
      }
      return (losses, own.state)
    }
  }
  for (found, state) in runs[0] {
    #expect(found == runs[0][0].0 && state == runs[0][0].1)
    for (a, b) in zip(found, losses) { #expect(abs(a - b) < 1e-5 * b) }
    for (name, tensor) in state where !name.hasSuffix("head.0.bias") {
      #expect(try error(tensor, whole.state[name]) < 1e-4, "\(name)")
    }
  }
  #expect(runs[1][0].0 == runs[0][0].0 && runs[1][0].1 == runs[0][0].1)
}

/// Expects that steps of training, and what they leave, are the same bytes again.
public func checkRepeating(of engine: any Engine, _ precision: Precision, width: Int) throws {
  var architecture = Architecture()
  (architecture.width, architecture.blocks) = (width, [1, 1])
  let images = wave([40, 24, 24, 1], 1)
  let results = try (0..<2).map { _ in
    var network = try engine.encoder(architecture, precision: precision, seed: 5)
      .network(head: HeadShape([6]), seed: 4, optimiser: Optimiser(.sgd(momentum: 0.9)))
    for _ in 0..<2 {
      _ = network.learn(
        from: images, under: CrossEntropy(classes: (0..<40).map { $0 % 6 }), rate: 0.01)
    }
    return (network.state, network.encoder.embed(images))
  }
  #expect(results[0].0 == results[1].0 && results[0].1 == results[1].1)
}

extension [Int] {
  /// Maps one after the other.
  fileprivate func async<Result>(_ body: (Int) async throws -> Result) async rethrows -> [Result] {
    var results: [Result] = []
    for element in self { results.append(try await body(element)) }
    return results
  }
}
