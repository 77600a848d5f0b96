import Astronomy
public import Catalogue
public import Morphology
import PostgreSQL
import Tables
import Tensor

/// Which sources, or which clusters, a person should label next.
public struct LabelSuggestion: Codable, Sendable {
  /// The survey.
  public var survey: String

  /// The class scheme; labels in it count as known.
  public var scheme = ClassScheme.twelveClasses

  /// The encoder whose embeddings are looked at; the newest that embedded the survey where `nil`.
  public var model: ModelName?

  /// The clustering that clusters are named by; the newest where it is `nil`.
  public var clustering: Int?

  /// The most sources or clusters to suggest.
  public var count = 50

  /// What decides the picks.
  public var options = Suggestion.Options()

  /// Describes suggestions for a survey.
  public init(survey: String) {
    self.survey = survey
  }

  /// A source worth a person's look.
  public struct Source: Codable, Sendable, Equatable {
    /// The source's name.
    public var source: String
    /// Right ascension, ICRS, degrees.
    public var ra: Double?
    /// Declination, ICRS, degrees.
    public var dec: Double?
    /// Its cluster, where there is a clustering.
    public var cluster: Int?
    /// The part of all need for labels that this one covers, those before it given.
    public var gain: Double
    /// The doubt about it, 0 to 1.
    public var doubt: Float
    /// What it looks like so far; `nil` while nothing tells classes apart.
    public var guess: String?
    /// Sources without a label that lie nearest to it, the nearest first: one decision may do for all.
    public var company: [String]
  }

  /// A cluster worth opening.
  public struct Cluster: Codable, Sendable, Equatable {
    /// The cluster as it is listed.
    public var cluster: Catalogue.Clustering.Summary
    /// The part of all need for labels that lies in it.
    public var need: Double
    /// The mean doubt about its members, 0 to 1.
    public var doubt: Double
  }
}

/// What is known of a survey when suggestions are made.
private struct Known {
  var sources: [Int]
  var space: SuggestionSpace
  var labelled: [Int: Int]
  var suggestion: Suggestion
  var classes: [String]

  /// The sources that each pick is asked about with.
  func companies(_ count: Int) -> [[Int]] {
    let open = sources.indices.filter { labelled[$0] == nil }
    return space.nearest(count, to: suggestion.picks.map(\.row), among: open)
      .map { $0.map { sources[$0] } }
  }
}

extension Workplace {
  /// The sources whose labels would help a classifier most, in order.
  ///
  /// - Throws: `LearnError.notEmbedded` where images have no embedding.
  public func suggestSources(_ request: LabelSuggestion) async throws -> [LabelSuggestion.Source] {
    let survey = try await survey(request.survey)
    return try await database.with { database in
      let known = try request.known(
        of: survey, count: request.count, telling: progress, in: database)
      let stored = Dictionary(
        try StoredSource.all(of: survey, in: database).map { ($0.id, $0) }, uniquingKeysWith: { $1 }
      )
      let clusters = try request.clusters(of: survey, in: database)
      let companies = known.companies(request.options.company)
      return zip(known.suggestion.picks, companies).compactMap { pick, company in
        let id = known.sources[pick.row]
        return stored[id].map {
          LabelSuggestion.Source(
            source: $0.name, ra: $0.position?.ra, dec: $0.position?.dec, cluster: clusters[id],
            gain: pick.gain, doubt: known.suggestion.doubt[pick.row],
            guess: known.suggestion.guesses.map { known.classes[$0[pick.row]] },
            company: company.compactMap { stored[$0]?.name })
        }
      }
    }
  }

  /// The clusters that hold most of what labels have not covered, with what labels say of them.
  ///
  /// - Throws: `CatalogueError` without a clustering, `LearnError.notEmbedded` where images have no
  ///   embedding.
  public func suggestClusters(
    _ request: LabelSuggestion
  ) async throws -> [LabelSuggestion.Cluster] {
    let survey = try await survey(request.survey)
    return try await database.with { database in
      let clustering = try Catalogue.Clustering.find(
        of: survey, numbered: request.clustering, in: database)
      let summaries = try clustering.summaries(
        scheme: try ClassScheme.named(request.scheme, in: database), in: database)
      let known = try request.known(of: survey, count: 0, telling: progress, in: database)
      let ranked = known.needs(of: summaries, holding: try clustering.clusters(in: database))
        .sorted { ($1.need, $0.cluster.cluster) < ($0.need, $1.cluster.cluster) }
      return Array(ranked.prefix(request.count))
    }
  }
}

extension Known {
  /// What labels have not covered of each cluster; `clusters` says which source is in which.
  fileprivate func needs(
    of summaries: [Catalogue.Clustering.Summary], holding clusters: [Int: Int]
  ) -> [LabelSuggestion.Cluster] {
    var (need, doubt): ([Int: Double], [Int: Double]) = ([:], [:])
    for (row, source) in sources.enumerated() {
      guard let cluster = clusters[source] else { continue }
      need[cluster, default: 0] += Double(suggestion.need[row])
      doubt[cluster, default: 0] += Double(suggestion.doubt[row])
    }
    let whole = max(need.values.sorted().reduce(0, +), .leastNormalMagnitude)
    return summaries.map { summary in
      LabelSuggestion.Cluster(
        cluster: summary, need: (need[summary.cluster] ?? 0) / whole,
        doubt: (doubt[summary.cluster] ?? 0) / Double(max(1, summary.members)))
    }
  }
}

extension LabelSuggestion {
  /// Suggests from the survey's embeddings, labels and, where there are any, predictions.
  fileprivate func known(
    of survey: Survey, count: Int, telling progress: any ProgressDisplay, in database: Connection
  ) throws -> Known {
    let scheme = try ClassScheme.named(scheme, in: database)
    try scheme.checkOneClass(for: "a suggestion")
    let newest = try NewestWork.on(survey, in: database).model.map(ModelName.number)
    let model = try Catalogue.Model.find(.encoder, called: model ?? newest, in: database)
    let missing = try model.notEmbedded(of: survey, in: database)
    guard missing == 0 else {
      throw LearnError.notEmbedded(survey: survey.name, model: model.id, missing: missing)
    }
    let embeddings = try model.embeddings(of: survey, telling: progress, in: database)
    let sources = embeddings.map(\.source)
    let rows = Dictionary(sources.enumerated().map { ($1, $0) }, uniquingKeysWith: { $1 })
    let labelled = try Consensus.places(of: survey, scheme: scheme, rows: rows, in: database)
    let predicted = try Prediction.table(of: survey, scheme: scheme, rows: rows, in: database)
    let space = SuggestionSpace(
      try embeddings.points.inPrincipalSpace(options.space), options: options)
    let suggestion = try space.suggest(
      count, labelled: labelled,
      probabilities: predicted.map {
        Tensor(shape: [rows.count, scheme.classes.count], values: $0)
      }
    )
    return Known(
      sources: sources, space: space, labelled: labelled, suggestion: suggestion,
      classes: scheme.classes.map(\.name))
  }

  fileprivate func clusters(of survey: Survey, in database: Connection) throws -> [Int: Int] {
    let newest = try NewestWork.on(survey, in: database).clustering
    guard let number = clustering ?? newest else { return [:] }
    return try Catalogue.Clustering.find(of: survey, numbered: number, in: database)
      .clusters(in: database)
  }
}
