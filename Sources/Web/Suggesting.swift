import Catalogue
import Morphology
import PostgreSQL
import Tensor

/// A survey as it is asked what to label next: as `reber label suggest` asks it, from the same embeddings, labels and
/// predictions.
struct Suggesting: Sendable {
  /// The row of each source.
  let rows: [Int: Int]
  private let space: SuggestionSpace
  private let sources: [Int]

  init(_ embeddings: EmbeddingSpace) throws {
    space = try SuggestionSpace(embeddings.vectors)
    sources = embeddings.sources
    rows = Dictionary(
      sources.enumerated().map { ($0.element, $0.offset) }, uniquingKeysWith: { a, _ in a })
  }

  /// The sources whose labels would help most, by the classes of labelled rows and, where a classifier has judged the
  /// rows, their probabilities.
  func ranking(
    _ count: Int, labelled: [Int: Int], probabilities: [Float]?, classes: Int
  ) throws -> [Int] {
    let table = probabilities.map { Tensor(shape: [rows.count, classes], values: $0) }
    return try space.suggest(count, labelled: labelled, probabilities: table)
      .picks.map { sources[$0.row] }
  }

  /// The sources most like one, the most alike first.
  func company(_ count: Int, of source: Int) -> [Int] {
    guard let row = rows[source] else { return [] }
    return space.nearest(count, to: row, among: Array(sources.indices)).map { sources[$0] }
  }
}

extension Visit {
  /// Suggestions that are made at once; they are made anew after every few labels.
  private static let suggestions = 40

  /// Labels after which suggestions are made anew.
  private static let stride = 10

  /// The survey as it is asked what to label; `nil` where it has fewer than two embeddings.
  private func suggesting() async throws -> (key: String, Suggesting)? {
    guard !scheme.isTags, let embeddings = try await space(), embeddings.sources.count > 1
    else { return nil }
    let key = "\(survey.id) \(embeddings.model) \(embeddings.sources.count)"
    return (key, try await site.suggesting.value(key) { try Suggesting(embeddings) })
  }

  /// The sources whose labels would help most, as far as is known without the newest labels; none where nothing is
  /// embedded.
  func suggestedRanking() async throws -> [Int] {
    guard let (key, suggesting) = try await suggesting() else { return [] }
    let (labelled, run) = try await pool.with {
      (try survey.counts(in: $0).labelled, try NewestWork.on(survey, in: $0).classification)
    }
    let state = "\(key) \(scheme.id) \(run ?? 0) \(labelled / Self.stride)"
    return try await site.suggested.value(state) {
      let (rows, count) = (suggesting.rows, scheme.classes.count)
      let (known, table) = try await pool.with {
        (
          try Consensus.places(of: survey, scheme: scheme, rows: rows, in: $0),
          try Prediction.table(of: survey, scheme: scheme, rows: rows, in: $0)
        )
      }
      return try suggesting.ranking(
        Self.suggestions, labelled: known, probabilities: table, classes: count)
    }
  }

  /// The sources without a label that are most like one: a decision on it may do for them.
  func company(of source: Int) async throws -> [MontageCell] {
    guard let (_, suggesting) = try await suggesting() else { return [] }
    let count = Suggestion.Options().company
    let alike = suggesting.company(Self.looked, of: source)
    return try await pool.with { database in
      let open = try annotation.new(among: alike, in: database)
      return try annotation.cells(of: Array(open.prefix(count)), in: database)
    }
  }

  /// Sources among which those without a label are looked for.
  private static let looked = 100
}
