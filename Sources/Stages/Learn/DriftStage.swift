public import Catalogue
public import Morphology
import PostgreSQL
import Tensor

/// Asks whether a survey looks like what an encoder learned from.
public struct DriftStage: Stage, Stored {
  public static let name = StageName.drift
  public static var usual: Self? { Self(survey: "") }

  /// The survey.
  public var survey: String

  /// The encoder; the newest where it is `nil`.
  public var model: ModelName?

  /// The classifier whose balance of classes is compared; the newest that has classified the survey
  /// where it is `nil`.
  public var classifier: Int?

  /// Whether the survey's images are brought to what the encoder knows; as they were embedded where it
  /// is `nil`.
  public var scale: ScaleOptions?

  /// The class scheme that the survey would be labelled in; that of the classifier, or of the newest
  /// one that began from the encoder, where it is `nil`.
  public var scheme: String?

  /// Sources of each side that the energy distance is measured on; it holds all their distances.
  public var sample = 1000

  /// Sources of each side that neighbours are sought among.
  public var largest = 20_000

  /// Divisions by chance in the permutation tests.
  public var permutations = 999

  /// Chooses samples and divisions.
  public var seed: UInt64 = 1

  /// Describes a comparison of a survey with what the newest encoder knows, with the defaults.
  public init(survey: String) {
    self.survey = survey
  }

  /// What the comparison found.
  public struct Metrics: Stored {
    /// The encoder.
    public var model: Int
    /// The surveys that taught it.
    public var learnedFrom: [String]
    /// Their sources, and those of the survey that did not teach it.
    public var known: Int
    /// Sources of the survey that did not teach it.
    public var new: Int
    /// The energy distance of the embeddings.
    public var energy: EnergyTest
    /// The distance that 99% of the known sources lie within of their nearest neighbour.
    public var radius: Double
    /// The part of the new sources that lie farther from every known one; 0.01 where nothing differs.
    public var outside: Double
    /// Those that lie farthest outside, the farthest first.
    public var farthest: [String]
    /// How the classes are balanced; `nil` where no classifier has classified both sides.
    public var classes: Classes?
    /// The class scheme that the survey would be labelled in; `nil` where no classifier tells.
    public var scheme: String?
    /// What it comes to.
    public var verdict: Verdict
  }

  /// The two sides of a classification, without the sources that taught the classifier.
  public struct Classes: Codable, Sendable {
    /// The classifier.
    public var model: Int
    /// The part of the survey's sources in each class.
    public var new: [String: Double]
    /// The same of the surveys that taught the encoder.
    public var known: [String: Double]
    /// The mean probability of the most probable class.
    public var confidence: Double
    /// The same of the surveys that taught the encoder.
    public var knownConfidence: Double
    /// How the two balances differ.
    public var shift: BalanceShift
  }

  /// What the comparison comes to.
  public enum Verdict: String, Codable, Sendable {
    /// No difference that chance would not make, and no more sources outside than expected.
    case alike
    /// The surveys differ, but few sources lie outside what the encoder knows.
    case shifted
    /// Many sources lie outside what the encoder knows.
    case unlike
  }
}

extension DriftStage {
  /// Compares a survey's embeddings with those of what taught the encoder; images that have no
  /// embedding get one first, by a run of its own.
  ///
  /// - Throws: `LearnError.tooFewToCompare` where all of the survey taught the encoder.
  public func plan(in place: Workplace) async throws -> Plan<Metrics> {
    let survey = try await place.survey(survey)
    let (model, known) = try await place.database.with { database in
      let model = try Catalogue.Model.find(.encoder, called: self.model, in: database)
      return (model, try model.taughtBy(in: database))
    }
    for name in Set(known.map(\.name) + [survey.name]).sorted() {
      try await embedMissing(
        of: name, by: model, scale: name == survey.name ? self.scale : nil, in: place)
    }
    let work = try await place.database.with { database in
      var resolved = self
      resolved.model = .number(model.id)
      resolved.classifier = try self.classifier(of: survey, in: database)?.id
      resolved.scheme = try self.scheme(survey, model, in: database)
      let runs = try (known + [survey]).flatMap { try model.embeddingRuns(of: $0, in: database) }
      return try self.work(
        resolved, seed: seed, inputs: [Cutout.input(of: survey, in: database)],
        parents: [.init(run: model.run, role: "encoder")] + runs
          + classificationRuns(survey, known, in: database))
    }
    return Plan(work) { _ in
      let found = try await place.database.with {
        try compare(survey, with: known, by: model, in: $0)
      }
      return { _ in found }
    }
  }

