import Catalogue
import Foundation
public import Morphology
public import NeuralNetwork
import PostgreSQL
import Tensor

/// Teaches a classifier the labels that people gave, from a pre-trained encoder.
public struct FinetuneStage: Codable, Sendable {
  /// The survey whose labels are learned.
  public var survey: String

  /// The classes.
  public var scheme = ClassScheme.twelveClasses

  /// The encoder to begin from; the newest where it is `nil`.
  public var model: Int?

  /// Begin from random weights of this shape instead of an encoder's, for comparison.
  public var fromScratch: Architecture?

  /// How cutouts are prepared; as the encoder's where it is `nil`.
  public var preprocessing: Preprocessing?

  /// What decides the learning; the number of classes is set to those that have labels.
  public var learning = FineTuning.Options(classes: 2)

  /// Sources within this many arcsec of each other share a fold.
  public var groupRadius = 10.0

  /// Describes the usual fine-tuning on a survey's labels.
  public init(survey: String) {
    self.survey = survey
  }

  /// What fine-tuning did.
  public struct Metrics: Codable, Sendable {
    /// The classifier.
    public var model: Int
    /// Labelled sources that taught it.
    public var labels: Int
    /// Labels by class.
    public var byClass: [String: Int]
    /// Labelled sources without an image.
    public var withoutImage: Int
    /// What divides the logits.
    public var temperature: Float
    /// On the folds that were held out in turn; `nil` without folds.
    public var heldOut: HeldOut?
    /// Seconds of learning by this process.
    public var seconds: Double
  }

  /// How well the folds do that were held out.
  public struct HeldOut: Codable, Sendable {
    /// The part that was called right.
    public var accuracy: Double
    /// The mean F1 of the classes.
    public var macroF1: Double
    /// The expected calibration error after temperature scaling.
    public var calibrationError: Double
  }
}

/// What a fine-tuning learns from.
private struct LabelledImages: Sendable {
  var classes: [ModelClass]
  var sources: [TrainingSource]
  var images: [Prepared]
  var truth: [Int]
  var groups: [Int]
  var withoutImage: Int
}

extension Workplace {
  /// Fine-tunes a classifier; where an earlier process was stopped, goes on from its checkpoint.
  ///
  /// - Throws: `CatalogueError` without labels or encoder, `LearnError` where labels do not
  ///   suffice.
  public func finetune(_ stage: FinetuneStage) async throws -> StageReport<FinetuneStage.Metrics> {
    let survey = try await survey(stage.survey)
    let (scheme, model, work) = try await database.with { database in
      let scheme = try ClassScheme.named(stage.scheme, in: database)
      let model =
        stage.fromScratch == nil
        ? try Catalogue.Model.find(.encoder, numbered: stage.model, in: database) : nil
      var resolved = stage
      resolved.model = model?.id
      let work = Work(
        stage: "finetune", parameters: try JSON(encoding: resolved), seed: stage.learning.seed,
        inputs: [
          try survey.labelInput(scheme: scheme, in: database),
          try survey.cutoutInput(in: database),
        ],
        parents: (model.map { [.init(run: $0.run, role: "encoder")] } ?? [])
          + (try survey.labelRuns(scheme: scheme, in: database))
          + (try survey.cutoutRuns(in: database)))
      return (scheme, model, work)
    }
    return try await perform(work) {
      try await learn(stage, survey, scheme: scheme, from: model, run: $0)
    }
  }

  private func learn(
    _ stage: FinetuneStage, _ survey: Survey, scheme: ClassScheme, from model: Catalogue.Model?,
    run: Int
  ) async throws -> FinetuneStage.Metrics {
    let (encoder, preprocessing) = try await start(stage, from: model)
    let labelled = try await labelledImages(stage, survey, scheme: scheme, by: preprocessing)
    var options = stage.learning
    options.classes = labelled.classes.count
    if stage.fromScratch != nil { options.probeEpochs = 0 }
    var training = try FineTuning(
      encoder: encoder, options: options, images: labelled.images, classes: labelled.truth,
      groups: labelled.groups)
    var seen = labelled.sources
    for (index, fold) in training.folds.enumerated() { seen[index].fold = fold }
    let taught = seen
    try await database.with { try survey.write(taught, run: run, in: $0) }
    var session = TrainingSession(workplace: self, run: run)
    if let saved = try await session.resume() {
      try training.load(saved.state, position: saved.step)
      progress.note("going on after part \(saved.step) of \(training.total)")
    }
    try await session.run(&training)
    guard let classifier = training.classifier() else {
      throw MorphologyError.badState("the training ended early")
    }
    let id = try await session.store(
      .classifier, parent: model?.id,
      ModelDescription(
        architecture: encoder.architecture, preprocessing: preprocessing,
        temperature: classifier.temperature),
      weights: classifier.state)
    try await database.with {
      try Catalogue.Model.find(.classifier, numbered: id, in: $0)
        .write(labelled.classes, scheme: scheme, in: $0)
    }
    return FinetuneStage.Metrics(
      model: id, labels: labelled.truth.count,
      byClass: Dictionary(
        labelled.classes.map { ($0.name, $0.labels) }, uniquingKeysWith: { $1 }),
      withoutImage: labelled.withoutImage, temperature: classifier.temperature,
      heldOut: try training.heldOut(truth: labelled.truth), seconds: session.seconds)
  }

