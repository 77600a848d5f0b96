import Catalogue

/// The classes of a scheme that labels teach.
struct TaughtClasses: Sendable {
  /// Those that have labels, in the scheme's order.
  var classes: [ModelClass] = []

  /// The place of each label's class among them.
  var truth: [Int] = []

  /// No labels, no classes.
  init() {}

  /// Finds the classes that labels name.
  ///
  /// - Parameters:
  ///   - labels: The class of each.
  ///   - scheme: The scheme that the classes are of.
  ///   - surveys: Where the labels come from, to say so.
  /// - Throws: `LearnError` where the labels are of fewer than two classes.
  init(_ labels: [Int16], of scheme: ClassScheme, surveys: [String]) throws {
    let counts = labels.reduce(into: [Int16: Int]()) { $0[$1, default: 0] += 1 }
    let classes = scheme.classes.compactMap { item in
      counts[item.id].map { ModelClass(id: item.id, name: item.name, labels: $0) }
    }
    guard classes.count > 1 else {
      if let only = classes.first { throw LearnError.oneClass(only.name) }
      throw LearnError.tooFewLabels(
        survey: surveys.joined(separator: ", "), scheme: scheme.name, have: 0, need: 2)
    }
    let places = Dictionary(classes.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { $1 })
    self.classes = classes
    truth = labels.compactMap { places[$0] }
  }
}
