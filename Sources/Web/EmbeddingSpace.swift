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
  }

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

  /// The first of the ranking of the sources like one of them, without ranking all.
  func nearest(_ count: Int, to source: Int) -> [(source: Int, cosine: Float)] {
    var best: [(source: Int, cosine: Float)] = []
    for (row, cosine) in cosines(like: [source]).enumerated() where sources[row] != source {
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
