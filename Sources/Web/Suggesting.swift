import Catalogue
import Foundation
import Morphology
import PostgreSQL
import Tensor

/// A survey as it is asked what to label next: as `reber label suggest` asks it, from the same embeddings, labels and
/// predictions.
struct Suggesting: Sendable {
  private let space: SuggestionSpace
  private let sources: [Int]
  private let probabilities: Tensor?

  /// The row of each source.
  private let rows: [Int: Int]

  /// The sources that are looked at; of a larger survey so many, evenly.
  private static let limit = 50_000

  /// Takes what a classifier says of sources, by the function that is given their rows.
  init(
    _ embeddings: EmbeddingSpace, classes: Int, table: ([Int: Int]) async throws -> [Float]?
  ) async rethrows {
    let step = (embeddings.sources.count + Self.limit - 1) / Self.limit
    let chosen = Array(stride(from: 0, to: embeddings.sources.count, by: step))
    sources = chosen.map { embeddings.sources[$0] }
    space = SuggestionSpace(embeddings.points.rows(at: chosen))
    let rows = Dictionary(
      sources.enumerated().map { ($0.element, $0.offset) }, uniquingKeysWith: { a, _ in a })
    self.rows = rows
    probabilities = try await table(rows).map {
      Tensor(shape: [rows.count, classes], values: $0)
    }
  }

  /// The sources whose labels would help most, by the labels so far.
  func ranking(_ count: Int, labelled: ([Int: Int]) async throws -> [Int: Int]) async throws
    -> [Int]
  {
    try space.suggest(count, labelled: try await labelled(rows), probabilities: probabilities)
      .picks.map { sources[$0.row] }
  }

  /// The sources most like one, the most alike first.
  func company(_ count: Int, of source: Int) -> [Int] {
    guard let row = rows[source] else { return [] }
    return space.nearest(count, to: [row], among: Array(sources.indices))
      .flatMap { $0.map { sources[$0] } }
  }
}

extension Visit {
  /// The survey as it is asked what to label; `nil` where it has fewer than two embeddings.
  private func suggesting() async throws -> (key: String, Suggesting)? {
    guard !scheme.isTags, let embeddings = try await space(), embeddings.sources.count > 1
    else { return nil }
    let run = try await pool.with { try NewestWork.on(survey, in: $0).classification }
    let key = "\(embeddings.key) \(scheme.id) \(run ?? 0)"
    let found = try await site.suggesting.value(key) {
      try await Suggesting(embeddings, classes: scheme.classes.count) { rows in
        try await pool.with {
          try Prediction.table(of: survey, scheme: scheme, rows: rows, in: $0)
        }
      }
    }
    return (key, found)
  }

  /// The sources whose labels would help most, as far as is known without the newest labels; none where nothing is
  /// embedded.
  func suggestedRanking() async throws -> [Int] {
    guard let (key, suggesting) = try await suggesting() else { return [] }
    let labelled = try await pool.with { try scheme.labelled(of: survey, in: $0) }
    return try await site.suggested.value("\(key) \(Self.step(of: labelled))") {
      // More than come in until suggestions are made anew.
      try await suggesting.ranking(max(40, labelled / 5)) { rows in
        try await pool.with {
          try Consensus.places(of: survey, scheme: scheme, rows: rows, in: $0)
        }
      }
    }
  }

  /// The same number for numbers of labels between which little changes: each for itself while they are few, and then
  /// a tenth more.
  static func step(of labels: Int) -> Int {
    labels < 20 ? labels : Int((log(Double(labels)) * 10).rounded())
  }

  /// The sources without a label that are most like one: a decision on it may do for them.
  ///
  /// Those whose label may still be on its way are left out.
  func company(of source: Int, excluding pending: [Int]) async throws -> [MontageCell] {
    guard let (_, suggesting) = try await suggesting() else { return [] }
    let count = Suggestion.Options().company
    let alike = suggesting.company(Self.looked, of: source).filter { !pending.contains($0) }
    return try await pool.with { database in
      let open = try annotation.new(among: alike, in: database)
      return try annotation.cells(of: Array(open.prefix(count)), in: database)
    }
  }

  /// Sources among which those without a label are looked for.
  private static let looked = 300
}
