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
  ///   it, unless it is to be published anyway. What an ingest assumed is said again. `CatalogueError.badClassName` for
  ///   a class that would be two in the sets.
  public func plan(in place: Workplace) async throws -> Plan<PublishedCatalogue> {
    let survey = try await place.survey(survey)
    let basis = try await place.database.with { try self.basis(in: survey, $0) }
    let doubts = basis.warnings.filter(\.isDoubt).map(\.description)
    guard anyway || doubts.isEmpty else {
      throw LearnError.doubtful(classification: basis.classification, warnings: doubts)
    }
    var found = self
    found.columns = basis.columns
    // Without sets it is what it was before there were any.
    if basis.sets == nil { found.coverage = nil }
    let work = try self.work(
      found, parents: [.init(run: basis.classification, role: "predictions")])
    var plan = Plan(work) { run, isFirst, database in
      let publication = Publication(
        as: name, of: survey, classification: basis.classification, model: basis.model, run: run,
        columns: basis.columns,
        sets: basis.sets.map { PublishedSets(coverage: $0.coverage, thresholds: $0.thresholds) })
      return try publication.together(isFirst: isFirst, in: database, of: place)
    }
    plan.tidy = { try await place.database.with { try Publication.tidy(in: $0) } }
    plan.stands = { run in
      try await place.database.with { try PublishedCatalogue.stands(name, of: run, in: $0) }
    }
    plan.notes = basis.warnings.map { "WARNING: \($0)" } + basis.notes
    return plan
  }

  /// What a publication rests on.
  private struct Basis: Sendable {
    var classification: Int
    var model: Model
    var warnings: [Run.Warning]
    var columns: [String]
    var sets: PredictionSets?
    /// What is not promised of the sets, and what is to be done afterwards, a sentence each.
    var notes: [String] = []
  }

  private func basis(in survey: Survey, _ database: Connection) throws -> Basis {
    let found = try Classification.find(of: survey, run: classification, in: database)
    let model = try Model.find(.classifier, numbered: found.model, in: database)
    var basis = Basis(
      classification: found.run, model: model,
      warnings: try Run.warnings(about: found.run, in: database),
      columns: try Publication.ownColumns(columns, without: without, of: survey, in: database),
      sets: try model.sets(coverage: coverage, in: database))
    let (scheme, classes) = try model.classes(in: database)
    if let sets = basis.sets {
      if !scheme.isTags { for item in classes { try PublishedSets.check(item.name) } }
      basis.notes = try sets.notes(of: model, on: survey, in: database)
    } else if coverage != nil, !scheme.isTags {
      basis.notes = [noSets(model)]
    }
    if try PublishedCatalogue.isServed(name, in: database) { basis.notes.append(served) }
    return basis
  }

  /// What is to be done where DaCHS reads the catalogue.
  private var served: String {
    """
    DaCHS serves catalogue.\(name) with texts, lineage and images of the one before: afterwards write its folder \
    again by 'reber release tap \(name)'
    """
  }
}

extension Publication {
  /// The work on it, as one process does it: the first fills its table before others may help.
  fileprivate func together(
    isFirst: Bool, in database: Connection, of place: Workplace
  ) throws -> Together<PublishedCatalogue> {
    if isFirst { try begin(in: database) } else { try join(in: database) }
    return Together(
      perform: { work in
        do {
          try await work.perform("indexing and checking rows", beside: prepare) {
            try self.perform($0, in: $1)
          }
        } catch {
          // A table that nobody goes on with only takes room.
          try? await place.database.with { try Publication.tidy(in: $0) }
          throw error
        }
      },
      end: { database in
        let built = try finish(in: database)
        return { database in
          try built.publish(in: database, waiting: place.progress.note)
        }
      },
      leave: { try leave(in: $0) })
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