  /// The encoder to begin from and how its cutouts are prepared.
  private func start(
    _ stage: FinetuneStage, from model: Catalogue.Model?
  ) async throws -> (Encoder, Preprocessing) {
    guard let model else {
      let architecture = stage.fromScratch ?? Architecture()
      return (
        Encoder(architecture, seed: stage.learning.seed), stage.preprocessing ?? Preprocessing()
      )
    }
    let (encoder, own) = try await database.with { try model.encoder(in: $0) }
    return (encoder, stage.preprocessing ?? own)
  }

  /// The labelled sources that have an image, in the order of the sources.
  private func labelledImages(
    _ stage: FinetuneStage, _ survey: Survey, scheme: ClassScheme, by preprocessing: Preprocessing
  ) async throws -> LabelledImages {
    let (consensus, positions) = try await database.with { database in
      let positions = try survey.sources(in: database).map { ($0.id, $0.position) }
      return (
        try survey.consensus(scheme: scheme, in: database),
        Dictionary(positions, uniquingKeysWith: { $1 })
      )
    }
    let cutouts = try await prepared(survey, by: preprocessing, only: consensus.map(\.source))
    let labels = Dictionary(consensus.map { ($0.source, $0) }, uniquingKeysWith: { $1 })
    let said = cutouts.compactMap { labels[$0.source] }
    let counts = said.reduce(into: [Int16: Int]()) { $0[$1.classID, default: 0] += 1 }
    let classes = scheme.classes.compactMap { item in
      counts[item.id].map { ModelClass(id: item.id, name: item.name, labels: $0) }
    }
    guard classes.count > 1 else {
      if let only = classes.first { throw LearnError.oneClass(only.name) }
      throw LearnError.tooFewLabels(survey: survey.name, scheme: scheme.name, have: 0, need: 2)
    }
    let places = Dictionary(classes.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { $1 })
    return LabelledImages(
      classes: classes,
      sources: zip(cutouts, said).map {
        TrainingSource(
          source: $0.source, cutout: $0.cutout, classID: $1.classID, labels: $1.labels)
      },
      images: cutouts.map(\.image), truth: said.compactMap { places[$0.classID] },
      groups: positionGroups(
        cutouts.map { positions[$0.source] ?? nil }, radius: stage.groupRadius),
      withoutImage: consensus.count - cutouts.count)
  }
}

extension TrainingSession {
  /// Does all parts that are left, with a checkpoint now and then.
  fileprivate mutating func run(_ training: inout FineTuning) async throws {
    var meter = RunMeter(workplace, run: run, "fine-tuning, parts", of: training.total)
    while !training.isFinished {
      let part = training.advance()
      add("loss of round \(part.round + 1)", part.epoch, Double(part.loss))
      let round =
        part.round < training.options.folds ? "fold \(part.round + 1)" : "all labels"
      try await meter.update(
        part.position, detail: "\(round), epoch \(part.epoch), loss \(rounded(part.loss))")
      if isCheckpointDue || training.isFinished {
        try await save(step: training.position, training.state)
      }
    }
  }
}

extension FineTuning {
  /// How well the folds do that were held out in turn.
  fileprivate func heldOut(truth: [Int]) throws -> FinetuneStage.HeldOut? {
    guard let probabilities = heldOutProbabilities() else { return nil }
    let evaluation = try Evaluation(truth: truth, probabilities: probabilities)
    let confusion = evaluation.confusion()
    return FinetuneStage.HeldOut(
      accuracy: confusion.accuracy, macroF1: confusion.macro.f1,
      calibrationError: Calibration(evaluation).expectedError)
  }
}
