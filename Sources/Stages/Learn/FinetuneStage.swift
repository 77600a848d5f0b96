import Astronomy
public import Catalogue
import Foundation
public import Morphology
public import NeuralNetwork
import PostgreSQL
import Tensor

/// Teaches a classifier the labels that people gave, from a pre-trained encoder.
public struct FinetuneStage: ComputingStage, Stored {
  public static let name = StageName.finetune
  public static var usual: Self? { Self(surveys: []) }

  /// The surveys whose labels are learned, as one.
  public var surveys: [String]

  /// The classes.
  public var scheme = ClassScheme.twelveClasses

  /// The encoder to begin from, or a classifier, whose encoder it is; the newest encoder where it is
  /// `nil`.
  public var model: ModelName?

  /// Begin from random weights of this shape instead of an encoder's, for comparison.
  public var fromScratch: Architecture?

  /// How cutouts are prepared; as for the encoder where it is `nil`, which the stage finds.
  public var preprocessing: Preprocessing?

  /// Sky shown where the network begins from random weights, as a multiple of each source's size on
  /// its image; `nil` shows what `preprocessing` says.
  public var sizeFactor: Double? = Framing.usualSizeFactor

  /// Whether images are brought to what the encoder knows.
  public var scale = ScaleOptions()

  /// What the network computes with.
  public var precision = Precision.float32

  public var choosesPrecision = false

  /// What decides the learning; the number of classes is set to those that have labels.
  public var learning = FineTuning.Options(classes: 2)

  /// Sources within this many arcsec of each other share a fold.
  public var groupRadius = 10.0

  /// Whether the shares of the annotators' votes are learned; not, where it is `nil`: then what most say.
  public var learnsVotes: Bool?

  /// Sources without a label, drawn by chance, that tell later what was never labelled.
  public var unlabelled = 512

  /// Describes a fine-tuning on a survey's labels, with the defaults.
  public init(survey: String) {
    self.init(surveys: [survey])
  }

  /// Describes a fine-tuning on the labels of surveys, with the defaults.
  public init(surveys: [String]) {
    self.surveys = surveys
  }

  /// All but the size factor: the stage finds what it means for the images, and `preprocessing` says.
  private enum CodingKeys: CodingKey {
    case surveys, scheme, model, fromScratch, preprocessing, scale, precision, learning, groupRadius
    case unlabelled, learnsVotes
  }

  /// What fine-tuning did.
  public struct Metrics: Warned {
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
    /// What the folds that were held out speak against the classifier.
    public var warnings: [String]?
    /// Labelled sources of which it is not known whether they share a place with one of another fold,
    /// since they have no position; not known of older runs.
    public var notCheckable: Int?
    /// Seconds of learning by this process.
    public var seconds: Double
    /// How many ranks learned together, at the end; `nil` where one process learned by itself.
    public var ranks: Int?
    /// How the surveys' scales go with the encoder's, where there is anything to say.
    public var notes: [String]?
    /// What the network computed with: `float32 by 512-bit kernels`; not known of older runs.
    public var computed: String?
  }

  /// How well the folds do that were held out.
  public struct HeldOut: Codable, Sendable {
    /// The part that was called right.
    public var accuracy: Double
    /// The share of the most frequent class, which always saying it gets right; not known of older
    /// runs.
    public var largestShare: Double?
    /// The mean F1 of the classes.
    public var macroF1: Double
    /// The expected calibration error after temperature scaling.
    public var calibrationError: Double
    /// The F1 of each tag, from a threshold that the other folds chose; `nil` of classes.
    public var byTag: [String: Double]?
  }
}

/// What a fine-tuning learns from.
private struct LabelledImages: Sendable {
  var taught = TaughtClasses()
  var bySurvey: [[TrainingSource]] = []
  var images: [Prepared] = []
  var groups: [Int] = []
  var unlabelled: [Prepared] = []
  var withoutImage = 0
  var withoutPosition = 0
}

/// What the options of a fine-tuning name.
private struct Found: Sendable {
  var surveys: [Survey]
  var scheme: ClassScheme
  var model: Catalogue.Model?
  var match: ScaleMatch
}

