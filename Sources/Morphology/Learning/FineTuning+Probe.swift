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
    var values: [Float] = []
    var owners: [Int] = []
    for block in stride(from: 0, to: rows.count, by: 64) {
      let chosen = rows[block..<min(block + 64, rows.count)]
      let views = options.views.views(
        of: chosen.map { ($0, images[$0]) }, copies: options.probeViews, seed: options.seed,
        coordinates: (-1, 0))
      values += start.embed(views).values
      for _ in 0..<options.probeViews { owners += chosen }
    }
    let width = start.architecture.embeddingDimension
    return (Tensor(shape: [owners.count, width], values: values), owners)
  }
}
