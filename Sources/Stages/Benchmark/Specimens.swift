import Astronomy
import Catalogue
import Morphology
import PostgreSQL

/// Labels of a survey, learned in folds, or judged by those of another survey.
public struct LabelledTask: Codable, Sendable, Hashable {
  /// The survey.
  public var survey: String

  /// The class scheme of its labels.
  public var scheme: String

  /// The survey whose labels only judge; without it folds do.
  public var test: String?

  /// Names the labels of a survey.
  public init(survey: String, scheme: String, test: String? = nil) {
    self.survey = survey
    self.scheme = scheme
    self.test = test
  }

  /// The survey, and the one that judges.
  var surveys: [String] { [survey] + (test.map { [$0] } ?? []) }
}

/// Images of several surveys as one list, with what is known of them.
struct Specimens: Sendable {
  /// The images, survey by survey.
  var images: [Prepared] = []

  /// Sources within the radius of each other share a number, across surveys too.
  var groups: [Int] = []

  /// Images whose source has no position.
  var withoutPosition = 0

  /// The row of every survey's sources.
  var rows: [String: [Int: Int]] = [:]

  /// The labelled images of a task.
  func task(_ task: LabelledTask, in database: Connection) throws -> CrossValidation.Task {
    let scheme = try ClassScheme.named(task.scheme, in: database)
    try scheme.checkOneClass(for: "a comparison of ways to learn")
    var labelled: [(row: Int, classID: Int16, isTest: Bool)] = []
    for name in task.surveys {
      let survey = try Survey.named(name, in: database)
      labelled += try Consensus.all(of: survey, scheme: scheme, in: database).compactMap { label in
        rows[name]?[label.source].map { ($0, label.classID, name == task.test) }
      }
    }
    let taught = try TaughtClasses(
      labelled.map(\.classID), of: scheme, surveys: [task.survey])
    return CrossValidation.Task(
      name: task.survey, classNames: taught.classes.map(\.name), rows: labelled.map(\.row),
      classes: taught.truth,
      isTest: task.test == nil ? [] : labelled.map(\.isTest))
  }
}

extension Workplace {
  /// Reads surveys whole; images in which nothing rises above the noise are left out.
  ///
  /// - Parameters:
  ///   - names: The surveys.
  ///   - preprocessing: How all are prepared.
  ///   - radius: The reach of one place on the sky, in arcsec.
  /// - Returns: All images of all surveys.
  /// - Throws: `CatalogueError` for a survey that there is none of, `LearnError.badCutout`.
  func specimens(
    of names: [String], by preprocessing: Preprocessing, groupRadius radius: Double
  ) async throws -> Specimens {
    var all = Specimens()
    var positions: [SkyPosition?] = []
    for name in names {
      let survey = try await survey(name)
      let cutouts = try await prepared(survey, by: preprocessing).filter { !$0.image.isEmpty }
      let places = try await database.with { try StoredSource.positions(of: survey, in: $0) }
      all.rows[name] = Dictionary(
        cutouts.enumerated().map { ($1.source, all.images.count + $0) }, uniquingKeysWith: { $1 })
      all.images += cutouts.map(\.image)
      positions += cutouts.map { places[$0.source] }
    }
    all.groups = positionGroups(positions, radius: radius)
    all.withoutPosition = positions.count { $0 == nil }
    return all
  }
}
