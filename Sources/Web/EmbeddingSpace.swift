import Catalogue
import Morphology
import PostgreSQL
import Synchronization
import Tensor

/// The embeddings of a survey in memory: neighbours, rankings and the map come from here.
final class EmbeddingSpace: Sendable {
  /// The survey and what it was embedded by.
  let key: Key

  /// The source of each row.
  let sources: [Int]

  /// Where they lie in their principal space, `[sources, components]`.
  let points: Tensor

  /// The row of each source.
  private let rows: [Int: Int]

  /// What a space is of: another one has another key.
  struct Key: Hashable, Sendable, CustomStringConvertible {
    let survey: Int
    let model: Int
    let embeddings: Int
    /// The table of points; `nil` where the embeddings have none.
    let points: String?

    /// `nil` where nothing is embedded.
    init?(_ survey: Survey, _ work: NewestWork) {
      guard let model = work.model, work.embedded > 0 else { return nil }
      (self.survey, self.model) = (survey.id, model)
      (embeddings, points) = (work.embedded, work.points)
    }

    var description: String { "\(survey) \(model) \(embeddings) \(points ?? "")" }
  }

  /// The points of each source, `[sources, components]`.
  init(_ key: Key, sources: [Int], points: Tensor) {
    (self.key, self.sources, self.points) = (key, sources, points)
    rows = Dictionary(
      sources.enumerated().map { ($0.element, $0.offset) }, uniquingKeysWith: { a, _ in a })
  }

  /// Reads a survey's points, or finds those of its embeddings that have none yet.
  ///
  /// - Throws: `MorphologyError` for embeddings that are not finite.
  convenience init(_ key: Key, of survey: Survey, in database: Connection) throws {
    let model = try Model.numbered(key.model, in: database)
    var (sources, values): ([Int], [Float]) = ([], [])
    let hasPoints = try model.forEachPoint(of: survey, in: database) {
      sources.append($0.source)
      values += $0.vector
    }
    if hasPoints {
      let width = values.count / max(1, sources.count)
      self.init(
        key, sources: sources, points: Tensor(shape: [sources.count, width], values: values))
    } else {
      let embeddings = try model.embeddings(of: survey, in: database)
      let vectors = Tensor(
        shape: [embeddings.count, embeddings.first?.vector.count ?? 0],
        values: embeddings.flatMap(\.vector))
      self.init(
        key, sources: embeddings.map(\.source),
        points: vectors.rows > 1 ? try vectors.inPrincipalSpace() : vectors.onUnitSphere())
    }
  }

  /// The cosines of some rows with all, `[rows, sources]`.
  private func cosines(_ seeds: [Int]) -> Tensor {
    multiply(points.rows(at: seeds), transposed: false, points, transposed: true)
  }

  /// All sources by how like they are to one of them, the most alike first, with the cosines.
  func likeness(to source: Int) -> [(source: Int, cosine: Float)] {
    guard let row = rows[source] else { return [] }
    let cosines = cosines([row]).values
    return cosines.indices.filter { $0 != row }.map { (source: sources[$0], cosine: cosines[$0]) }
      .sorted { ($1.cosine, $0.source) < ($0.cosine, $1.source) }
  }

  /// The sources that are least like any of some others, the least alike first, each with the cosine with
  /// the most alike of them.
  ///
  /// - Parameters:
  ///   - known: Sources not to be like; of more than ``mostKnown``, so many evenly among them.
  ///   - count: How many to give.
  /// - Returns: Sources and cosines; none where none is known.
  func unlike(
    _ known: [Int], count: Int
  ) -> [(source: Int, cosine: Float)] {
    let all = known.compactMap { rows[$0] }
    let step = max(1, (all.count + Self.mostKnown - 1) / Self.mostKnown)
    let seeds = stride(from: 0, to: all.count, by: step).map { all[$0] }
    guard !seeds.isEmpty else { return [] }
    let nearest = nearestNeighbours(of: points, in: points.rows(at: seeds), count: 1)
      .distances.values.map(Self.cosine)
    let out = Set(known)
    return nearest.indices.filter { !out.contains(sources[$0]) }
      .sorted { (nearest[$0], sources[$0]) < (nearest[$1], sources[$1]) }
      .prefix(count).map { (source: sources[$0], cosine: nearest[$0]) }
  }

  /// The most sources that all others are compared with.
  static let mostKnown = 500

  /// The sources most like some others, by the cosine with the direction of their mean.
  ///
  /// - Parameters:
  ///   - seeds: Sources to be like.
  ///   - excluded: Sources to leave out besides the seeds.
  /// - Returns: Sources and cosines, the most alike first.
  func ranking(
    like seeds: [Int], excluding excluded: Set<Int> = []
  ) -> [(source: Int, cosine: Float)] {
    let cosines = cosines(like: seeds)
    let out = excluded.union(seeds)
    return cosines.indices.filter { !out.contains(sources[$0]) }
      .map { (source: sources[$0], cosine: cosines[$0]) }
      .sorted { ($1.cosine, $0.source) < ($0.cosine, $1.source) }
  }

  /// On the unit sphere the cosine is 1 - d²/2.
  private static func cosine(at distance: Float) -> Float { 1 - distance * distance / 2 }

  /// The cosine of each row with the direction of the mean of some sources; none without any.
  private func cosines(like seeds: [Int]) -> [Float] {
    let chosen = seeds.compactMap { rows[$0] }
    guard !chosen.isEmpty else { return [] }
    var sum = Tensor([1, points.columns])
    for row in chosen {
      for (index, value) in points.row(row).enumerated() { sum.values[index] += value }
    }
    return multiply(sum.onUnitSphere(), transposed: false, points, transposed: true).values
  }

  /// The rows of the sources that have an embedding.
  func rows(of sources: [Int]) -> [Int?] { sources.map { rows[$0] } }
}

/// Loads each survey's embeddings once, and again when there are new ones.
actor EmbeddingSpaces {
  private var spaces: [Int: (key: EmbeddingSpace.Key, loading: Task<EmbeddingSpace, any Error>)] =
    [:]

  /// The embeddings of a survey; `nil` where it has none.
  func space(of survey: Survey, work: NewestWork, pool: Pool) async throws -> EmbeddingSpace? {
    guard let key = EmbeddingSpace.Key(survey, work) else { return nil }
    if let known = spaces[survey.id], known.key == key { return try await known.loading.value }
    let loading = Task {
      try await pool.with { try EmbeddingSpace(key, of: survey, in: $0) }
    }
    spaces[survey.id] = (key, loading)
    do {
      return try await loading.value
    } catch {
      // The next visitor tries again.
      spaces[survey.id] = nil
      throw error
    }
  }
}
