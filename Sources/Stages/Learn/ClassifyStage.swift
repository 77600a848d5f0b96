import Catalogue
public import Morphology
public import NeuralNetwork
import PostgreSQL
import Tensor

/// Gives every image of a survey a probability for each class.
public struct ClassifyStage: Codable, Sendable {
  /// The survey.
  public var survey: String

  /// The classifier; the newest where it is `nil`.
  public var model: Int?

  /// Whether images are brought to what the classifier knows; the usual where it is `nil`.
  public var scale: ScaleOptions?

  /// What the network computes with; float32 where it is `nil`.
  public var precision: Precision?

  /// How images are prepared, where that is not as the classifier's own; the stage finds it.
  public internal(set) var preprocessing: Preprocessing?

  /// Describes a classification of a survey by the newest classifier.
  public init(survey: String) {
    self.survey = survey
  }

  /// What classification did.
  public struct Metrics: Codable, Sendable {
    /// The classifier.
    public var model: Int
    /// Sources that were classified.
    public var sources: Int
    /// Sources without an image, which cannot be.
    public var withoutImage: Int
    /// Sources by their most probable class.
    public var byClass: [String: Int]
    /// Of those, sources whose most probable class has at least 99%.
    public var sure: [String: Int]
    /// Sources that lie farther from everything labelled than 99% of the held-out labelled sources;
    /// `nil` where the classifier does not know.
    public var unlike: Int?
    /// How the survey's scale goes with the classifier's, where there is anything to say.
    public var notes: [String]?
  }
}

extension Workplace {
  /// Classifies the survey's images, batch by batch.
  public func classify(_ stage: ClassifyStage) async throws -> StageReport<ClassifyStage.Metrics> {
    let survey = try await survey(stage.survey)
    let (model, match, work) = try await database.with { database in
      let model = try Catalogue.Model.find(.classifier, numbered: stage.model, in: database)
      let match = try model.match(survey, options: stage.scale ?? ScaleOptions(), in: database)
      var resolved = stage
      resolved.model = model.id
      resolved.preprocessing = try match.preprocessing(unlikeThatOf: model)
      return (
        model, match,
        try model.work("classify", with: resolved, on: survey, as: "classifier", in: database)
      )
    }
    for note in match.notes { progress.note(note) }
    return try await perform(work) {
      try await classify(survey, by: model, match, stage.precision, run: $0)
    }
  }

  private func classify(
    _ survey: Survey, by model: Catalogue.Model, _ match: ScaleMatch, _ precision: Precision?,
    run: Int
  ) async throws -> ClassifyStage.Metrics {
    let (scheme, classes, classifier) = try await database.with { database in
      let (scheme, classes) = try model.classes(in: database)
      let classifier = try model.classifier(
        classes: classes.count, preparedBy: match.preprocessing, on: engine,
        computing: precision, in: database)
      return (scheme, classes, classifier)
    }
    let counts = try await database.with { try survey.counts(in: $0) }
    let done = try await database.with { try survey.classified(run: run, in: $0) }
    var meter = RunMeter(self, run: run, "classifying images", of: counts.cutouts - done)
    let lacking: SQL = """
      NOT EXISTS (
          SELECT FROM reber.prediction
          WHERE run_id = \(run) AND prediction.survey_id = cutout.survey_id
              AND prediction.source_id = cutout.source_id
      )
      """
    try await forEachBatch(of: survey, where: lacking) { batch in
      let images = try classifier.preprocessing.prepare(batch, beam: survey.observation.beam)
      let (table, unlikeness) = try classifier.judge(images.map(\.image))
      return images.enumerated().map { row, image in
        Prediction(
          source: image.source, cutout: image.cutout, probabilities: Array(table.row(row)),
          unlikeness: unlikeness?[row])
      }
    } write: {
      try model.write($0, of: survey, scheme: scheme, classes: classes, run: run, in: $1)
    } written: {
      try await meter.update($0)
    }
    let found = try await database.with { try survey.classCounts(run: run, in: $0) }
    let unlike = try await database.with {
      try survey.sources(unlikeAtLeast: 0.99, run: run, in: $0)
    }
    return ClassifyStage.Metrics(
      model: model.id, sources: found.reduce(0) { $0 + $1.sources },
      withoutImage: counts.sources - counts.cutouts,
      byClass: Dictionary(found.map { ($0.name, $0.sources) }, uniquingKeysWith: { $1 }),
      sure: Dictionary(found.map { ($0.name, $0.sure) }, uniquingKeysWith: { $1 }),
      unlike: unlike, notes: match.notes.isEmpty ? nil : match.notes)
  }
}
