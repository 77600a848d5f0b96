public import PostgreSQL

/// A question for the sets of classes that sources may be of, as a part of a `SourceFilter`.
public struct SetQuestion: Sendable, Equatable {
  /// What is asked of a set.
  public enum Wanted: Sendable, Equatable {
    /// The class is in it.
    case holding(Int16)
    /// The class is in it, and no other.
    case only(Int16)
    /// It is not the most probable class alone.
    case abstaining
    /// No class is in it.
    case empty
  }

  /// What is asked.
  public var wanted: Wanted

  /// What the sets follow from.
  public var sets: PublishedSets

  /// The classes in the order of the probabilities.
  public var classes: [Int16]

  /// Asks for sets of a classifier.
  ///
  /// The classes are those of its probabilities, in their order.
  public init(_ wanted: Wanted, of sets: PublishedSets, classes: [Int16]) {
    (self.wanted, self.sets, self.classes) = (wanted, sets, classes)
  }
}

extension SetQuestion {
  /// On rows of `prediction`.
  ///
  /// Behind `CASE` the planner expects that half of them are so, as it has to: of a sum that is 1 it expects a few, and
  /// would read and sort all predictions to give a page.
  var conditions: [SQL] {
    switch wanted {
    case .holding(let id): holding(id)
    case .only(let id): holding(id) + ["CASE \(size) WHEN 1 THEN true ELSE false END"]
    case .abstaining:
      ["CASE WHEN prediction.probability >= \(ownThreshold) THEN \(size) <> 1 ELSE true END"]
    case .empty:
      ["CASE WHEN prediction.probability < \(ownThreshold) THEN \(size) = 0 ELSE false END"]
    }
  }

  /// A class with more than half of the probability is the most probable one, which has an index.
  private func holding(_ id: Int16) -> [SQL] {
    guard let place = classes.firstIndex(of: id) else { return ["false"] }
    return sets.thresholds[place] > 0.5
      ? ["prediction.class_id = \(id)", "prediction.probability >= \(sets.threshold(place))"]
      : [sets.hold(place)]
  }

  /// How many classes are in the set.
  private var size: SQL {
    let each = classes.indices.map { "(\(sets.hold($0)))::integer" as SQL }
    return "(\(each.joined(separator: " + ")))"
  }

  /// The threshold of the most probable class.
  private var ownThreshold: SQL {
    let each = classes.enumerated().map { place, id -> SQL in
      "WHEN \(raw: String(id)) THEN \(sets.threshold(place))"
    }
    return "CASE prediction.class_id \(each.joined(separator: " ")) END"
  }
}
