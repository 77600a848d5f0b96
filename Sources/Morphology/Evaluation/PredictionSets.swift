public import Tensor

/// Which classes a source may be of, such that of the sources of every class a chosen part has its class in
/// its set.
///
/// A class is in a source's set where its probability reaches the class's threshold, that which the
/// chosen part of the sources of the class reach which were held out while others were learned: split
/// conformal prediction with a threshold for each class (Sadinle, Lei and Wasserman 2019; Vovk 2012).
/// Where held-out sources and new ones are alike, of the new ones of a class with n held-out sources the
/// part is at least the chosen one in the mean, and at most 1 / (n + 1) more. A class of so few sources that
/// none of them is rare enough (fewer than 9 for 90%) would be in every set. It takes the threshold of its sources
/// together with those of the class whose probabilities are most like its own (clustered conformal prediction, Ding
/// et al. 2023), or the least probability of its own sources where that is lower, so that the part is at least
/// n / (n + 1) where no class is like it.
///
/// The folds that held the sources out learned from fewer labels than the classifier. Where it is the
/// better for them, the sets hold their class a little more often than asked for.
public struct PredictionSets: Sendable, Hashable {
  /// The coverage that is usual.
  public static let usualCoverage = 0.9

  /// The part of the sources of each class that has it in its set.
  public let coverage: Double

  /// The probability from which on each class is in a set.
  public let thresholds: [Float]

  /// The places of the classes of which so few sources were held out that their coverage is not promised.
  public let small: [Int]

  /// Finds the thresholds.
  ///
  /// - Parameters:
  ///   - coverage: The part of the sources of each class that is to have it in its set, between 0 and 1.
  ///   - heldOut: By class, the probabilities of it that sources of it were given which were held out, of every class
  ///     at least one.
  /// - Throws: `MorphologyError.badOptions` for another coverage.
  public init(coverage: Double, heldOut: [[Float]]) throws {
    guard coverage > 0, coverage < 1 else {
      throw MorphologyError.badOptions("a coverage of \(coverage): give one between 0 and 1")
    }
    self.coverage = coverage
    let own = heldOut.map { $0.sorted() }
    let fewest = Int((1 / (1 - coverage) - 1 - 1e-9).rounded(.up))
    let large = own.filter { $0.count >= fewest }
    small = own.indices.filter { own[$0].count < fewest }
    thresholds = own.map { sources in
      guard sources.count < fewest else { return Self.threshold(sources, coverage: coverage) }
      let alike = large.min { distance($0, sources) < distance($1, sources) }
      let together = alike.map { $0 + sources } ?? own.flatMap(\.self)
      return min(
        Self.threshold(together.sorted(), coverage: coverage), sources.first ?? 0)
    }
  }

  /// The classes that a source of those probabilities may be of, in their order; there may be none.
  public func classes(of probabilities: some Collection<Float>) -> [Int] {
    zip(probabilities, thresholds).enumerated().filter { $1.0 >= $1.1 }.map(\.offset)
  }

  /// The probability that the wanted part of new sources reaches; 0 where so few were held out that only
  /// all probabilities do.
  private static func threshold(_ sorted: [Float], coverage: Double) -> Float {
    // The small part more lets 0.1 be a tenth.
    let rank = Int(Double(sorted.count + 1) * (1 - coverage) + 1e-9)
    return rank > 0 ? sorted[rank - 1] : 0
  }
}

/// How unlike the sorted probabilities of two classes are, by quantiles: those by which Ding and others (2023) hold
/// classes against each other.
private func distance(_ first: [Float], _ second: [Float]) -> Double {
  [0.1, 0.2, 0.3, 0.4, 0.5].reduce(0) { sum, part in
    let gap = quantile(first.map(Double.init), part) - quantile(second.map(Double.init), part)
    return sum + gap * gap
  }
}

extension Evaluation {
  /// What sets hold of the judged sources: class by class, of those that occur, then of all.
  ///
  /// Each is judged by the sources that truly are of it.
  public func coverage(of sets: PredictionSets) -> [SetScores] {
    let all = truth.indices.map { row in
      (truth: truth[row], said: predicted[row], set: sets.classes(of: probabilities.row(row)))
    }
    let parts: [Int?] = (0..<probabilities.columns).map(\.self) + [nil]
    return parts.compactMap { part in
      let own = all.filter { part == nil || $0.truth == part }
      guard !own.isEmpty else { return nil }
      return SetScores(
        classIndex: part, sources: own.count, covered: own.count { $0.set.contains($0.truth) },
        decided: own.count { $0.set == [$0.said] },
        right: own.count { $0.set == [$0.said] && $0.said == $0.truth },
        classes: own.reduce(0) { $0 + $1.set.count })
    }
  }
}

/// What sets of classes hold of sources that are of one class, or of all.
public struct SetScores: Sendable, Hashable {
  /// The true class; `nil` of all.
  public let classIndex: Int?

  /// The judged sources of it.
  public let sources: Int

  /// Those of them whose set holds it.
  public let covered: Int

  /// Those whose set is the most probable class and no other: the rest abstains.
  public let decided: Int

  /// Those of the decided ones that are called right.
  public let right: Int

  /// The classes in all sets.
  public let classes: Int

  /// The 95% interval of the part that is covered.
  public var interval: Interval? { Interval(part: covered, of: sources) }
}
