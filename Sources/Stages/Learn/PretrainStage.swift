import Catalogue
import Digest
import Foundation
public import Morphology
import NeuralNetwork
import PostgreSQL
import Tensor

/// Learns a space in which similar-looking sources are neighbours, without labels.
public struct PretrainStage: Codable, Sendable {
  /// The surveys whose images are learned from.
  public var surveys: [String]

  /// How cutouts become what the network sees.
  public var preprocessing = Preprocessing()

  /// What decides the learning.
  public var learning = Pretraining.Options()

  /// Describes the usual pre-training on surveys.
  public init(surveys: [String]) {
    self.surveys = surveys
  }

  /// What pre-training did.
  public struct Metrics: Codable, Sendable {
    /// The encoder.
    public var model: Int
    /// Images it learned from.
    public var sources: Int
    /// Images left out since nothing in them rises above the noise.
    public var empty: Int
    /// Passes over the images.
    public var epochs: Int
    /// Steps.
    public var steps: Int
    /// The mean NT-Xent loss of the last epoch.
    public var loss: Float?
    /// Seconds of learning by this process; less than the whole where it went on.
    public var seconds: Double
    /// Seconds of processor time, of all cores; not known of older runs.
    public var processorSeconds: Double?
  }
}

extension Workplace {
  /// Pre-trains an encoder; where an earlier process was stopped, goes on from its checkpoint.
  ///
  /// - Throws: `CatalogueError` without images, `MorphologyError` for options that cannot be.
  public func pretrain(_ stage: PretrainStage) async throws -> StageReport<PretrainStage.Metrics> {
    var surveys: [Survey] = []
    for name in stage.surveys { surveys.append(try await survey(name)) }
    let chosen = surveys
    let work = try await database.with { database in
      Work(
        stage: "pretrain", parameters: try JSON(encoding: stage), seed: stage.learning.seed,
        inputs: try chosen.map { try $0.cutoutInput(in: database) },
        parents: try chosen.flatMap { try $0.cutoutRuns(in: database) })
    }
    return try await perform(work) { try await learn(stage, from: chosen, run: $0) }
  }

  private func learn(
    _ stage: PretrainStage, from surveys: [Survey], run: Int
  ) async throws -> PretrainStage.Metrics {
    let (images, empty) = try await trainingImages(of: surveys, by: stage.preprocessing, run: run)
    if let advice = stage.learning.architecture.advice { progress.note(advice) }
    var session = TrainingSession(workplace: self, run: run)
    var training = try Pretraining(
      stage.learning, images: images, engine: means.recomputesMaps ? engine.sparingMemory : engine)
    if let saved = try await session.resume() {
      try training.load(saved.state, position: saved.step)
      progress.note("going on after step \(saved.step) of \(training.total)")
    }
    try await session.run(&training, as: "learning, steps")
    let scale = try await database.with { try AngularScale.learned(by: run, in: $0) }
    let model = try await session.store(
      .encoder, parent: nil,
      ModelDescription(
        architecture: stage.learning.architecture, preprocessing: stage.preprocessing,
        scale: scale),
      weights: training.encoder.state)
    return PretrainStage.Metrics(
      model: model, sources: images.count, empty: empty, epochs: stage.learning.epochs,
      steps: training.total,
      loss: try await session.meanLoss(of: training.stepsPerEpoch, until: training.total),
      seconds: session.seconds, processorSeconds: session.processorSeconds)
  }
}
