public import Catalogue
import PostgreSQL

/// Carries labels of a survey's sources to what is one object with these in another survey.
public struct LabelCarry: Stage, Stored {
  public typealias Metrics = CarriedLabels.Metrics

  public static let name = StageName.label
  public static var usual: Self? { Self(from: "", to: "") }

  /// The survey whose labels are carried.
  public var from: String

  /// The survey that gets them.
  public var survey: String

  /// The class scheme.
  public var scheme = ClassScheme.twelveClasses

  /// Describes what is carried, with the defaults.
  public init(from: String, to: String) {
    (self.from, survey) = (from, to)
  }

  /// Carries in one transaction; labels and links may have changed since it was last done, so that it is always done.
  ///
  /// - Throws: `CatalogueError.matchesItself`; `CatalogueError.missing` where no source is labelled.
  public func plan(in place: Workplace) async throws -> Plan<Metrics> {
    if from == survey { throw CatalogueError.matchesItself(from) }
    let (from, to, name) = (
      try await place.survey(from), try await place.survey(survey), scheme
    )
    let (scheme, work) = try await place.database.with { database in
      let scheme = try ClassScheme.named(name, in: database)
      let carried = CarriedLabels(from: from, to: to, scheme: scheme)
      let work = try self.work(
        self, inputs: [Consensus.input(of: from, scheme: scheme, in: database)],
        parents: carried.parents(in: database))
      return (scheme, work)
    }
    var plan = Plan(work) { run in
      { try CarriedLabels(from: from, to: to, scheme: scheme).write(run: run, in: $0) }
    }
    plan.stands = { _ in false }
    return plan
  }
}
