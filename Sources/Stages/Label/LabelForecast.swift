public import Catalogue
public import Morphology
import PostgreSQL
import Tensor

/// How good a classifier may be expected to be with more labels of a survey, to tell when to stop.
public struct LabelForecast: Codable, Sendable {
  /// The survey.
  public var survey: String

  /// The class scheme.
  public var scheme = ClassScheme.twelveClasses

  /// The encoder whose embeddings are looked at; the newest that embedded the survey where `nil`.
  public var model: ModelName?

  /// Labels beyond those there are.
  public var more = [50, 100, 200]

  /// Chooses divisions and draws.
  public var seed: UInt64 = 1

  /// Describes a forecast for a survey, with the defaults.
  public init(survey: String) {
    self.survey = survey
  }

  /// What is expected.
  public struct Metrics: Codable, Sendable {
    /// The encoder.
    public var model: Int
    /// Labelled sources with an embedding.
    public var labels: Int
    /// Macro F1 with the labels there are, then with more.
    public var points: [ScoreForecast.Point]
  }
}

extension Workplace {
  /// Forecasts the macro F1 of a linear probe over the embeddings of a survey.
  ///
  /// - Throws: `LearnError.tooFewLabels` where labels do not suffice, `CatalogueError` without an encoder.
  public func forecastLabels(_ forecast: LabelForecast) async throws -> LabelForecast.Metrics {
    let survey = try await survey(forecast.survey)
    let (model, embeddings, truth) = try await database.with { database in
      let scheme = try ClassScheme.named(forecast.scheme, in: database)
      try scheme.checkOneClass(for: "a forecast")
      let newest = try NewestWork.on(survey, in: database).model.map(ModelName.number)
      let model = try Catalogue.Model.find(
        .encoder, called: forecast.model ?? newest, in: database)
      return (
        model.id, try model.embeddings(of: survey, telling: progress, in: database),
        try Consensus.names(of: survey, scheme: scheme, in: database)
      )
    }
    let rows = embeddings.indices.filter { truth[embeddings[$0].source] != nil }
    guard rows.count >= ScoreForecast.fewest else {
      throw LearnError.tooFewLabels(
        survey: survey.name, scheme: forecast.scheme, have: rows.count, need: ScoreForecast.fewest)
    }
    let said = rows.compactMap { truth[embeddings[$0].source] }
    let classes = Set(said).sorted()
    guard classes.count > 1 else { throw LearnError.oneClass(classes.first ?? "") }
    var options = ScoreForecast.Options()
    options.seed = forecast.seed
    let found = try ScoreForecast(
      embeddings.points.inPrincipalSpace().rows(at: Array(rows)),
      truth: said.compactMap { classes.firstIndex(of: $0) }, classes: classes.count,
      more: forecast.more, options: options
    ) { progress.update("judging parts of the labels", done: $0, of: $1) }
    return LabelForecast.Metrics(model: model, labels: rows.count, points: found.points)
  }
}