  /// Embeds what has no embedding, and what has one at another scale than is wanted.
  private func embedMissing(
    of name: String, by model: Catalogue.Model, scale: ScaleOptions?, in place: Workplace
  ) async throws {
    let survey = try await place.survey(name)
    let missing = try await place.database.with { try model.notEmbedded(of: survey, in: $0) }
    guard scale != nil || missing > 0 else { return }
    place.progress.note("'\(name)' is embedded first")
    var stage = EmbedStage(survey: name)
    stage.model = .number(model.id)
    // Those that are there keep their precision.
    stage.choosesPrecision = true
    if let scale { stage.scale = scale }
    _ = try await place.perform(stage)
  }
}

extension DriftStage {
  /// The classifier whose balances are compared.
  fileprivate func classifier(
    of survey: Survey, in database: Connection
  ) throws -> Catalogue.Model? {
    if let classifier {
      return try Catalogue.Model.find(.classifier, numbered: classifier, in: database)
    }
    guard let found = try? Classification.find(of: survey, in: database) else { return nil }
    return try Catalogue.Model.find(.classifier, numbered: found.model, in: database)
  }

  /// The scheme that the survey would be labelled in.
  fileprivate func scheme(
    _ survey: Survey, _ model: Catalogue.Model, in database: Connection
  ) throws -> String? {
    if let scheme { return scheme }
    let newest = try model.newestClassifier(in: database)
    guard let teacher = try classifier(of: survey, in: database) ?? newest else { return nil }
    return try teacher.classes(in: database).scheme.name
  }

  /// The classifications by that classifier.
  fileprivate func classificationRuns(
    _ survey: Survey, _ known: [Survey], in database: Connection
  ) throws -> [Work.Parent] {
    guard let model = try classifier(of: survey, in: database) else { return [] }
    return try (known + [survey]).compactMap {
      try Classification.newest(of: $0, by: model, in: database).map {
        .init(run: $0.run, role: "predictions")
      }
    }
  }

  /// Compares the sources that did not teach the model with those that did.
  fileprivate func compare(
    _ survey: Survey, with known: [Survey], by model: Catalogue.Model, in database: Connection
  ) throws -> Metrics {
    let learned = try known.flatMap { try model.embeddings(of: $0, learned: true, in: database) }
    let new = try model.embeddings(of: survey, learned: false, in: database)
    for (what, count) in [
      ("sources of '\(survey.name)' that did not teach encoder \(model.id)", new.count),
      ("sources that taught encoder \(model.id)", learned.count),
    ] where count < 20 {
      throw LearnError.tooFewToCompare(what, have: count, need: 20)
    }
    let (few, some) = (drawn(new, sample, 1), drawn(learned, sample, 2))
    let energy = try EnergyTest(
      points(some), points(few), permutations: permutations, seed: seed)
    let (many, all) = (drawn(new, largest, 3), drawn(learned, largest, 4))
    let outside = try Outside(points(many), of: points(all))
    let farthest = try Source.names(
      of: outside.rows.prefix(5).map { many[$0].source }, in: survey, database)
    return Metrics(
      model: model.id, learnedFrom: known.map(\.name), known: learned.count, new: new.count,
      energy: energy, radius: outside.radius, outside: outside.share, farthest: farthest,
      classes: try classes(survey, known, in: database),
      scheme: try scheme(survey, model, in: database),
      verdict: Verdict(energy, outside: outside.share))
  }

