public import Catalogue
import PostgreSQL

/// Gives all sources of a cluster one label.
public struct LabelCluster: Stage, Stored {
  public static let name = StageName.label
  public static var usual: Self? {
    Self(survey: "", cluster: 0, className: "", annotator: "")
  }

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
  public struct Metrics: Stored {
    /// Labels written.
    public var labels: Int
    /// Sources of the cluster that were left out.
    public var leftOut: Int
  }
}

extension LabelCluster {
  /// Labels a cluster, in one transaction.
  ///
  /// - Throws: `CatalogueError` for a class or source that does not exist, or an empty cluster.
  public func plan(in place: Workplace) async throws -> Plan<Metrics> {
    let survey = try await place.survey(survey)
    let clustering = try await place.database.with {
      try Clustering.find(of: survey, numbered: self.clustering, in: $0)
    }
    var resolved = self
    resolved.clustering = clustering.id
    let work = try self.work(resolved, parents: [.init(run: clustering.run, role: "clusters")])
    return Plan(work) { run in { try label(clustering, of: survey, run: run, in: $0) } }
  }

  private func label(
    _ clustering: Clustering, of survey: Survey, run: Int, in database: Connection
  ) throws -> Metrics {
    let scheme = try ClassScheme.named(scheme, in: database)
    try scheme.checkOneClass(for: "labelling a cluster")
    let classID = try scheme.classID(named: className)
    let names = try Source.keys(of: survey, in: database)
    let left = try except.map { name in
      guard let id = names[name] else {
        throw CatalogueError.unknownSource(name, survey: survey.name)
      }
      return id
    }
    let members = try clustering.members(of: cluster, in: database)
    guard !members.isEmpty else {
      throw CatalogueError.missing(
        "source in cluster \(cluster) of clustering \(clustering.id)",
        hint: "'reber cluster' and 'reber show clusters' list them")
    }
    let labelled = members.filter { !left.contains($0) }
    try Label.write(
      labelled.map { Label(source: $0, classID: classID, annotator: annotator) }, of: survey,
      scheme: scheme, method: .cluster(cluster, clustering: clustering.id), run: run,
      in: database)
    return Metrics(labels: labelled.count, leftOut: members.count - labelled.count)
  }
}
