import Catalogue
import Morphology
import NeuralNetwork
import PostgreSQL

/// What was found when a published catalogue was held against what it came from.
public struct Verification: Sendable, Codable {
  /// The catalogue.
  public var catalogue: String

  /// Its rows.
  public var rows: Int

  /// Whether its table is what was published; `nil` where a version published it whose digest is another.
  public var isAsPublished: Bool?

  /// Models that it rests on whose weights are not those that were stored.
  public var damagedModels: [Int]

  /// Rows that were looked at.
  public var sample: Int

  /// Of those, sources whose stored pixels are not those that were stored.
  public var damagedImages: [String]

  /// Sources whose published probabilities are not those of the classification, or whose set of classes is
  /// not what follows from them.
  public var mispublished: [String]

  /// Sources whose probabilities, computed anew, differ by more than the tolerance.
  public var differing: [String]

  /// Rows whose probabilities came to the same bits.
  public var identical: Int

  /// The largest difference of a probability.
  public var largestDifference: Float

  /// Why the probabilities do not come to the same here, where that speaks against no row; `nil` where they should.
  public var otherwise: String?

  /// What computed the probabilities, and what did now.
  public var computedBy, recomputedBy: String

  /// Whether all is as it should be.
  public var isSound: Bool {
    isAsPublished != false && damagedModels.isEmpty && damagedImages.isEmpty && mispublished.isEmpty
      && (differing.isEmpty || otherwise != nil) && sample > 0
  }
}

extension Workplace {
  /// Holds a published catalogue against what it came from: the table and the weights against their
  /// digests and, of some rows, the pixels against theirs and the probabilities against what the stored
  /// classifier makes of them now.
  ///
  /// - Parameters:
  ///   - name: The catalogue.
  ///   - count: Rows to look at.
  ///   - seed: Chooses them.
  ///   - tolerance: What a probability may differ by where another processor computed it.
  /// - Returns: What was found.
  /// - Throws: `CatalogueError.missing`.
  public func verify(
    _ name: String, sample count: Int, seed: Int, tolerance: Float
  ) async throws -> Verification {
    let (catalogue, isAsPublished, damaged, run) = try await database.with { database in
      let catalogue = try PublishedCatalogue.named(name, in: database)
      return (
        catalogue, try catalogue.isAsPublished(in: database),
        try Model.damaged(below: catalogue.classification, in: database),
        try Run.numbered(catalogue.classification, in: database)
      )
    }
    var found = Verification(
      catalogue: name, rows: catalogue.rows, isAsPublished: isAsPublished, damagedModels: damaged,
      sample: 0, damagedImages: [], mispublished: [], differing: [], identical: 0,
      largestDifference: 0, computedBy: run.codeVersion, recomputedBy: user.codeVersion)
    guard damaged.isEmpty else { return found }
    let sets = try await database.with { try SetText(of: catalogue, in: $0) }
    let options = try await database.with { database in
      let made = try Run.parameters(of: run.id, in: database)
      return try ClassifyStage.read(made.parameters, form: made.form)
    }
    let metrics = try? ClassifyTask.Metrics.read(run.metrics, form: run.form)
    found.otherwise = engine.unlike(metrics?.computed, options.precision)
    try await recompute(catalogue, as: options, sample: count, seed: seed) { row, probabilities in
      found.add(row, probabilities, sets: sets, tolerance: tolerance)
      progress.update("computing anew", done: found.sample, of: min(count, catalogue.rows))
    }
    return found
  }

  /// Computes the probabilities of some rows anew, as their classification did; `nil` where this machine cannot.
  private func recompute(
    _ catalogue: PublishedCatalogue, as options: ClassifyStage, sample count: Int, seed: Int,
    _ body: (PublishedCatalogue.Sample, [Float]?) -> Void
  ) async throws {
    let survey = try await survey(catalogue.survey)
    let engine = engine
    let computes = (try? engine.check(options.precision)) != nil
    let (classifier, rows) = try await database.with { database in
      let run = catalogue.classification
      let model = try Model.find(
        .classifier, numbered: Classification.find(of: survey, run: run, in: database).model,
        in: database)
      let classes = try model.classes(in: database).classes.count
      return (
        try !computes
          ? nil
          : model.classifier(
            classes: classes, preparedBy: options.preprocessing, on: engine,
            computing: options.precision, in: database),
        try catalogue.sample(count, seed: seed, classes: classes, in: database)
      )
    }
    guard let classifier else {
      for row in rows { body(row, nil) }
      return
    }
    for begin in stride(from: 0, to: rows.count, by: Self.chunk) {
      let chunk = Array(rows[begin..<min(rows.count, begin + Self.chunk)])
      let cutouts = try await database.with {
        try StoredCutout.read(chunk.map(\.prediction.cutout), of: [survey], in: $0)
      }
      let predictions = try classifier.predictions(for: cutouts, beam: survey.observation.beam)
      for (row, prediction) in zip(chunk, predictions) { body(row, prediction.probabilities) }
    }
  }
}

extension Verification {
  fileprivate mutating func add(
    _ row: PublishedCatalogue.Sample, _ probabilities: [Float]?, sets: SetText, tolerance: Float
  ) {
    let stored = row.prediction.probabilities
    sample += 1
    if !row.isIntact { damagedImages.append(row.name) }
    if row.published != stored || !sets.isRight(row) { mispublished.append(row.name) }
    guard let probabilities else { return }
    let difference = zip(stored, probabilities).map { abs($0 - $1) }.max() ?? .infinity
    // Not less or equal: a difference of NaN is one.
    if !(difference <= tolerance) { differing.append(row.name) }
    if stored == probabilities { identical += 1 }
    largestDifference = max(largestDifference, difference)
  }
}

extension Engine {
  /// Why it does not make what was computed in a precision; `nil` where it does, to a tolerance.
  ///
  /// In float32 all do. Of older classifications it is not known what computed them.
  fileprivate func unlike(_ computed: String?, _ precision: Precision) -> String? {
    guard precision != .float32 else { return nil }
    let former = computed ?? "\(precision.rawValue), it is not known how"
    do { try check(precision) } catch {
      return
        "probabilities were computed in \(former), which this machine cannot: none was computed anew"
    }
    guard way(of: precision) != computed else { return nil }
    return """
      probabilities were computed in \(former), and now in \(way(of: precision)), which rounds otherwise: differences do \
      not count
      """
  }
}

/// What a catalogue must say of the sets of classes.
private struct SetText: Sendable {
  /// What the classifier's held-out sources give for the catalogue's coverage; `nil` where it has no sets.
  let sets: PredictionSets?
  let scheme: ClassScheme
  let classes: [ModelClass]

  init(of catalogue: PublishedCatalogue, in database: Connection) throws {
    let made = try Run.parameters(of: catalogue.run, in: database)
    let survey = try Survey.named(catalogue.survey, in: database)
    let classified = try Classification.find(
      of: survey, run: catalogue.classification, in: database)
    let model = try Model.find(.classifier, numbered: classified.model, in: database)
    (scheme, classes) = try model.classes(in: database)
    sets = try model.sets(
      coverage: Publishing.read(made.parameters, form: made.form).coverage, in: database)
  }

  /// Whether the published set follows from the stored probabilities, by the names that classes have now.
  func isRight(_ row: PublishedCatalogue.Sample) -> Bool {
    guard let sets else { return row.publishedSet == nil }
    let wanted = sets.classes(of: row.prediction.probabilities).map {
      scheme.name(of: classes[$0].name)
    }
    return row.publishedSet?.split(separator: PublishedSets.separator).map {
      scheme.name(of: String($0))
    } == wanted
  }
}