  /// At most so many, drawn by chance, in their order.
  private func drawn(_ embeddings: [Embedding], _ count: Int, _ purpose: Int) -> [Embedding] {
    guard embeddings.count > count else { return embeddings }
    var random = RandomStream(seed, purpose)
    return embeddings.indices.shuffled(using: &random).prefix(count).sorted().map { embeddings[$0] }
  }

  private func points(_ embeddings: [Embedding]) -> Tensor {
    embeddings.points.onUnitSphere()
  }

  private func classes(
    _ survey: Survey, _ known: [Survey], in database: Connection
  ) throws -> Classes? {
    guard let model = try classifier(of: survey, in: database),
      let own = try Classification.newest(of: survey, by: model, in: database)
    else { return nil }
    let new = try own.balance(by: model, in: database)
    var old = ClassBalance(sources: [:], confidence: nil)
    for other in known where other != survey {
      let earlier = try Classification.newest(of: other, by: model, in: database)
      if let earlier { old.add(try earlier.balance(by: model, in: database)) }
    }
    guard let confidence = new.confidence, let knownConfidence = old.confidence else { return nil }
    let names = Set(new.sources.keys).union(old.sources.keys).sorted()
    return Classes(
      model: model.id, new: new.shares, known: old.shares, confidence: confidence,
      knownConfidence: knownConfidence,
      shift: try BalanceShift(
        names.map { old.sources[$0] ?? 0 }, names.map { new.sources[$0] ?? 0 },
        permutations: permutations, seed: seed))
  }
}

extension Catalogue.Model {
  /// The embeddings of the sources that taught the model, or of those that did not.
  fileprivate func embeddings(
    of survey: Survey, learned: Bool, in database: Connection
  ) throws -> [Embedding] {
    let taught = try sources(learnedOf: survey, in: database)
    return try embeddings(of: survey, in: database).filter { taught.contains($0.source) == learned }
  }
}

extension DriftStage.Metrics {
  /// What to do about a survey that is unlike what the encoder knows, as commands of a shell.
  ///
  /// Where no classifier tells the scheme, `NAME` stands for it.
  public func remedy(for survey: String) -> [String] {
    let scheme = "--scheme \(scheme.map(quoted) ?? "NAME")"
    let surveys = learnedFrom.filter { $0 != survey } + [survey]
    let (name, sheet) = ("--survey \(quoted(survey))", "sheet.csv")
    return [
      "reber label suggest \(name) \(scheme) --model \(model) --count 100 --output \(sheet)",
      "reber label import \(sheet) \(name) \(scheme) --annotator 'YOUR NAME'",
      "reber finetune \(surveys.map { "--survey \(quoted($0)) " }.joined())\(scheme) "
        + "--model \(model)",
    ]
  }
}

/// A word of a shell's command.
private func quoted(_ word: String) -> String {
  let isPlain = word.allSatisfy { $0.isLetter || $0.isNumber || "-_.".contains($0) }
  return isPlain && !word.isEmpty
    ? word
    : "'"
      + word.split(separator: "'", omittingEmptySubsequences: false)
      .joined(separator: "'\\''") + "'"
}

extension ClassBalance {
  /// Sources in all.
  fileprivate var total: Int { sources.values.reduce(0, +) }

  /// The part of the sources in each class.
  fileprivate var shares: [String: Double] {
    sources.mapValues { Double($0) / Double(max(1, total)) }
  }

  /// Puts another balance to this one.
  fileprivate mutating func add(_ other: ClassBalance) {
    let sum = (confidence ?? 0) * Double(total) + (other.confidence ?? 0) * Double(other.total)
    sources.merge(other.sources, uniquingKeysWith: +)
    confidence = total > 0 ? sum / Double(total) : nil
  }
}

extension DriftStage.Verdict {
  /// Below this p-value chance is not believed.
  private static let significance = 0.01

  /// The part of the sources outside from which a survey is called unlike: five times what is expected
  /// where nothing differs.
  private static let unlikeShare = 0.05

  init(_ energy: EnergyTest, outside: Double) {
    if energy.pValue > Self.significance {
      self = .alike
    } else {
      self = outside < Self.unlikeShare ? .shifted : .unlike
    }
  }
}
