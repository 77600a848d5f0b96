import Catalogue
import Morphology
import PostgreSQL
import Tensor

extension Catalogue.Model {
  /// The sources that folds held out when the classifier learned, with what they say of them; `nil` where it
  /// kept nothing of that, learned without folds, or learned tags.
  func heldOut(in database: Connection) throws -> HeldOutSources? {
    let (scheme, classes) = try self.classes(in: database)
    let sources = try TrainingSource.heldOut(by: run, in: database)
    guard !scheme.isTags, !sources.isEmpty else { return nil }
    return try HeldOutSources(sources, classes: classes)
  }

  /// The sets of classes that held-out sources give for a coverage; `nil` where there are none, or is none.
  ///
  /// - Throws: `MorphologyError.badOptions` for a coverage that is none.
  func sets(coverage: Double?, in database: Connection) throws -> PredictionSets? {
    guard let coverage, let heldOut = try heldOut(in: database) else { return nil }
    return try PredictionSets(coverage: coverage, heldOut: heldOut.evaluation)
  }
}

/// Labelled sources, as the folds that held them out judge them.
struct HeldOutSources: Sendable {
  /// The sources.
  let sources: [TrainingSource]

  /// What they were learned as, and what the folds say, in their order.
  let evaluation: Evaluation

  /// Takes sources that have a class of a classifier, and probabilities for each of its classes.
  ///
  /// - Throws: `MorphologyError.badOptions` where the numbers do not fit.
  init(_ sources: [TrainingSource], classes: [ModelClass]) throws {
    let places = Dictionary(classes.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { $1 })
    let values = sources.flatMap { $0.heldOut ?? [] }
    guard values.count == sources.count * classes.count else {
      throw MorphologyError.badOptions("held-out probabilities are of other classes")
    }
    self.sources = sources
    evaluation = try Evaluation(
      truth: sources.map { $0.classID.flatMap { places[$0] } ?? -1 },
      probabilities: Tensor(shape: [sources.count, classes.count], values: values))
  }
}

extension PublishedSets {
  /// Thresholds as a publication takes them.
  init(_ sets: PredictionSets) {
    self.init(coverage: sets.coverage, thresholds: sets.thresholds)
  }
}
