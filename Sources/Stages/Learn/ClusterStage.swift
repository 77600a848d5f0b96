public import Catalogue
public import Morphology
import PostgreSQL
import Tensor

/// Divides a survey's embeddings into many small clusters with a hierarchy above them.
public struct ClusterStage: Stage, Stored {
  public static let name = StageName.cluster

  /// Clusterings of before there was any whitening had none.
  public static var usual: Self? {
    var usual = Self(survey: "")
    usual.options.whitening = 0
    return usual
  }

  /// The survey.
  public var survey: String

  /// The encoder whose embeddings are clustered; the newest where it is `nil`.
  public var model: ModelName?

  /// What decides the clusters.
  public var options = ClusteredSpace.Options()

  /// Describes a clustering of a survey, with the defaults.
  public init(survey: String) {
    self.survey = survey
  }

  /// What clustering did.
  public struct Metrics: Stored {
    /// The key in `reber.clustering`.
    public var clustering: Int
    /// Sources that belong to a cluster.
    public var sources: Int
    /// Clusters, unions not counted.
    public var clusters: Int
    /// The part of the variance that the principal components kept.
    public var keptVariance: Double
    /// How far neighbours on the map are neighbours among the embeddings, 0 to 1.
    public var trustworthiness: Double?
    /// The same of the plane of the first two principal components.
    public var planeTrustworthiness: Double?
  }
}

extension ClusterStage {
  /// Clusters the survey's embeddings and stores the whole in one transaction.
  ///
  /// - Throws: `LearnError.notEmbedded` where images have no embedding.
  public func plan(in place: Workplace) async throws -> Plan<Metrics> {
    let survey = try await place.survey(survey)
    let (model, work) = try await place.database.with { database in
      let model = try Catalogue.Model.find(.encoder, called: self.model, in: database)
      let missing = try model.notEmbedded(of: survey, in: database)
      guard missing == 0 else {
        throw LearnError.notEmbedded(survey: survey.name, model: model.id, missing: missing)
      }
      var resolved = self
      resolved.model = .number(model.id)
      let work = try self.work(
        resolved, seed: options.seed, inputs: [Cutout.input(of: survey, in: database)],
        parents: model.embeddingRuns(of: survey, in: database))
      return (model, work)
    }
    return Plan(work) { try await cluster(survey, by: model, run: $0, in: place) }
  }

  private func cluster(
    _ survey: Survey, by model: Catalogue.Model, run: Int, in place: Workplace
  ) async throws -> Conclusion<Metrics> {
    let embeddings = try await place.database.with {
      try model.embeddings(of: survey, telling: place.progress, in: $0)
    }
    place.progress.note("clustering \(embeddings.count) embeddings")
    let points = embeddings.points
    let clustering = try ClusteredSpace(points, options: options)
    let sources = embeddings.map(\.source)
    place.progress.note("laying out a map of \(embeddings.count) embeddings")
    let layout = NeighbourLayout(clustering.points, seed: options.seed)
    return {
      let stored = try Catalogue.Clustering.write(
        nodes: clustering.nodes(of: points, sources: sources),
        members: clustering.members(sources: sources, at: layout.places), of: survey,
        model: model.id, run: run,
        in: $0)
      return Metrics(
        clustering: stored.id, sources: sources.count, clusters: clustering.clusters.count,
        keptVariance: clustering.keptVariance, trustworthiness: layout.trustworthiness,
        planeTrustworthiness: layout.planeTrustworthiness)
    }
  }
}

extension Catalogue.Model {
  /// The embeddings of a survey's current cutouts, in the order of their sources.
  func embeddings(
    of survey: Survey, telling progress: any ProgressDisplay, in database: Connection
  ) throws -> [Catalogue.Embedding] {
    let all = try survey.counts(in: database).cutouts
    func tell(_ read: Int, of all: Int) {
      progress.update("reading embeddings", done: read, of: all)
    }
    let found = try embeddings(of: survey, in: database) { tell($0, of: max($0, all)) }
    tell(found.count, of: found.count)
    return found
  }
}

extension [Catalogue.Embedding] {
  /// The vectors as rows, `[n, dimensions]`.
  var points: Tensor {
    Tensor(shape: [count, first?.vector.count ?? 0], values: flatMap(\.vector))
  }
}

extension ClusteredSpace {
  /// The clusters and their unions as rows, the clusters first.
  func nodes(of points: Tensor, sources: [Int]) -> [Catalogue.Clustering.Node] {
    let sphere = points.onUnitSphere()
    let parents = hierarchy.parents
    var nodes = clusters.enumerated().map { number, cluster in
      Catalogue.Clustering.Node(
        number: number, parent: parents[number], height: 0, members: cluster.members.count,
        centroid: sphere.columnMeans(of: cluster.members).map(Float.init),
        medoid: sources[cluster.medoid])
    }
    for (index, join) in hierarchy.joins.enumerated() {
      let (first, second) = (nodes[join.first], nodes[join.second])
      let part = Float(second.members) / Float(max(1, first.members + second.members))
      nodes.append(
        Catalogue.Clustering.Node(
          number: nodes.count, parent: parents[clusters.count + index],
          height: max(Float(join.height), .leastNormalMagnitude),
          members: first.members + second.members,
          centroid: zip(first.centroid, second.centroid).map { $0 + ($1 - $0) * part },
          medoid: (first.members >= second.members ? first : second).medoid))
    }
    return nodes
  }

  /// Every source's place in its leaf and on the map as a row.
  func members(sources: [Int], at places: Tensor) -> [Catalogue.Clustering.Member] {
    let boundary = Set(clusters.flatMap(\.boundary))
    return sources.indices.map { row in
      Catalogue.Clustering.Member(
        source: sources[row], cluster: assignments[row], distance: distances[row],
        outlierScore: outlierScores[row], isBoundary: boundary.contains(row),
        x: places.values[2 * row], y: places.values[2 * row + 1])
    }
  }
}
