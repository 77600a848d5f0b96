import Catalogue
import Markup
import Morphology
import PostgreSQL

/// The sets of classes that sources may be of by a classification, as they are asked for.
struct ClassSets: Sendable {
  private let sets: PublishedSets
  /// The classes that the sets are of, by their keys: what they are called, a scheme says.
  private let classes: [Int16]

  /// Takes the sets of the usual coverage; `nil` where the classifier kept nothing that they follow from.
  init?(ofClassification run: Int, of survey: Survey, in database: Connection) throws {
    let found = try Classification.find(of: survey, run: run, in: database)
    let model = try Catalogue.Model.find(.classifier, numbered: found.model, in: database)
    guard let heldOut = try model.heldOut(in: database) else { return nil }
    let sets = try PredictionSets(coverage: PredictionSets.usualCoverage, heldOut: heldOut)
    self.sets = PublishedSets(coverage: sets.coverage, thresholds: sets.thresholds)
    classes = try model.classes(in: database).classes.map(\.id)
  }

  /// What is asked by a field: `abstain`, `none`, or the number of a class behind `has` or `only`.
  func question(_ text: String?) -> SetQuestion? {
    wanted(text).map { SetQuestion($0, of: sets, classes: classes) }
  }

  private func wanted(_ text: String?) -> SetQuestion.Wanted? {
    switch text {
    case "abstain": .abstaining
    case "none": .empty
    default:
      switch text?.wholeMatch(of: /(has|only)([0-9]+)/)?.output {
      case (_, let kind, let number)?:
        Int16(number).map { kind == "has" ? .holding($0) : .only($0) }
      case nil: nil
      }
    }
  }

  /// The questions to choose from, of the classes as their scheme has them now.
  func content(of scheme: ClassScheme, chosen: String?) -> Content {
    let known = scheme.classes.filter { classes.contains($0.id) }
    func choice(_ value: String, _ name: String) -> Content {
      ["value": value, "name": name, "isChosen": value == chosen]
    }
    return [
      "coverage": Int((100 * sets.coverage).rounded()),
      "whole": [
        choice("abstain", "not the predicted class alone"), choice("none", "no class at all"),
      ],
      "holding": known.map { choice("has\($0.id)", $0.name) },
      "only": known.map { choice("only\($0.id)", $0.name) },
    ]
  }
}

extension Visit {
  /// The sets of the newest classification; `nil` where there is none, or its classifier has no sets.
  func classSets(of work: NewestWork) async throws -> ClassSets? {
    guard let run = work.classification else { return nil }
    return try await site.classSets.value("\(survey.id) \(run)") {
      try await pool.with { try ClassSets(ofClassification: run, of: survey, in: $0) }
    }
  }
}
