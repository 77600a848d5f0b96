public import Catalogue
import Digest
import Foundation
public import Morphology
public import NeuralNetwork
import PostgreSQL
import Tensor

/// Learns a space in which similar-looking sources are neighbours, without labels.
public struct PretrainStage: ComputingStage, Stored {
  public static let name = StageName.pretrain
  public static var usual: Self? { Self(surveys: []) }

  /// The surveys whose images are learned from.
  public var surveys: [String]

  /// The encoder to begin from, or a classifier, whose encoder it is; random weights where it is `nil`.
  ///
  /// Its shape is then that of the network.
  public var model: ModelName?

  /// How cutouts become what the network sees.
  public var preprocessing = Preprocessing()

  /// Sky shown, as a multiple of each source's size on its image, where that is less than the image;
  /// `nil` shows what `preprocessing` says.
  public var sizeFactor: Double? = Framing.usualSizeFactor

  /// What decides the learning.
  public var learning = Pretraining.Options()

  public var choosesPrecision = false

  /// Describes a pre-training on surveys, with the defaults.
  public init(surveys: [String]) {
    self.surveys = surveys
  }

  /// All but the size factor: the stage finds what it means for the images, and `preprocessing` says.
  private enum CodingKeys: CodingKey { case surveys, model, preprocessing, learning }

  /// What pre-training did.
  public struct Metrics: Warned {
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
    /// The loss of a network that tells no two sources apart; not known of older runs.
    public var chanceLoss: Float?
    /// That it learned next to nothing, where it did.
    public var warnings: [String]?
    /// Seconds of learning by this process; less than the whole where it went on.
    public var seconds: Double
    /// Seconds of processor time, of all cores and ranks; not known of older runs.
    public var processorSeconds: Double?
    /// How many ranks learned together, at the end; `nil` where one process learned by itself.
    public var ranks: Int?
    /// What the network computed with: `float32 by 512-bit kernels`; not known of older runs.
    public var computed: String?
  }
}

extension PretrainStage {
  /// What the encoder computes with.
  public var precision: Precision {
    get { learning.computed }
    set { learning.computed = newValue }
  }

  /// Pre-trains an encoder; where an earlier process was stopped, goes on from its checkpoint.
  ///
  /// - Throws: `CatalogueError` without images, `MorphologyError` for options that cannot be.
  public func plan(in place: Workplace) async throws -> Plan<Metrics> {
    let (start, notes, work) = try await place.database.with { database in
      let found = try self.surveys.map { try Survey.named($0, in: database) }
      let views = try FittedViews(
        of: found, preprocessing, sizeFactor: sizeFactor, in: database)
      var resolved = self
      resolved.preprocessing = views.preprocessing
      let model = try resolved.begin(in: database)
      let work = try self.work(
        resolved, seed: learning.seed, inputs: found.map { try Cutout.input(of: $0, in: database) },
        parents: (model.map { [.init(run: $0.run, role: $0.kind.rawValue)] } ?? [])
          + found.flatMap { try Cutout.runs(of: $0, in: database) })
      return (
        Start(stage: resolved, surveys: found, model: model),
        try views.notes + resolved.notes(of: model), work
      )
    }
    var plan = Plan(work) { try await start.stage.learn(start, run: $0, in: place) }
    (plan.notes, plan.precision) = (notes, precision)
    return plan
  }

  /// What the options name.
  private struct Start: Sendable {
    var stage: PretrainStage
    var surveys: [Survey]
    var model: Catalogue.Model?
  }

  /// Finds the model to begin from, and takes the shape of its encoder.
  private mutating func begin(in database: Connection) throws -> Catalogue.Model? {
    guard let name = model else { return nil }
    let found = try Catalogue.Model.find(.encoder, .classifier, called: name, in: database)
    model = .number(found.id)
    learning.architecture = try found.details().architecture
    learning.architecture.inputSize = preprocessing.size
    return found
  }

  /// What a person should know of the model to begin from.
  private func notes(of model: Catalogue.Model?) throws -> [String] {
    guard let model, case let known = try model.details().preprocessing, known != preprocessing
    else { return [] }
    return [
      """
      model \(model.id) was made for other views (\(known.size) pixels); these are as the options of this command say \
      (\(preprocessing.size) pixels)
      """
    ]
  }

  /// A loss above this part of that of chance is within its reach.
  private static let reachOfChance: Float = 0.9

  private func warning(loss: Float, chance: Float) -> String? {
    guard loss > Self.reachOfChance * chance else { return nil }
    return """
      the encoder hardly tells sources apart: its loss is \(String(format: "%.2f", loss)), that of \
      chance \(String(format: "%.2f", chance)). Look at the images as they are shown (reber serve); \
      --field-of-view and more --epochs may help
      """
  }

  private func learn(
    _ start: Start, run: Int, in place: Workplace
  ) async throws -> Conclusion<Metrics> {
    let (images, empty) = try await place.trainingImages(
      of: start.surveys, by: preprocessing, run: run)
    if let advice = learning.architecture.advice { place.progress.note(advice) }
    var session = TrainingSession(workplace: place, run: run)
    let engine = place.limits.recomputesMaps ? place.engine.sparingMemory : place.engine
    let encoder = try await place.database.with { database in
      try start.model?.encoder(
        on: engine, computing: precision, in: database
      ).encoder
    }
    var training = try Pretraining(
      learning, from: encoder, images: images, engine: engine, among: place.ranks)
    try await session.finish(&training, "learning", by: "step")
    let model = NewModel(.encoder, parent: start.model?.id, weights: training.encoder.state)
    let (count, steps) = (images.count, training.total)
    let (perEpoch, chance) = (training.stepsPerEpoch, training.chanceLoss)
    let time = (session.seconds, session.processorSeconds)
    return { database in
      let id = try model.store(
        ModelDescription(
          architecture: learning.architecture, preprocessing: preprocessing,
          scale: AngularScale.learned(by: run, in: database)),
        run: run, in: database)
      let loss = try CurvePoint.mean("loss", run: run, after: steps - perEpoch, in: database)
        .map { Float($0) }
      return Metrics(
        model: id, sources: count, empty: empty, epochs: learning.epochs, steps: steps, loss: loss,
        chanceLoss: chance,
        warnings: loss.flatMap { warning(loss: $0, chance: chance) }.map { [$0] },
        seconds: time.0, processorSeconds: time.1, ranks: place.rankCount,
        computed: engine.way(of: precision))
    }
  }
}
