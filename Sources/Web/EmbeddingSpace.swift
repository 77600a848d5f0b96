import Catalogue
import Morphology
import PostgreSQL
import Synchronization
import Tensor

/// The embeddings of a survey in memory: neighbours, rankings and the map come from here.
final class EmbeddingSpace: Sendable {
  /// The model that made them.
  let model: Int

  /// The source of each row.
  let sources: [Int]

  /// Rows of length 1, `[sources, dimensions]`.
  let vectors: Tensor

  /// The row of each source.
  private let rows: [Int: Int]

  /// The mean of all rows, `[1, dimensions]`: embeddings lie in a narrow cone about it, so that as they stand all
  /// cosines are nearly 1.
  private let mean: Tensor

  /// Of each row, its product with the mean and its distance from it.
  private let fromMean: [(along: Float, length: Float)]

  /// The first two principal components, `[sources, 2]`, each divided by the greatest magnitude.
  let map: Tensor

  init(model: Int, embeddings: [Embedding]) {
    self.model = model
    sources = embeddings.map(\.source)
    let dimensions = embeddings.first?.vector.count ?? 0
    vectors = Tensor(
      shape: [embeddings.count, dimensions], values: embeddings.flatMap(\.vector)
    ).onUnitSphere()
    rows = Dictionary(
      sources.enumerated().map { ($0.element, $0.offset) }, uniquingKeysWith: { a, _ in a })
    map = vectors.onPrincipalPlane()
    let (mean, fromMean) = Self.centre(of: vectors)
    (self.mean, self.fromMean) = (mean, fromMean)
  }

  private static func centre(
    of vectors: Tensor
  ) -> (mean: Tensor, fromMean: [(along: Float, length: Float)]) {
    let weights = Tensor(
      shape: [1, vectors.rows],
      values: [Float](repeating: 1 / Float(max(1, vectors.rows)), count: vectors.rows))
    let mean = multiply(weights, transposed: false, vectors, transposed: false)
    let square = mean.values.reduce(0) { $0 + $1 * $1 }
    let along = multiply(mean, transposed: false, vectors, transposed: true).values
    // Rows have length 1: |v - m|² = 1 - 2 v·m + m².
    return (mean, along.map { (along: $0, length: max(1e-6, 1 - 2 * $0 + square).squareRoot()) })
  }

  /// The cosines of each row of a piece with some sources, all measured from the mean: `[sources, piece]`.
  private func centred(_ seeds: [Int], _ piece: Range<Int>) -> Tensor {
    let square = mean.values.reduce(0) { $0 + $1 * $1 }
    let part =
      piece.count == vectors.rows
      ? vectors
      : Tensor(
        shape: [piece.count, vectors.columns],
        values: Array(
          vectors.values[piece.lowerBound * vectors.columns..<piece.upperBound * vectors.columns]))
    var products = multiply(vectors.rows(at: seeds), transposed: false, part, transposed: true)
    for (row, seed) in seeds.enumerated() {
      for (column, other) in piece.enumerated() {
        let place = row * piece.count + column
        let product =
          products.values[place] - fromMean[seed].along - fromMean[other].along + square
        products.values[place] = product / (fromMean[seed].length * fromMean[other].length)
      }
    }
    return products
  }

  /// All sources by how like they are to one of them, the most alike first, with the cosines from the mean.
  func likeness(to source: Int) -> [(source: Int, cosine: Float)] {
    guard let row = rows[source] else { return [] }
    let cosines = centred([row], 0..<sources.count).values
    return cosines.indices.filter { $0 != row }.map { (source: sources[$0], cosine: cosines[$0]) }
      .sorted { ($1.cosine, $0.source) < ($0.cosine, $1.source) }
  }

  /// The sources that are least like any of some others, the least alike first, each with the cosine from the mean
  /// with the most alike of them.
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
    var nearest: [Float] = []
    for start in stride(from: 0, to: sources.count, by: Self.piece) {
      let piece = start..<min(sources.count, start + Self.piece)
      let cosines = centred(seeds, piece)
      nearest += piece.indices.map { column in
        seeds.indices.reduce(-1) { max($0, cosines.values[$1 * piece.count + column - start]) }
      }
    }
    let out = Set(known)
    return nearest.indices.filter { !out.contains(sources[$0]) }
      .sorted { (nearest[$0], sources[$0]) < (nearest[$1], sources[$1]) }
      .prefix(count).map { (source: sources[$0], cosine: nearest[$0]) }
  }

  /// The most sources that all others are compared with.
  static let mostKnown = 500

  /// Rows that are compared at once.
  private static let piece = 8192

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

  /// The first of the ranking of the sources like one of them, with the cosines from the mean, without ranking all.
  func nearest(_ count: Int, to source: Int) -> [(source: Int, cosine: Float)] {
    guard let own = rows[source] else { return [] }
    var best: [(source: Int, cosine: Float)] = []
    for (row, cosine) in centred([own], 0..<sources.count).values.enumerated() where row != own {
      if best.count == count, let last = best.last, last.cosine >= cosine { continue }
      best.insert((sources[row], cosine), at: best.firstIndex { $0.cosine < cosine } ?? best.count)
      if best.count > count { best.removeLast() }
    }
    return best
  }

  /// The cosine of each row with the direction of the mean of some sources; none without any.
  private func cosines(like seeds: [Int]) -> [Float] {
    let chosen = seeds.compactMap { rows[$0] }
    guard !chosen.isEmpty else { return [] }
    var sum = Tensor([1, vectors.columns])
    for row in chosen {
      for (index, value) in vectors.row(row).enumerated() { sum.values[index] += value }
    }
    return multiply(sum.onUnitSphere(), transposed: false, vectors, transposed: true).values
  }

  /// The rows of the sources that have an embedding.
  func rows(of sources: [Int]) -> [Int?] { sources.map { rows[$0] } }
}

/// Loads each survey's embeddings once, and again when there are new ones.
actor EmbeddingSpaces {
  private var spaces: [Int: (work: NewestWork, loading: Task<EmbeddingSpace, any Error>)] = [:]

  /// The embeddings of a survey; `nil` where it has none.
  func space(of survey: Survey, work: NewestWork, pool: Pool) async throws -> EmbeddingSpace? {
    guard let number = work.model, work.embedded > 0 else { return nil }
    if let known = spaces[survey.id], known.work.model == number,
      known.work.embedded == work.embedded
    {
      return try await known.loading.value
    }
    let loading = Task {
      let embeddings = try await pool.with {
        try Model.numbered(number, in: $0).embeddings(of: survey, in: $0)
      }
      return EmbeddingSpace(model: number, embeddings: embeddings)
    }
    spaces[survey.id] = (work, loading)
    return try await loading.value
  }
}
