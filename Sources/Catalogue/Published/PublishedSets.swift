public import PostgreSQL

/// From which probability on each class is in the set of a source's possible classes.
public struct PublishedSets: Sendable, Equatable {
  /// The part of the sources of each class that has it in its set.
  public var coverage: Double

  /// The threshold of each of the model's classes, in the order of its probabilities.
  public var thresholds: [Float]

  /// Takes thresholds as they were found for a coverage.
  public init(coverage: Double, thresholds: [Float]) {
    self.coverage = coverage
    self.thresholds = thresholds
  }

  /// The coverage in percent, as text.
  var percent: String {
    let percent = Float(100 * coverage)
    return percent == percent.rounded() ? "\(Int(percent))" : "\(percent)"
  }

  /// Whether the class at a place is in the set of a row of `reber.prediction`.
  func hold(_ place: Int) -> SQL {
    "prediction.probabilities[\(raw: String(place + 1))] >= \(threshold(place))"
  }

  /// The threshold of the class at a place.
  func threshold(_ place: Int) -> SQL { "\(raw: String(thresholds[place]))::real" }

  /// What stands between the names of classes.
  public static let separator = ";"

  /// Refuses a class that would be two in a set, as an earlier version let in.
  ///
  /// - Throws: `CatalogueError.badClassName`.
  public static func check(_ className: String) throws {
    if className.contains(separator) { throw CatalogueError.badClassName(className) }
  }
}

extension PublishedColumn {
  /// The columns of sets and abstention; null where the classifier kept nothing to find thresholds from.
  static func sets(
    _ sets: PublishedSets?, of classes: [ModelClass], scheme: ClassScheme
  ) -> [Self] {
    let cells = sets.map { sets -> SQL in
      let names = classes.enumerated().map { place, item -> SQL in
        """
        CASE WHEN \(sets.hold(place))
        THEN (
            SELECT name FROM reber.class
            WHERE class_scheme_id = \(raw: String(scheme.id)) AND class_id = \(raw: String(item.id))
        ) END
        """
      }
      return "concat_ws('\(raw: PublishedSets.separator)', \(names.joined(separator: ", ")))"
    }
    let part = sets.map { "\($0.percent)% of the sources of each class" } ?? "a part of them"
    return [
      Self(
        "class_set", cells ?? "NULL::text", ucd: "src.class",
        "The classes that it may be of, with ; between them: chosen so that \(part) have "
          + "theirs in it; may be empty"),
      Self(
        "abstain", cells.map { "\($0) <> class.name" } ?? "NULL::boolean", ucd: "meta.code.qual",
        "The class is not the only one that it may be of: class_set is not class"),
    ]
  }
}
