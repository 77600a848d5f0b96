public import Catalogue
import Morphology
public import PostgreSQL
import Tensor

/// Where the embeddings of a model lie in one space, and in which of its cells, so that the sources most like one are
/// found among a few.
///
/// The space is found once, from embeddings of the survey that comes first, so that distances of all surveys go together;
/// anew where it was found from few and there are more by now.
extension Catalogue.Model {
  /// The most embeddings that a space, or cells, are found from: more change nothing.
  private static let enough = 50_000

  /// Finds the points of the embeddings of all models that lack one.
  ///
  /// - Throws: `MorphologyError` for embeddings that are not finite; `PostgresError`.
  public static func makeMissingPoints(
    telling progress: any ProgressDisplay, in database: Connection
  ) throws {
    for model in try Catalogue.Model.withEmbeddings(in: database) {
      do {
        try model.makeMissingPoints(telling: progress, in: database)
      } catch let error as MorphologyError {
        progress.note("WARNING: no points of model \(model.id): \(error)")
      }
    }
  }

  /// Finds the points of all embeddings that lack one, also of those that are made meanwhile; where another process
  /// does so already, it is left to that, and said.
  ///
  /// - Throws: `MorphologyError` for embeddings that are not finite; `PostgresError`.
  func makeMissingPoints(
    telling progress: any ProgressDisplay, in database: Connection
  ) throws {
    guard try embeddingCount(in: database) > 1 else { return }
    var made: [Int: Int] = [:]
    // Of a survey that is being embedded just now some are always missing: who embeds it makes the last.
    func next() throws -> (survey: Survey, embeddings: Int)? {
      try surveysWithoutPoints(in: database).first { made[$0.survey.id, default: 0] < 2 }
    }
    while try next() != nil {
      let isMade = try makePoints(in: database) { database in
        while let (survey, count) = try next() {
          made[survey.id, default: 0] += 1
          let space = try currentSpace(in: database)
          try makePoints(of: survey, count, in: space, telling: progress, in: database)
        }
      }
      guard isMade else {
        return progress.note(
          "another process finds the points of model \(id); call again where it was stopped")
      }
    }
  }

  /// The model's space; found anew where there was none, or few embeddings to find it from and twice as many by now.
  private func currentSpace(in database: Connection) throws -> PrincipalSpace {
    let count = try embeddingCount(in: database)
    if let known = try space(in: database), known.madeOf >= min(Self.enough, (count + 1) / 2),
      let space = PrincipalSpace(known)
    {
      return space
    }
    let space = try PrincipalSpace(
      fitting: embeddings(sampled: Self.enough, in: database).points)
    try write(ModelSpace(space, madeOf: count), in: database)
    return space
  }

  private func makePoints(
    of survey: Survey, _ all: Int, in space: PrincipalSpace, telling progress: any ProgressDisplay,
    in database: Connection
  ) throws {
    let sample = try embeddings(sampled: Self.enough, of: survey, in: database).points
    guard sample.rows > 0 else { return }
    let centres = cells(of: space.points(of: sample), count: Int(Double(all).squareRoot()))
    var (last, done) = (Int.min, 0)
    try replacePoints(
      of: survey, centres: (0..<centres.rows).map { Array(centres.row($0)) }, in: database
    ) {
      let embeddings = try self.embeddings(of: survey, behind: last, atMost: 8192, in: database)
      last = embeddings.last?.cutout ?? last
      done += embeddings.count
      if all > 8192 { progress.update("placing embeddings", done: done, of: max(all, done)) }
      return points(of: embeddings, in: space, centres: centres)
    }
  }

  private func points(
    of embeddings: [Catalogue.Embedding], in space: PrincipalSpace, centres: Tensor
  ) -> [Point] {
    if embeddings.isEmpty { return [] }
    let points = space.points(of: embeddings.points)
    let nearest = nearestNeighbours(of: points, in: centres, count: 1).indices
    return embeddings.enumerated().map { row, embedding in
      Point(
        source: embedding.source, cutout: embedding.cutout, cell: Int(nearest[row]),
        vector: Array(points.row(row)))
    }
  }
}

/// The centres of cells in which points lie close together, `[at most count, dimensions]`, of unit length.
private func cells(of points: Tensor, count: Int) -> Tensor {
  let count = min(max(1, count), points.rows)
  let start = points.rows(at: (0..<count).map { $0 * points.rows / count })
  return KMeans(points, from: start, rounds: 10).centroids.onUnitSphere()
}

extension PrincipalSpace {
  fileprivate init?(_ stored: ModelSpace) {
    let mean = Tensor(shape: [stored.mean.count], values: stored.mean)
    guard !stored.mean.isEmpty, stored.axes.count.isMultiple(of: stored.mean.count) else {
      return nil
    }
    let axes = Tensor(
      shape: [stored.axes.count / stored.mean.count, stored.mean.count], values: stored.axes)
    self.init(mean: mean, axes: axes, keptVariance: stored.keptVariance)
  }
}

extension ModelSpace {
  fileprivate init(_ space: PrincipalSpace, madeOf: Int) {
    self.init(
      madeOf: madeOf, keptVariance: space.keptVariance, mean: space.mean.values,
      axes: space.axes.values)
  }
}
