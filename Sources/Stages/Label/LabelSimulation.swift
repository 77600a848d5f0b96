public import Catalogue
public import Morphology
import PostgreSQL
import Tensor

/// Annotators who answer from known classes, to compare ways of choosing what to label.
///
/// What is found is how many labels each way needs for the same macro F1; nothing is written.
/// In every repeat a part of the survey is held out before anything is chosen, positions within
/// `radius` together, so that nothing judged lies beside something labelled. From the rest each
/// strategy chooses sources, the annotator answers, and a linear probe over the embeddings learns
/// from these answers alone. The probe is the same for all.
public struct LabelSimulation: Codable, Sendable {
  /// The survey.
  public var survey: String

  /// How a file of true classes is read; without a file the labels in the database serve.
  public var truth: LabelImport

  /// The encoder; the newest that embedded the survey where it is `nil`.
  public var model: ModelName?

  /// Ways of choosing; the first is what the others are compared with.
  public var strategies = Strategy.allCases

  /// Numbers of decisions, rising.
  public var counts = [12, 25, 50, 100, 200]

  /// How often all is repeated, with other held-out parts and chances.
  public var repeats = 10

  /// Labels after which suggestions are made anew, once variety is no longer what counts.
  public var batch = 10

  /// One in so many sources is held out.
  public var parts = 3

  /// Sources within this many arcsec of each other stand on the same side.
  public var radius = 10.0

  /// Clusters that sources are chosen from by cluster.
  public var clusters = 60

  /// Whether from each number of labels by chance the scores with the greater numbers are forecast.
  public var forecasts = false

  /// What decides suggestions, and the probe.
  public var options = Suggestion.Options()

  /// Decides the held-out parts and everything drawn.
  public var seed: UInt64 = 1

  /// Describes a simulation for a survey, with the defaults.
  public init(survey: String) {
    self.survey = survey
    truth = LabelImport(survey: survey)
  }

  /// A way of choosing what to label.
  public enum Strategy: String, Codable, Sendable, CaseIterable {
    /// By chance.
    case random
    /// From all clusters alike, as `reber label choose`.
    case clusters
    /// As `reber label suggest`, anew after every batch.
    case suggested
    /// The same, each with what is most like it: where all are of one class, all get it by one decision.
    case grouped
  }

  /// What a strategy reached.
  public struct Outcome: Codable, Sendable {
    /// The strategy.
    public var strategy: Strategy
    /// The mean macro F1 by number of decisions.
    public var macroF1: [Double]
    /// Its 95% bootstrap interval over the repeats.
    public var intervals: [Interval]
    /// Decisions needed for what the first strategy reaches.
    public var needs: [LearningCurve.Need]
    /// The mean number of labels by number of decisions.
    public var labels: [Double]
    /// Macro F1 of every repeat.
    public var curve: LearningCurve
  }

  /// What all strategies reached.
  public struct Metrics: Codable, Sendable {
    /// Sources with a true class and an embedding.
    public var sources: Int
    /// Sources by class.
    public var byClass: [String: Int]
    /// Sources held out in the first repeat.
    public var heldOut: Int
    /// Mean macro F1 of a probe that learns all sources that may be labelled.
    public var allLabels: Double
    /// By strategy.
    public var outcomes: [Outcome]
    /// How often forecasts held; `nil` where none was made.
    public var forecasts: [ForecastHits]?
  }

  /// How forecasts from a number of labels held, of what another number gives.
  public struct ForecastHits: Codable, Sendable {
    /// The labels that were known.
    public var from: Int
    /// The labels whose score was forecast.
    public var to: Int
    /// Forecasts.
    public var made: Int
    /// Those whose interval held the score.
    public var held: Int
    /// The mean of forecast less score.
    public var bias: Double
    /// The mean width of the intervals.
    public var width: Double
  }
}

extension Workplace {
  /// Lets simulated annotators label a survey, without writing anything.
  ///
  /// - Throws: `LabelError` for the file, `LearnError.tooFewLabels` for too few true classes.
  public func simulateLabels(
    _ simulation: LabelSimulation, truth path: String? = nil
  ) async throws -> LabelSimulation.Metrics {
    let survey = try await survey(simulation.survey)
    let field = try await database.with { database in
      try ClassScheme.find(simulation.truth.scheme, in: database)?
        .checkOneClass(for: "a simulation of labelling")
      let truth =
        try path.map { try simulation.truth.classes(in: $0, of: survey, database) }
        ?? Consensus.names(
          of: survey,
          scheme: try ClassScheme.named(simulation.truth.scheme, in: database), in: database)
      return try simulation.field(of: survey, truth: truth, in: database)
    }
    var curves: [LabelSimulation.Strategy: [[Rehearsal.Score]]] = [:]
    var ceiling = 0.0
    var forecasts: [[LabelSimulation.ForecastHits]] = []
    for round in 0..<simulation.repeats {
      progress.update("repeats", done: round, of: simulation.repeats)
      let trial = Rehearsal(field, simulation, round: round)
      ceiling += try trial.macroF1(of: Array(trial.pool.indices)) / Double(simulation.repeats)
      for strategy in simulation.strategies {
        curves[strategy, default: []].append(try trial.scores(strategy))
      }
      if simulation.forecasts { forecasts.append(try trial.forecasts()) }
    }
    progress.update("repeats", done: simulation.repeats, of: simulation.repeats)
    var metrics = simulation.metrics(field, curves, ceiling: ceiling)
    metrics.forecasts = forecasts.first?.indices.map { place in
      LabelSimulation.ForecastHits(forecasts.map { $0[place] })
    }
    return metrics
  }
}

