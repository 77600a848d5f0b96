internal import Foundation
internal import Tensor

/// How well a classifier does by the number of labels that it learned from, measured repeatedly.
public struct LearningCurve: Codable, Sendable, Hashable {
  /// Numbers of labels, rising.
  public let counts: [Int]

  /// The score of every repeat at every number of labels.
  public let scores: [[Double]]

  /// Takes scores by repeat and number of labels.
  public init(counts: [Int], scores: [[Double]]) {
    precondition(scores.allSatisfy { $0.count == counts.count }, "a score for every count")
    self.counts = counts
    self.scores = scores
  }

  /// The mean over the repeats, by number of labels.
  public var means: [Double] { means(of: Array(scores.indices)) }

  /// The bootstrap interval of each mean over the repeats.
  public func intervals(level: Double = 0.95, resamplings: Int = 2000, seed: UInt64) -> [Interval] {
    let drawn = resampled(resamplings, seed: seed).map(means)
    return counts.indices.map { place in Interval(drawn.map { $0[place] }, level: level) }
  }

  /// The labels that this curve needs for a score, and how they compare with another's.
  public struct Need: Codable, Sendable, Hashable {
    /// The labels of the other.
    public let count: Int

    /// The score that the other reaches with them.
    public let score: Double

    /// The labels needed here, by a line between measured numbers (of logarithms).
    public let labels: Double

    /// The labels needed here, as a part of those with which the other first reaches the score.
    public let ratio: Double

    /// The bootstrap interval of the ratio over the repeats.
    public let interval: Interval

    /// Whether so many suffice or are too few, the score lying outside the curve.
    public let bound: Bound
  }

  /// How a need relates to the true one.
  public enum Bound: String, Codable, Sendable {
    /// As measured.
    case within
    /// The fewest labels that were tried suffice.
    case atMost
    /// The most labels that were tried are too few.
    case moreThan
  }

  /// The labels needed for what another curve of the same repeats reaches, at each of its counts.
  public func needs(
    against other: LearningCurve, level: Double = 0.95, resamplings: Int = 2000, seed: UInt64
  ) -> [Need] {
    let draws = resampled(resamplings, seed: seed).map { (means(of: $0), other.means(of: $0)) }
    func ratio(_ own: [Double], _ others: [Double], _ place: Int) -> Double {
      reach(others[place], on: own).labels / other.reach(others[place], on: others).labels
    }
    let (own, others) = (means, other.means)
    return other.counts.indices.map { place in
      let (labels, bound) = reach(others[place], on: own)
      return Need(
        count: other.counts[place], score: others[place], labels: labels,
        ratio: ratio(own, others, place),
        interval: Interval(draws.map { ratio($0, $1, place) }, level: level), bound: bound)
    }
  }

  /// Where a curve first reaches a score.
  private func reach(_ score: Double, on curve: [Double]) -> (labels: Double, bound: Bound) {
    guard let place = curve.firstIndex(where: { $0 >= score }) else {
      return (Double(counts.last ?? 0), .moreThan)
    }
    guard place > 0 else { return (Double(counts[0]), curve[0] == score ? .within : .atMost) }
    let part = (score - curve[place - 1]) / (curve[place] - curve[place - 1])
    let (low, high) = (Double(counts[place - 1]), Double(counts[place]))
    return (low * pow(high / low, part), .within)
  }

  private func means(of repeats: [Int]) -> [Double] {
    counts.indices.map { place in
      repeats.reduce(0) { $0 + scores[$1][place] } / Double(max(1, repeats.count))
    }
  }

  private func resampled(_ resamplings: Int, seed: UInt64) -> [[Int]] {
    guard !scores.isEmpty else { return [] }
    var random = RandomStream(seed)
    return (0..<resamplings).map { _ in
      scores.map { _ in Int.random(in: 0..<scores.count, using: &random) }
    }
  }
}
