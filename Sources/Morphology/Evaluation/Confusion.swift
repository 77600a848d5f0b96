/// Counts of true against predicted classes.
public struct Confusion: Codable, Sendable, Hashable {
  /// The number of classes.
  public let classes: Int

  /// Sources by true class (rows) and predicted class (columns), row-major.
  public private(set) var counts: [Int]

  /// Counts pairs of classes in `0..<classes`.
  public init(truth: [Int], predicted: [Int], classes: Int) {
    precondition(truth.count == predicted.count, "as many predictions as true classes")
    self.classes = classes
    counts = [Int](repeating: 0, count: classes * classes)
    for (actual, guess) in zip(truth, predicted) { counts[actual * classes + guess] += 1 }
  }

  /// The sources of true class `truth` that were called `predicted`.
  public subscript(truth: Int, predicted: Int) -> Int { counts[truth * classes + predicted] }

  /// All sources.
  public var total: Int { counts.reduce(0, +) }

  /// The part of the sources that were called right; 0 of none.
  public var accuracy: Double {
    ratio((0..<classes).reduce(0) { $0 + self[$1, $1] }, total)
  }

  /// The share of the most frequent true class: what always saying it gets right; 0 of none.
  public var largestShare: Double {
    ratio((0..<classes).map { scores(of: $0).support }.max() ?? 0, total)
  }

  /// Whether more is called right than by always saying the most frequent class, by the lower end of
  /// the accuracy's 95% interval (Wilson 1927).
  public var isClearlyBetter: Bool {
    guard total > 0 else { return false }
    let (count, square) = (Double(total), 1.96 * 1.96)
    let spread =
      1.96 * (accuracy * (1 - accuracy) / count + square / (4 * count * count)).squareRoot()
    return (accuracy + square / (2 * count) - spread) / (1 + square / count) > largestShare
  }

  /// The scores of one class.
  public func scores(of index: Int) -> ClassScores {
    let right = self[index, index]
    let predicted = (0..<classes).reduce(0) { $0 + self[$1, index] }
    let support = (0..<classes).reduce(0) { $0 + self[index, $1] }
    return ClassScores(
      precision: ratio(right, predicted), recall: ratio(right, support),
      f1: ratio(2 * right, predicted + support), support: support, predicted: predicted)
  }

  /// The unweighted means of precision, recall and F1 over the classes that occur, in truth or
  /// among the predictions; a class that occurs in neither says nothing and does not count.
  ///
  /// The convention of scikit-learn's `average="macro"` with `zero_division=0`.
  public var macro: ClassScores {
    let seen = (0..<classes).map(scores).filter { $0.support + $0.predicted > 0 }
    let count = Double(max(1, seen.count))
    return ClassScores(
      precision: seen.reduce(0) { $0 + $1.precision } / count,
      recall: seen.reduce(0) { $0 + $1.recall } / count,
      f1: seen.reduce(0) { $0 + $1.f1 } / count, support: total, predicted: total)
  }
}

/// How well one class, or the mean over classes, was found.
public struct ClassScores: Codable, Sendable, Hashable {
  /// The part of the predictions that are right; 0 where nothing was predicted.
  public let precision: Double

  /// The part of the true members that were found; 0 where there are none.
  public let recall: Double

  /// The harmonic mean of precision and recall; 0 where nothing was found.
  public let f1: Double

  /// True members.
  public let support: Int

  /// Predicted members.
  public let predicted: Int
}

private func ratio(_ part: Int, _ whole: Int) -> Double {
  whole > 0 ? Double(part) / Double(whole) : 0
}