extension FinetuneStage {
  /// Fine-tunes a classifier; where an earlier process was stopped, goes on from its checkpoint.
  ///
  /// - Throws: `CatalogueError` without labels or encoder, `LearnError` where labels do not
  ///   suffice.
  public func plan(in place: Workplace) async throws -> Plan<Metrics> {
    let (found, work) = try await place.database.with { database in
      let found = try find(in: database)
      return (found, try self.work(on: found, in: database))
    }
    var plan = Plan(work) { try await learn(found, run: $0, in: place) }
    (plan.notes, plan.precision) = (found.match.notes, precision)
    return plan
  }

  private func find(in database: Connection) throws -> Found {
    let surveys = try surveys.map { try Survey.named($0, in: database) }
    let scheme = try ClassScheme.named(scheme, in: database)
    let model = try start(in: database)
    return Found(
      surveys: surveys, scheme: scheme, model: model,
      match: try match(surveys, to: model, in: database))
  }

  private func work(on found: Found, in database: Connection) throws -> Work {
    var resolved = self
    resolved.model = found.model.map { .number($0.id) }
    resolved.preprocessing =
      try found.model.map { try found.match.preprocessing(unlikeThatOf: $0) }
      ?? found.match.preprocessing
    let scheme = found.scheme
    return try self.work(
      resolved, seed: learning.seed,
      inputs: found.surveys.flatMap {
        [
          try Consensus.input(of: $0, scheme: scheme, in: database),
          try Cutout.input(of: $0, in: database),
        ]
          + (learnsVotes == true
            ? [try VoteShare.input(of: $0, scheme: scheme, in: database)] : [])
      },
      parents: (found.model.map { [.init(run: $0.run, role: $0.kind.rawValue)] } ?? [])
        + found.surveys.flatMap {
          try Consensus.runs(of: $0, scheme: scheme, in: database)
            + Cutout.runs(of: $0, in: database)
        })
  }

  private func learn(
    _ found: Found, run: Int, in place: Workplace
  ) async throws -> Conclusion<Metrics> {
    let encoder = try await encoder(found.model, in: place)
    let labelled = try await place.labelledImages(
      self, found.surveys, scheme: found.scheme, by: found.match.preprocessing)
    var training = try training(encoder, on: labelled, among: place.ranks)
    let folds = training.folds
    try await place.asFirst {
      try labelled.write(folds: folds, of: found.surveys, run: run, in: $0)
    }
    var session = TrainingSession(workplace: place, run: run)
    try await session.finish(&training, "fine-tuning", by: "part")
    guard let classifier = training.classifier() else {
      throw MorphologyError.badState("the training ended early")
    }
    var learned = labelled.taught
    let held = try training.heldOut(&learned)
    let metrics = Metrics(
      model: 0, labels: learned.taught.count,
      byClass: Dictionary(learned.classes.map { ($0.name, $0.labels) }, uniquingKeysWith: { $1 }),
      withoutImage: labelled.withoutImage, temperature: classifier.temperature,
      heldOut: held?.scores, warnings: held?.warning.map { [$0] },
      notCheckable: labelled.withoutPosition, seconds: session.seconds, ranks: place.rankCount,
      notes: found.match.notes.isEmpty ? nil : found.match.notes,
      computed: place.engine.way(of: precision))
    let store = storing(classifier, of: found, learned, run: run)
    let probabilities = training.heldOutProbabilities()
    return { database in
      try labelled.write(
        folds: folds, heldOut: probabilities, besides: try taught(before: found, in: database),
        of: found.surveys, run: run, in: database)
      var metrics = metrics
      metrics.model = try store(database)
      return metrics
    }
  }

  /// The sources, survey by survey, whose labels the model that it begins from knows: no fold holds them out from it.
  private func taught(before found: Found, in database: Connection) throws -> [Set<Int>] {
    try found.surveys.map { survey in
      try found.model.map {
        try TrainingSource.learned(by: $0.run, within: groupRadius, of: survey, in: database)
      } ?? []
    }
  }

