internal import NeuralNetwork
internal import Tensor

extension FineTuning {
  /// Begins a round: a linear classifier over the frozen encoder becomes its head.
  ///
  /// - Returns: The mean cross-entropy over what it learned from; 0 where there is no probe.
  mutating func probe(_ rows: [Int], _ round: Int) throws -> Float {
    startNetwork(round)
    guard options.probeViews > 0 else { return 0 }
    let (embeddings, owners) = embeddedViews(rows)
    let scales = Standardisation(embeddings)
    let points = scales.applied(to: embeddings)
    let truth = truth.rows(at: owners)
    var learning = options.probe
    // Views of one source count as one.
    learning.penalty *= Float(options.probeViews)
    learning.balance = options.balance
    let probe = try LinearProbe(points, truth: truth, outputs: options.classes, options: learning)
    setHead(scales.absorbed(into: probe.layer))
    let surprise = truth.surprise(of: probe.probabilities(of: points))
    return Float(surprise / Double(max(1, truth.count)))
  }

  /// Embeddings of a few views of each source, and the source of each.
  private func embeddedViews(_ rows: [Int]) -> (points: Tensor, owners: [Int]) {
    let views = options.probeViews
    let points = divided(rows) { own in
      var values: [Float] = []
      for block in stride(from: own.startIndex, to: own.endIndex, by: 64) {
        let chosen = own[block..<min(block + 64, own.endIndex)]
        let batch = options.views.views(
          of: chosen.map { ($0, images[$0]) }, copies: views, seed: options.seed,
          coordinates: (-1, 0))
        values += byOwner(start.embed(batch), copies: views).values
      }
      let width = start.architecture.embeddingDimension
      return Tensor(shape: [own.count * views, width], values: values)
    }
    return (points, rows.flatMap { [Int](repeating: $0, count: views) })
  }

  /// Rows of all first views, then all second ones and so on, with those of each source together.
  private func byOwner(_ rows: Tensor, copies: Int) -> Tensor {
    let count = rows.rows / copies
    return rows.rows(at: (0..<rows.rows).map { $0 % copies * count + $0 / copies })
  }
}