/// Sources whose classes are known.
private struct AnnotatedField: Sendable {
  var embeddings: Tensor
  /// What the probe sees, the same for all.
  var points: Tensor
  var truth: [Int]
  var groups: [Int]
  var classes: [String]
}

extension LabelSimulation {
  fileprivate func field(
    of survey: Survey, truth: [Int: String], in database: Connection
  ) throws -> AnnotatedField {
    let newest = try NewestWork.on(survey, in: database).model.map(ModelName.number)
    let model = try Catalogue.Model.find(.encoder, called: model ?? newest, in: database)
    let embeddings = try model.embeddings(of: survey, in: database)
      .filter { truth[$0.source] != nil }
    let needed = max((counts.max() ?? 1) * parts / max(1, parts - 1) + parts, 2 * parts)
    guard embeddings.count >= needed else {
      throw LearnError.tooFewLabels(
        survey: survey.name, scheme: self.truth.scheme, have: embeddings.count, need: needed)
    }
    let said = embeddings.compactMap { truth[$0.source] }
    let classes = Set(said).sorted()
    guard classes.count > 1 else { throw LearnError.oneClass(classes.first ?? "") }
    let positions = try StoredSource.positions(of: survey, in: database)
    let points = embeddings.points
    return AnnotatedField(
      embeddings: points,
      points: try points.inPrincipalSpace(options.space),
      truth: said.compactMap { classes.firstIndex(of: $0) },
      groups: positionGroups(
        embeddings.map { positions[$0.source] }, radius: radius), classes: classes)
  }

  fileprivate func metrics(
    _ field: AnnotatedField, _ scores: [Strategy: [[Rehearsal.Score]]], ceiling: Double
  ) -> Metrics {
    let curves = scores.mapValues { repeats in
      LearningCurve(counts: counts, scores: repeats.map { $0.map(\.macroF1) })
    }
    let first = strategies.first.flatMap { curves[$0] }
    let outcomes = strategies.compactMap { strategy in
      curves[strategy].map { curve in
        Outcome(
          strategy: strategy, macroF1: curve.means, intervals: curve.intervals(seed: seed),
          needs: first.map { curve.needs(against: $0, seed: seed) } ?? [],
          labels: meanLabels(scores[strategy] ?? []), curve: curve)
      }
    }
    return Metrics(
      sources: field.truth.count,
      byClass: field.truth.reduce(into: [:]) { $0[field.classes[$1], default: 0] += 1 },
      heldOut: Rehearsal(field, self, round: 0).held.count, allLabels: ceiling, outcomes: outcomes)
  }
}

extension LabelSimulation {
  /// By number of decisions.
  fileprivate func meanLabels(_ repeats: [[Rehearsal.Score]]) -> [Double] {
    counts.indices.map { place in
      repeats.reduce(0) { $0 + Double($1[place].labels) } / Double(max(1, repeats.count))
    }
  }
}

extension LabelSimulation.ForecastHits {
  /// Those of all repeats together.
  fileprivate init(_ repeats: [Self]) {
    let count = Double(max(1, repeats.count))
    self.init(
      from: repeats.first?.from ?? 0, to: repeats.first?.to ?? 0, made: repeats.count,
      held: repeats.reduce(0) { $0 + $1.held }, bias: repeats.reduce(0) { $0 + $1.bias } / count,
      width: repeats.reduce(0) { $0 + $1.width } / count)
  }
}

/// One repeat: what is held out, and what may be labelled.
private struct Rehearsal {
  let field: AnnotatedField
  let simulation: LabelSimulation
  let seed: UInt64
  let held: [Int]
  let pool: [Int]

  init(_ field: AnnotatedField, _ simulation: LabelSimulation, round: Int) {
    self.field = field
    self.simulation = simulation
    var random = RandomStream(simulation.seed, round)
    seed = random.next()
    let folds = stratifiedFolds(
      classes: field.truth, groups: field.groups, folds: simulation.parts, seed: seed)
    held = folds.indices.filter { folds[$0] == 0 }
    pool = folds.indices.filter { folds[$0] != 0 }
  }