  /// The encoder to begin from: a model's, or one of random weights.
  private func encoder(_ model: Catalogue.Model?, in place: Workplace) async throws -> any Encoder {
    let engine = place.engine
    guard let model else {
      return try engine.encoder(
        fromScratch ?? Architecture(), precision: precision, seed: learning.seed)
    }
    return try await place.database.with {
      try model.encoder(on: engine, computing: precision, in: $0).encoder
    }
  }

  private func training(
    _ encoder: any Encoder, on labelled: LabelledImages, among ranks: any Ranks
  ) throws -> FineTuning {
    var options = learning
    options.classes = labelled.taught.classes.count
    if fromScratch != nil { options.probeViews = 0 }
    return try FineTuning(
      encoder: encoder, options: options, images: labelled.images, truth: labelled.taught.taught,
      groups: labelled.groups, unlabelled: labelled.unlabelled, among: ranks)
  }

  /// What stores the classifier with its classes, and gives its key.
  private func storing(
    _ classifier: Classifier, of found: Found, _ taught: TaughtClasses, run: Int
  ) -> @Sendable (Connection) throws -> Int {
    let model = NewModel(.classifier, parent: found.model?.id, weights: classifier.state)
    let description = ModelDescription(
      architecture: classifier.encoder.architecture, preprocessing: found.match.preprocessing,
      temperature: classifier.temperature, views: classifier.views)
    return { database in
      var description = description
      description.scale = try AngularScale.learned(by: run, in: database)
      let id = try model.store(description, run: run, in: database)
      try Catalogue.Model.find(.classifier, numbered: id, in: database)
        .write(taught.classes, scheme: found.scheme, in: database)
      return id
    }
  }
}

extension Workplace {
  /// The labelled sources that have an image, survey by survey, in the order of the sources.
  fileprivate func labelledImages(
    _ stage: FinetuneStage, _ surveys: [Survey], scheme: ClassScheme,
    by preprocessing: Preprocessing
  ) async throws -> LabelledImages {
    var labelled = LabelledImages()
    var positions: [SkyPosition?] = []
    var answers: [SourceAnswers] = []
    var others: [(survey: Survey, source: Int)] = []
    for survey in surveys {
      let (known, sources) = try await database.with { database in
        (
          try SourceAnswers.all(
            of: survey, scheme: scheme, asShares: stage.learnsVotes == true, in: database),
          try StoredSource.all(of: survey, in: database)
        )
      }
      let cutouts = try await prepared(survey, by: preprocessing, only: known.map(\.source))
      let places = Dictionary(sources.map { ($0.id, $0.position) }, uniquingKeysWith: { $1 })
      answers += labelled.add(cutouts, saying: known)
      let said = Set(known.map(\.source))
      others += sources.map(\.id).filter { !said.contains($0) }.map { (survey, $0) }
      positions += cutouts.map { places[$0.source] ?? nil }
    }
    labelled.groups = positionGroups(positions, radius: stage.groupRadius)
    labelled.withoutPosition = positions.count { $0 == nil }
    labelled.taught = try TaughtClasses(
      answers, of: scheme, asShares: stage.learnsVotes == true, surveys: stage.surveys)
    var random = RandomStream(stage.learning.seed, 3)
    let drawn = others.shuffled(using: &random).prefix(stage.unlabelled)
    labelled.unlabelled = try await images(of: Array(drawn), in: surveys, by: preprocessing)
    return labelled
  }

  /// The images of sources, survey by survey.
  private func images(
    of sources: [(survey: Survey, source: Int)], in surveys: [Survey],
    by preprocessing: Preprocessing
  ) async throws -> [Prepared] {
    var images: [Prepared] = []
    for survey in surveys {
      let own = sources.filter { $0.survey == survey }.map(\.source).sorted()
      images += try await prepared(survey, by: preprocessing, only: own).map(\.image)
    }
    return images
  }
}

