import Catalogue
import Morphology
import Tensor

/// How well classes can be told apart by the labels there are: every labelled source is given the
/// class of most of its nearest labelled neighbours in the embedding, itself left out.
///
/// That is leave-one-out cross-validation of k nearest neighbours, cheap enough to be done again
/// with every page of labels; a fine-tuned classifier does better.
struct Forecast: Sendable {
  /// F1 by class, for classes with a label.
  let f1: [Int16: Double]

  /// The macro-averaged F1 with the first so many labels.
  let curve: [(labels: Int, f1: Double)]

  /// What a linear probe would do with the labels, and with more; empty where there are too few, or so many that
  /// it would take long.
  let future: [ScoreForecast.Point]

  /// Labelled sources that were used.
  let sources: Int

  /// Whether there were more.
  let isSample: Bool

  /// Neighbours that vote.
  static let neighbours = 5

  /// Sources that are used at most.
  static let limit = 4000

  /// Labels that the future is told from at most.
  static let futureLimit = 600

  /// Judges labels by each other; `nil` where there are too few, or of one class alone.
  ///
  /// - Parameters:
  ///   - labels: The consensus, of at most ``limit`` sources.
  ///   - isSample: Whether more sources have one.
  ///   - space: The embeddings.
  ///   - scheme: The classes.
  init?(
    _ labels: [Consensus], isSample: Bool = false, in space: EmbeddingSpace, scheme: ClassScheme
  ) {
    let known = Self.inOrder(labels, in: space)
    self.isSample = isSample
    guard known.count > Self.neighbours, Set(known.map(\.0.classID)).count > 1 else { return nil }
    sources = known.count
    let places = Dictionary(
      scheme.classes.enumerated().map { ($0.element.id, $0.offset) },
      uniquingKeysWith: { a, _ in a })
    let truth = known.map { places[$0.0.classID] ?? 0 }
    let points = space.points.rows(at: known.map(\.1))
    let sizes = sequence(first: 25) { $0 * 2 }.prefix { $0 < known.count } + [known.count]
    let found = sizes.map { size in
      let first = points.rows(at: Array(0..<size))
      return Self.confusion(first, Array(truth.prefix(size)), classes: scheme.classes.count)
    }
    curve = zip(sizes, found).map { (labels: $0, f1: $1.macro.f1) }
    future = Self.future(known.map(\.1), truth, in: space, classes: scheme.classes.count)
    let scores = scheme.classes.enumerated().map { ($1.id, found[found.count - 1].scores(of: $0)) }
    f1 = Dictionary(
      scores.filter { $0.1.support > 0 }.map { ($0.0, $0.1.f1) }, uniquingKeysWith: { a, _ in a })
  }

  /// The labels whose source has an embedding, in the order in which they came in, each with the row
  /// of that.
  private static func inOrder(
    _ labels: [Consensus], in space: EmbeddingSpace
  ) -> [(Consensus, Int)] {
    zip(labels, space.rows(of: labels.map(\.source)))
      .compactMap { label, row in row.map { (label, $0) } }
      .sorted { ($0.0.labels.first ?? 0) < ($1.0.labels.first ?? 0) }
  }

  private static func future(
    _ rows: [Int], _ truth: [Int], in space: EmbeddingSpace, classes: Int
  ) -> [ScoreForecast.Point] {
    guard rows.count <= futureLimit else { return [] }
    // Too few labels tell nothing, which is no error on a page.
    let found = try? ScoreForecast(
      space.points.rows(at: rows), truth: truth, classes: classes)
    return found?.points ?? []
  }

  private static func confusion(_ points: Tensor, _ truth: [Int], classes: Int) -> Confusion {
    let near = nearestNeighbours(of: points, in: points, count: neighbours, excludingSelf: true)
    let predicted = truth.indices.map { row in
      var votes = [Double](repeating: 0, count: classes)
      for (rank, neighbour) in near.of(row).enumerated() {
        // Of classes with as many votes the one of the nearest neighbour wins.
        votes[truth[Int(neighbour)]] += 1 + 0.01 / Double(rank + 1)
      }
      return votes.indices.max { votes[$0] < votes[$1] } ?? 0
    }
    return Confusion(truth: truth, predicted: predicted, classes: classes)
  }
}
