/// How good the predictions are of which only the surest are kept.
public struct Coverage: Codable, Sendable, Hashable {
  /// By falling threshold, so that each keeps more sources than the one before; the last keeps all.
  public let points: [Point]

  /// The sources whose predicted class has at least some probability.
  public struct Point: Codable, Sendable, Hashable {
    /// The least probability that is kept.
    public let threshold: Float

    /// Sources that are kept.
    public let kept: Int

    /// The part of them that was called right.
    public let accuracy: Double

    /// The mean F1 of the classes that occur among them.
    public let macroF1: Double
  }

  /// Sweeps the threshold over the probabilities that occur.
  ///
  /// - Parameters:
  ///   - evaluation: The judged sources.
  ///   - count: The most points, about evenly spaced in the part that is kept.
  public init(_ evaluation: Evaluation, points count: Int = 200) {
    let confidence = evaluation.confidence
    let order = confidence.indices.sorted { (confidence[$1], $0) < (confidence[$0], $1) }
    let ends = order.indices.filter {
      $0 + 1 == order.count || confidence[order[$0]] != confidence[order[$0 + 1]]
    }
    let step = Double(max(1, order.count)) / Double(max(1, count))
    var next = 0.0
    var points: [Point] = []
    for end in ends where Double(end + 1) >= next || end == ends.last {
      let confusion = evaluation.confusion(of: Array(order[...end]))
      points.append(
        Point(
          threshold: confidence[order[end]], kept: end + 1, accuracy: confusion.accuracy,
          macroF1: confusion.macro.f1))
      next = Double(end + 1) + step
    }
    self.points = points
  }
}
