public import Catalogue
import PostgreSQL

/// Seeks the sources of a survey in another one, and links what is one object.
public struct MatchStage: Stage, Stored {
  public typealias Metrics = MatchFigures

  public static let name = StageName.match
  public static var usual: Self? { Self(survey: "", other: "") }

  /// The survey whose sources are sought.
  public var survey: String

  /// The survey in which they are sought.
  public var other: String

  /// What decides the match.
  public var options = SourceMatch.Options()

  /// What it goes by, in words: found when it is planned.
  public private(set) var basis: [String] = []

  /// Describes a match of two surveys, with the defaults.
  public init(survey: String, other: String) {
    self.survey = survey
    self.other = other
  }
}

extension MatchStage {
  /// Matches in one transaction; a match that a newer one of the two surveys has followed is done once more.
  ///
  /// - Throws: `CatalogueError.matchesItself`; `CatalogueError.noPositionError` where nothing tells how well
  ///   positions are known.
  public func plan(in place: Workplace) async throws -> Plan<MatchFigures> {
    if survey == other { throw CatalogueError.matchesItself(survey) }
    let (survey, other) = (try await place.survey(survey), try await place.survey(other))
    let asked = self
    let (work, notes) = try await place.database.with { database in
      for name in asked.options.errors.keys.sorted()
      where ![survey.name, other.name].contains(name) {
        throw CatalogueError.unknownSurvey(name, known: [survey.name, other.name])
      }
      var resolved = asked
      resolved.basis = try SourceMatch.basis(
        of: survey, in: other, asked.options, database: database)
      let parents = try [survey, other].flatMap {
        try Source.runs(ofSurveyNamed: $0.name, in: database)
      }
      return (try resolved.work(resolved, parents: parents), resolved.basis)
    }
    let options = options
    var plan = Plan(work) { run in
      { database in
        try SourceMatch(of: survey, in: other, options, run: run, database: database).perform()
      }
    }
    plan.notes = notes
    plan.stands = { run in
      try await place.database.with { try SourceMatch.isCurrent(run, in: $0) }
    }
    return plan
  }
}