extension FinetuneStage {
  /// The model to begin from; `nil` where the network begins from random weights.
  fileprivate func start(in database: Connection) throws -> Catalogue.Model? {
    guard fromScratch == nil else { return nil }
    guard let model else { return try Catalogue.Model.find(.encoder, in: database) }
    return try Catalogue.Model.find(.encoder, .classifier, called: model, in: database)
  }

  /// How the surveys' images are prepared.
  fileprivate func match(
    _ surveys: [Survey], to model: Catalogue.Model?, in database: Connection
  ) throws -> ScaleMatch {
    if let model, self.preprocessing == nil {
      return try model.match(surveys, options: scale, in: database)
    }
    let views = try FittedViews(
      of: surveys, preprocessing ?? Preprocessing(), sizeFactor: model == nil ? sizeFactor : nil,
      in: database)
    return ScaleMatch(preprocessing: views.preprocessing, notes: views.notes)
  }
}

extension LabelledImages {
  /// Adds the images of a survey that have a label; gives what is said of them, in their order.
  fileprivate mutating func add(
    _ cutouts: [PreparedCutout], saying known: [SourceAnswers]
  ) -> [SourceAnswers] {
    let labels = Dictionary(known.map { ($0.source, $0) }, uniquingKeysWith: { $1 })
    let said = cutouts.compactMap { cutout in labels[cutout.source].map { (cutout, $0) } }
    images += said.map(\.0.image)
    bySurvey.append(
      said.map { cutout, label in
        TrainingSource(
          source: cutout.source, cutout: cutout.cutout, classID: label.classID,
          labels: label.labels)
      })
    withoutImage += known.count - cutouts.count
    return said.map(\.1)
  }

  /// Writes what is learned from, with the folds that hold it out and, once they are done, what they say of
  /// it, `[n, classes]`.
  fileprivate func write(
    folds: [Int], heldOut: Tensor? = nil, besides known: [Set<Int>] = [], of surveys: [Survey],
    run: Int, in database: Connection
  ) throws {
    var first = 0
    for (index, (survey, sources)) in zip(surveys, bySurvey).enumerated() {
      let rows = sources.enumerated().map { place, source in
        var source = source
        source.fold = folds.isEmpty ? nil : folds[first + place]
        if index >= known.count || !known[index].contains(source.source) {
          source.heldOut = heldOut.map { Array($0.row(first + place)) }
        }
        return source
      }
      try TrainingSource.write(rows, of: survey, run: run, in: database)
      first += sources.count
    }
  }
}

extension FineTuning {
  /// How well the folds do that were held out in turn, and what speaks against it; tags get the thresholds that
  /// are best on them.
  fileprivate func heldOut(
    _ learned: inout TaughtClasses
  ) throws -> (scores: FinetuneStage.HeldOut, warning: String?)? {
    guard let probabilities = heldOutProbabilities() else { return nil }
    guard case .tags(let truth) = learned.taught else {
      let evaluation = try Evaluation(truth: learned.truth, probabilities: probabilities)
      return (FinetuneStage.HeldOut(evaluation), evaluation.confusion().warning)
    }
    for (index, threshold) in bestThresholds(truth: truth, probabilities: probabilities)
      .enumerated()
    {
      learned.classes[index].threshold = threshold
    }
    let evaluation = try TagEvaluation(truth: truth, probabilities: probabilities, folds: folds)
    return (FinetuneStage.HeldOut(evaluation, tags: learned.classes.map(\.name)), nil)
  }
}

extension FinetuneStage.HeldOut {
  fileprivate init(_ evaluation: Evaluation) {
    let confusion = evaluation.confusion()
    self.init(
      accuracy: confusion.accuracy, largestShare: confusion.largestShare,
      macroF1: confusion.macro.f1, calibrationError: Calibration(evaluation).expectedError)
  }
  /// Of tags, each judged by a threshold that the other folds chose.
  fileprivate init(_ evaluation: TagEvaluation, tags: [String]) {
    self.init(
      accuracy: evaluation.accuracy, macroF1: evaluation.macroF1,
      calibrationError: evaluation.calibrationError,
      byTag: Dictionary(zip(tags, evaluation.scores().map(\.f1)), uniquingKeysWith: { $1 }))
  }
}
