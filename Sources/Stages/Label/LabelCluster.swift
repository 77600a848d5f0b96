import Catalogue
import PostgreSQL

/// Gives all sources of a cluster one label.
public struct LabelCluster: Codable, Sendable {
  /// The survey.
  public var survey: String

  /// The cluster, or a union of clusters.
  public var cluster: Int

  /// The class.
  public var className: String

  /// Who says so.
  public var annotator: String

  /// The clustering; the newest where it is `nil`.
  public var clustering: Int?

  /// The class scheme.
  public var scheme = ClassScheme.twelveClasses

  /// Sources that do not belong, by name.
  public var except: [String] = []

  /// Describes a label for a cluster of the newest clustering.
  public init(survey: String, cluster: Int, className: String, annotator: String) {
    self.survey = survey
    self.cluster = cluster
    self.className = className
    self.annotator = annotator
  }

  /// What was labelled.
  public struct Metrics: Codable, Sendable {
    /// Labels written.
    public var labels: Int
    /// Sources of the cluster that were left out.
    public var leftOut: Int
  }
}

extension Workplace {
  /// Labels a cluster, in one transaction.
  ///
  /// - Throws: `CatalogueError` for a class or source that does not exist, or an empty cluster.
  public func labelCluster(_ options: LabelCluster) async throws -> StageReport<
    LabelCluster.Metrics
  > {
    let survey = try await survey(options.survey)
    let clustering = try await database.with {
      try Clustering.find(of: survey, numbered: options.clustering, in: $0)
    }
    var resolved = options
    resolved.clustering = clustering.id
    let work = Work(
      stage: "label", parameters: try JSON(encoding: resolved),
      parents: [.init(run: clustering.run, role: "clusters")])
    return try await perform(work) { run in
      try await database.with { database in
        let scheme = try ClassScheme.named(options.scheme, in: database)
        let classID = try scheme.classID(named: options.className)
        let names = try survey.sourceKeys(in: database)
        let left = try options.except.map { name in
          guard let id = names[name] else {
            throw CatalogueError.unknownSource(name, survey: survey.name)
          }
          return id
        }
        let members = try clustering.members(of: options.cluster, in: database)
        guard !members.isEmpty else {
          throw CatalogueError.missing(
            "source in cluster \(options.cluster) of clustering \(clustering.id)",
            hint: "'reber cluster' and 'reber show clusters' list them")
        }
        let labelled = members.filter { !left.contains($0) }
        try survey.write(
          labelled.map {
            Label(source: $0, classID: classID, annotator: options.annotator)
          }, scheme: scheme,
          method: .cluster(options.cluster, clustering: clustering.id), run: run, in: database)
        return LabelCluster.Metrics(
          labels: labelled.count, leftOut: members.count - labelled.count)
      }
    }
  }
}
