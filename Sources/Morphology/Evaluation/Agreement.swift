/// How often two ratings of the same items are the same, be it by two annotators or by one who was asked twice.
public struct RatedTwice: Sendable, Codable {
  /// The items.
  public let items: Int

  /// Those of them that were rated the same.
  public let same: Int

  /// Cohen's κ; `nil` where it is not defined.
  public let kappa: Double?

  /// Holds the first ratings of items against the second ones, in the same order.
  public init<Class: Hashable>(_ first: [Class], _ second: [Class]) {
    items = first.count
    same = zip(first, second).count { $0 == $1 }
    kappa = Agreement.cohen(first, second)
  }
}

/// How far two or more annotators agree beyond chance.
public enum Agreement {
  /// Cohen's κ of two annotators.
  ///
  /// `(p_o - p_e) / (1 - p_e)`, with `p_o` the share of items on which they agree and `p_e` what
  /// their own class frequencies would give by chance (Cohen 1960, equation 1).
  ///
  /// - Parameters:
  ///   - first: The class of each item by one annotator.
  ///   - second: By the other, in the same order.
  /// - Returns: 1 for full agreement, 0 for chance; `nil` without items, or where both gave
  ///   everything the same one class.
  public static func cohen<Class: Hashable>(_ first: [Class], _ second: [Class]) -> Double? {
    precondition(first.count == second.count, "each item needs a class of both")
    let items = Double(first.count)
    let same = Double(zip(first, second).count { $0 == $1 })
    let (a, b) = (counts(first), counts(second))
    let chance = a.reduce(0) { $0 + Double($1.value) * Double(b[$1.key] ?? 0) } / (items * items)
    return kappa(observed: same / items, chance: chance)
  }

  /// Fleiss' κ of items that were each rated equally often, not always by the same people.
  ///
  /// As Fleiss 1971 has it (equations 1 to 7).
  ///
  /// - Parameter ratings: The classes each item was given, at least two and of every item as many.
  /// - Returns: 1 for full agreement, 0 for chance; `nil` without items, or where everything was
  ///   given the same one class.
  public static func fleiss<Class: Hashable>(_ ratings: [[Class]]) -> Double? {
    guard let raters = ratings.first?.count, raters > 1 else { return nil }
    precondition(ratings.allSatisfy { $0.count == raters }, "every item needs as many ratings")
    let all = Double(ratings.count * raters)
    let pairs = ratings.reduce(0) { sum, item in
      sum + counts(item).values.reduce(0) { $0 + $1 * ($1 - 1) }
    }
    let observed = Double(pairs) / (all * Double(raters - 1))
    let chance = counts(ratings.flatMap(\.self)).values.reduce(0) { sum, count in
      sum + (Double(count) / all) * (Double(count) / all)
    }
    return kappa(observed: observed, chance: chance)
  }

  private static func kappa(observed: Double, chance: Double) -> Double? {
    observed.isFinite && chance < 1 ? (observed - chance) / (1 - chance) : nil
  }

  private static func counts<Class: Hashable>(_ classes: [Class]) -> [Class: Int] {
    classes.reduce(into: [:]) { $0[$1, default: 0] += 1 }
  }
}
