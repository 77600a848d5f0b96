import Catalogue
import Morphology
import Tensor

/// The classes of a scheme that labels teach.
struct TaughtClasses: Sendable {
  /// Those that have labels, in the scheme's order.
  var classes: [ModelClass] = []

  /// The place of each label's class among them; empty of tags.
  var truth: [Int] = []

  /// What a classifier is taught: the classes, their shares, or the tags.
  var taught = Truth.classes([])

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
    taught = .classes(truth)
  }

  /// Finds the classes or tags that are taught.
  ///
  /// - Parameters:
  ///   - said: What is said of each source.
  ///   - scheme: The scheme that the classes are of.
  ///   - asShares: Whether the shares of votes are taught.
  ///   - surveys: Where the labels come from, to say so.
  /// - Throws: `LearnError` where the labels are of fewer than two classes, or where no tag applies to some
  ///   sources and not to others.
  init(
    _ said: [SourceAnswers], of scheme: ClassScheme, asShares: Bool, surveys: [String]
  ) throws {
    guard scheme.isTags else {
      try self.init(said.compactMap(\.classID), of: scheme, surveys: surveys)
      if asShares { taught = .shares(shares(said)) }
      return
    }
    self.init()
    classes = scheme.classes.compactMap { tag in
      let answers = said.compactMap { $0.answers[tag.id] }
      let applies = answers.count { $0 > 0.5 }
      guard applies > 0, applies < answers.count else { return nil }
      return ModelClass(id: tag.id, name: tag.name, labels: applies)
    }
    guard !classes.isEmpty else {
      throw LearnError.noTag(scheme: scheme.name, survey: surveys.joined(separator: ", "))
    }
    taught = .tags(table(said))
  }

  /// What is said of the classes, `[n, classes]`; NaN where nothing is.
  private func table(_ said: [SourceAnswers]) -> Tensor {
    Tensor(
      shape: [said.count, classes.count],
      values: said.flatMap { source in classes.map { source.answers[$0.id] ?? .nan } })
  }

  /// The shares of the classes, of sum 1; those of classes that nobody agrees on are left out.
  private func shares(_ said: [SourceAnswers]) -> Tensor {
    var shares = table(said)
    let width = classes.count
    for row in 0..<said.count {
      let cells = row * width..<(row + 1) * width
      for cell in cells where shares.values[cell].isNaN { shares.values[cell] = 0 }
      let sum = cells.reduce(0) { $0 + shares.values[$1] }
      for cell in cells { shares.values[cell] /= sum }
    }
    return shares
  }
}