  /// What a number of decisions gives.
  struct Score {
    let macroF1: Double
    let labels: Int
  }

  /// What each number of decisions gives.
  func scores(_ strategy: LabelSimulation.Strategy) throws -> [Score] {
    let most = simulation.counts.max() ?? 0
    let decisions =
      switch strategy {
      case .random: byChance().map { [$0] }
      case .clusters: try byCluster().map { [$0] }
      case .suggested: try suggested(most, company: 0)
      case .grouped: try suggested(most, company: simulation.options.company)
      }
    return try simulation.counts.map { count in
      let labelled = Array(decisions.prefix(count).joined())
      return Score(macroF1: try macroF1(of: labelled), labels: labelled.count)
    }
  }

  /// Of the held-out sources, by a probe that learned some of the pool.
  func macroF1(of labelled: [Int]) throws -> Double {
    let rows = labelled.map { pool[$0] }
    let probe = try LinearProbe(
      field.points.rows(at: rows), truth: rows.map { field.truth[$0] },
      classes: field.classes.count, options: simulation.options.probe)
    let judged = try Evaluation(
      truth: held.map { field.truth[$0] },
      probabilities: probe.probabilities(of: field.points.rows(at: held)))
    return judged.confusion().macro.f1
  }

  /// What is forecast for numbers of labels by chance from each smaller one that suffices.
  func forecasts() throws -> [LabelSimulation.ForecastHits] {
    let order = byChance()
    let scores = try simulation.counts.map { try macroF1(of: Array(order.prefix($0))) }
    return try simulation.counts.indices.flatMap { from -> [LabelSimulation.ForecastHits] in
      let count = simulation.counts[from]
      let later = simulation.counts.indices.dropFirst(from + 1)
      guard count >= ScoreForecast.fewest, !later.isEmpty else { return [] }
      let rows = order.prefix(count).map { pool[$0] }
      var options = ScoreForecast.Options()
      (options.probe, options.seed) = (simulation.options.probe, seed)
      let found = try ScoreForecast(
        field.points.rows(at: rows), truth: rows.map { field.truth[$0] },
        classes: field.classes.count, more: later.map { simulation.counts[$0] - count },
        options: options)
      return zip(later, found.points.dropFirst()).map { place, point in
        let isHeld = (point.interval.low...point.interval.high).contains(scores[place])
        return LabelSimulation.ForecastHits(
          from: count, to: point.labels, made: 1, held: isHeld ? 1 : 0,
          bias: point.score - scores[place], width: point.interval.high - point.interval.low)
      }
    }
  }

  private func byChance() -> [Int] {
    var random = RandomStream(seed, 1)
    return pool.indices.shuffled(using: &random)
  }

  /// In turn each cluster, the largest first, gives its most central source, then others by chance.
  private func byCluster() throws -> [Int] {
    var options = ClusteredSpace.Options()
    options.clusters = simulation.clusters
    options.restarts = 1
    options.seed = seed
    let clustering = try ClusteredSpace(
      field.embeddings.rows(at: pool), options: options)
    var random = RandomStream(seed, 2)
    return clustering.clusters.enumerated().flatMap { number, cluster in
      let others = cluster.members.filter { $0 != cluster.medoid }.shuffled(using: &random)
      return ([cluster.medoid] + others).enumerated().map { ($0, number, $1) }
    }.sorted { $0 < $1 }.map(\.2)
  }

  /// The sources that each decision gives a label: a pick, and with it its company where all of that is of its class.
  private func suggested(_ count: Int, company: Int) throws -> [[Int]] {
    var options = simulation.options
    options.seed = seed
    let space = SuggestionSpace(
      try field.embeddings.rows(at: pool).inPrincipalSpace(options.space), options: options)
    var decisions: [[Int]] = []
    var labels: [Int: Int] = [:]
    while decisions.count < count {
      // Variety is sought for all of the first labels at once.
      let wanted = max(simulation.batch, options.variety - decisions.count)
      let next = try space.suggest(min(wanted, count - decisions.count), labelled: labels)
      guard !next.picks.isEmpty else { break }
      for pick in next.picks where labels[pick.row] == nil {
        let open = company > 0 ? pool.indices.filter { labels[$0] == nil } : []
        let alike = space.nearest(company, to: [pick.row], among: open)[0]
        let isOneClass = alike.allSatisfy { field.truth[pool[$0]] == field.truth[pool[pick.row]] }
        decisions.append([pick.row] + (isOneClass ? alike : []))
        for row in decisions[decisions.count - 1] { labels[row] = field.truth[pool[row]] }
      }
    }
    return decisions
  }
}
