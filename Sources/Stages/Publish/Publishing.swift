public import Catalogue
import PostgreSQL

/// Publishes a classification as a table in schema `catalogue`.
public struct Publishing: Codable, Sendable {
  /// The survey that was classified.
  public var survey: String

  /// The table's name.
  public var name: String

  /// The classification run; the newest where it is `nil`.
  public var classification: Int?

  /// Describes a publication under the survey's name.
  public init(survey: String) {
    self.survey = survey
    self.name = survey
  }
}

extension Workplace {
  /// Makes the table of a classification, in one transaction.
  public func publish(
    _ options: Publishing
  ) async throws -> StageReport<PublishedCatalogue> {
    let survey = try await survey(options.survey)
    let (classification, model) = try await database.with { database in
      let found = try survey.classification(run: options.classification, in: database)
      return (found.run, try Model.find(.classifier, numbered: found.model, in: database))
    }
    let work = Work(
      stage: "publish", parameters: try JSON(encoding: options),
      parents: [.init(run: classification, role: "predictions")])
    return try await perform(work) { run in
      try await database.with {
        try PublishedCatalogue.publish(
          as: options.name, survey, classification: classification, model: model, run: run, in: $0)
      }
    }
  }
}
