public import Catalogue
import Morphology
public import PostgreSQL

/// Publishes a classification as a table in schema `catalogue`.
public struct Publishing: Stage, Stored {
  public static let name = StageName.publish

  /// Versions that did not publish the survey's own columns chose none.
  public static func read(_ json: JSON, form: Int) throws -> Self {
    var read = try json.decode(as: Self.self)
    read.columns = read.columns ?? []
    return read
  }

  /// The survey that was classified.
  public var survey: String

  /// The table's name.
  public var name: String

  /// The classification run; the newest where it is `nil`.
  public var classification: Int?

  /// The survey's own columns that are published too; where it is `nil`, all that no part of a source was
  /// taken from.
  public var columns: [String]?

  /// Those of them that are left out.
  public var without: [String] = []

  /// The part of the sources of each class that is to have it in its set of possible classes; `nil` publishes no
  /// sets, as versions did which had none.
  public var coverage: Double? = PredictionSets.usualCoverage

  /// Whether it is published although there are warnings about it.
  public var anyway = false

  /// All but `anyway`, which changes nothing of the table, and `without`: the plan names the columns.
  private enum CodingKeys: CodingKey {
    case survey, name, classification, columns, coverage
  }

  /// Describes a publication under the survey's name.
  public init(survey: String) {
    self.survey = survey
    self.name = survey
  }
}

extension Publishing {
  /// Makes the table of a classification, beside the one that it replaces.
  ///
  /// - Throws: `LearnError.doubtful` where a run that learned what it rests on, or its newest evaluation, warns of
  ///   it, unless it is to be published anyway. What an ingest assumed is said again.
  public func plan(in place: Workplace) async throws -> Plan<PublishedCatalogue> {
    let survey = try await place.survey(survey)
    let (classified, model, warnings, columns, isTags, sets, notes) = try await place.database.with
    {
      database in
      let found = try Classification.find(of: survey, run: self.classification, in: database)
      let model = try Model.find(.classifier, numbered: found.model, in: database)
      let sets = try model.sets(coverage: coverage, in: database)
      return (
        found.run, model,
        try Run.warnings(about: found.run, in: database),
        try Publication.ownColumns(self.columns, without: without, of: survey, in: database),
        try model.classes(in: database).scheme.isTags,
        sets, try sets?.notes(of: model, on: survey, in: database) ?? []
      )
    }
    let doubts = warnings.filter(\.isDoubt).map(\.description)
    guard anyway || doubts.isEmpty else {
      throw LearnError.doubtful(classification: classified, warnings: doubts)
    }
    var found = self
    found.columns = columns
    // Without sets it is what it was before there were any.
    if sets == nil { found.coverage = nil }
    let work = try self.work(found, parents: [.init(run: classified, role: "predictions")])
    var plan = Plan(work) { run in
      let publication = Publication(
        as: name, of: survey, classification: classified, model: model, run: run,
        columns: columns, sets: sets.map(PublishedSets.init))
      let built = try await place.database.with { try publication.build(in: $0) }
      return { database in
        try built.publish(in: database) {
          place.progress.note("waiting until nobody reads catalogue.\(name)")
        }
      }
    }
    plan.tidy = { try await place.database.with { try Publication.tidy(in: $0) } }
    plan.stands = { run in
      try await place.database.with { try PublishedCatalogue.stands(name, of: run, in: $0) }
    }
    plan.notes = warnings.map { "WARNING: \($0)" } + notes
    if coverage != nil, sets == nil, !isTags { plan.notes.append(noSets(model)) }
    return plan
  }
}

extension PredictionSets {
  /// What is not promised of their coverage in a survey, a sentence each.
  fileprivate func notes(
    of model: Model, on survey: Survey, in database: Connection
  ) throws -> [String] {
    let classes = try model.classes(in: database).classes
    let few = small.map { "'\(classes[$0].name)'" }.joined(separator: ", ")
    var notes: [String] = []
    if !small.isEmpty {
      notes.append(
        "class_set: fewer held-out sources than it takes for a coverage of \(coverage) are of \(few): "
          + "of such a class a smaller part may have it in its set")
    }
    if try !model.isTaught(by: survey, in: database) {
      notes.append(
        "class_set: classifier \(model.id) was taught no label of '\(survey.name)', where its coverage was "
          + "not measured: label some, and see 'reber evaluate'")
    }
    return notes
  }
}

/// Why the columns of sets are null.
private func noSets(_ model: Model) -> String {
  """
  class_set and abstain are null: classifier \(model.id) keeps nothing of held-out sources; \
  'reber finetune … --again', with folds, makes one that does
  """
}
