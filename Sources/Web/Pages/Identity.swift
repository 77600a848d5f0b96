import Catalogue
import Foundation
import Hummingbird
import Markup
import PostgreSQL

extension Visit {
  /// Joins the source of a page with another one, says that they are two objects, or takes back what was said.
  func joinSource() async throws -> Response {
    let (name, form) = (try context.part("source"), try await request.form())
    guard let survey = form["survey"], let other = form["name"], let said = Said(form["say"]) else {
      throw HTTPError(.badRequest, message: "the form lacks a survey, a source, or what is said")
    }
    let (own, annotator) = (self.survey, annotation.annotator)
    try await pool.with { database in
      let ends = try [
        SourceKey.named(name, of: own, in: database),
        SourceKey.named(other, of: Survey.named(survey, in: database), in: database),
      ]
      guard ends[0] != ends[1] else {
        throw HTTPError(
          .badRequest, message: "'\(name)' is joined with another source, not with itself")
      }
      try SourceJoin.write(
        [SourceJoin(ends[0], ends[1], isSame: said.isSame, annotator: annotator)],
        method: .single, in: database)
    }
    return try answer(next: address(ofSource: name), "\(name) and \(other): \(said.rawValue)")
  }

  /// What people may say of two sources.
  private enum Said: String {
    case join, apart, back

    init?(_ text: String?) {
      guard let text, let said = Said(rawValue: text) else { return nil }
      self = said
    }

    var isSame: Bool? {
      switch self {
      case .join: true
      case .apart: false
      case .back: nil
      }
    }
  }

  /// What of other surveys, and of this one, is one object with a source, and why.
  func identity(of name: String, _ links: [IdentityLink], surveys: [String]) -> Content {
    [
      "action": address(ofSource: name) + "/join", "links": links.map { row($0, of: name) },
      "surveys": choices(surveys, chosen: survey.name),
    ]
  }

  private func row(_ link: IdentityLink, of name: String) -> Content {
    let own = IdentityLink.End(survey: survey.name, name: name)
    let far = [link.one, link.other].first { $0 != own } ?? link.other
    let isOwn = [link.one, link.other].contains(own)
    let evidence =
      link.annotator.map { "joined by \($0)" }
        ?? """
        \(formatted(link.separation.map(Double.init)))″, error \(formatted(link.sigma.map(Double.init)))″, likelihood \
        ratio \(formatted(link.likelihoodRatio)), reliability \(formatted(link.reliability.map(Double.init))), run \
        \(link.run.map(String.init) ?? "")
        """
    return [
      "near": content(link.one == far ? link.other : link.one), "far": content(far),
      "evidence": evidence, "isOwn": isOwn, "say": link.annotator == nil ? "apart" : "back",
      "word": link.annotator == nil ? "not the same" : "take back",
    ]
  }

  private func content(_ end: IdentityLink.End) -> Content {
    let address = "/\(percentEncoded(end.survey))/sources/\(percentEncoded(end.name))"
    return [
      "survey": end.survey, "name": end.name, "href": address, "picture": address + "/picture",
    ]
  }
}
