public import NeuralNetwork
public import Tensor

/// One comparison of ways to learn from the same labels, judged on sources that none of them saw.
public struct Trial: Sendable {
  /// A way to learn.
  public enum Method: String, Codable, Sendable, CaseIterable {
    /// A vote of the most similar labelled embeddings: nothing is trained with labels.
    case neighbours = "k-NN"
    /// A linear classifier over the frozen encoder.
    case linearProbe = "linear probe"
    /// The whole network from random weights.
    case scratch = "from scratch"
    /// The whole network from the pre-trained encoder.
    case fineTuned = "fine-tuned"
  }

  /// All sources of the task, prepared alike.
  public var images: [Prepared]

  /// Their classes.
  public var classes: [Int]

  /// The rows to learn from.
  public var training: [Int]

  /// The rows to judge by.
  public var test: [Int]

  /// The pre-trained encoder, which must not have seen the test rows.
  public var encoder: any Encoder

  /// How a network learns; `epochs` and `folds` count for whole networks alone.
  public var options: FineTuning.Options

  /// Learns in one way.
  ///
  /// - Returns: The class probabilities of the test rows, `[n, classes]`.
  /// - Throws: `MorphologyError` where labels do not suffice.
  func probabilities(by method: Method) async throws -> Tensor {
    switch method {
    case .neighbours: try neighbours()
    case .linearProbe: try await trained(from: encoder) { $0.epochs = 0 }
    case .scratch:
      try await trained(from: encoder.untrained(seed: options.seed &+ 1)) { $0.probeViews = 0 }
    case .fineTuned: try await trained(from: encoder) { _ in }
    }
  }

  /// The vote of neighbours in the principal space of all sources but those that are judged.
  private func neighbours() throws -> Tensor {
    let embeddings = encoder.embed(images)
    let judged = Set(test)
    let others = images.indices.filter { !judged.contains($0) }
    let points = try PrincipalSpace(fitting: embeddings.rows(at: others)).points(of: embeddings)
    return neighbourVote(
      on: points.rows(at: test), by: points.rows(at: training),
      labels: training.map { classes[$0] }, classes: options.classes)
  }

  private func trained(
    from encoder: any Encoder, _ change: (inout FineTuning.Options) -> Void
  ) async throws -> Tensor {
    var options = options
    change(&options)
    var training = try FineTuning(
      encoder: encoder, options: options, images: training.map { images[$0] },
      classes: training.map { classes[$0] })
    try await training.finish()
    guard let classifier = training.classifier() else {
      throw MorphologyError.badState("the training ended early")
    }
    return try classifier.probabilities(of: test.map { images[$0] })
  }
}

/// A part of labelled rows with its share of every class, at least one of each; of the same seed the
/// smaller part lies in the larger.
public func stratifiedPart(_ rows: [Int], classes: [Int], share: Double, seed: UInt64) -> [Int] {
  var random = RandomStream(seed)
  let members = Dictionary(grouping: rows.shuffled(using: &random)) { classes[$0] }
  return members.values.flatMap { rows in
    rows.prefix(max(1, Int((Double(rows.count) * share).rounded())))
  }.sorted()
}
