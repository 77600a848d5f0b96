import Catalogue
import Foundation
import Hummingbird
import PostgreSQL

extension Section {
  static let single = Section(
    name: "One by one", path: "single", templates: ["single": PackageResources.single_mustache],
    addRoutes: Site.addSinglePages)
}

extension Site {
  /// Sources one by one, with the model's probabilities or without.
  func addSinglePages(to router: Router<PageContext>) {
    router.get("/:survey/single") { request, context in
      try await singlePage(request, context)
    }
    router.post("/:survey/single") { request, context in
      let annotation = try await annotation(context)
      let form = try await request.form()
      guard let source: Int = form.number("source") else {
        throw HTTPError(.badRequest, message: "the form lacks a source")
      }
      let classID = form["withdraw"] == nil ? try annotation.scheme.classID(form) : nil
      let cells = try await pool.with { database in
        _ = try annotation.label([source], as: classID, in: database)
        return try annotation.cells(of: [source], in: database)
      }
      let place = SinglePlace(annotation.survey, request.fields)
      return try answer(
        request, next: place.href(nil),
        "\(cells.first?.name ?? "") is \(annotation.scheme.name(of: classID) ?? "without a label")")
    }
  }

  private func singlePage(_ request: Request, _ context: PageContext) async throws -> Response {
    let annotation = try await annotation(context)
    let place = SinglePlace(annotation.survey, request.fields)
    let asked = request.fields["source"]
    let (names, detail) = try await pool.with { database in
      let work = try NewestWork.on(annotation.survey, in: database)
      let names = try annotation.unlabelled(
        by: place.order, work: work, excluding: place.after, count: 3, in: database)
      let detail = try (asked ?? names.first).map {
        try SourceDetail.of(
          $0, in: annotation.survey, scheme: annotation.scheme, work: work, in: database)
      }
      return (names, detail)
    }
    guard let detail else {
      return .redirect(to: "/\(annotation.survey.name)/progress")
    }
    let next = names.first { $0 != detail.source.name }
    return try page(
      "single", detail.source.name, in: .single, of: annotation.survey, context,
      SingleContent(detail, next: next, place, annotation, Look(request.fields)))
  }
}

/// Where in the work on single sources a page is, as the URL says it.
struct SinglePlace: Sendable {
  let survey: Survey
  let order: Annotation.Order
  /// Whether the model's probabilities are hidden.
  let isBlind: Bool
  /// Sources whose label may still be on its way, and those that were skipped.
  let after: [Int]
  let look: String

  init(_ survey: Survey, _ fields: Fields) {
    self.survey = survey
    order = fields["order"].flatMap(Annotation.Order.init) ?? .doubtful
    isBlind = fields["shown"] == nil
    after = fields.numbers("after")
    look = Look(fields).query
  }

  var base: String { "/\(percentEncoded(survey.name))/single" }

  private func query(blind: Bool? = nil, after: [Int]? = nil) -> String {
    var query = "order=\(order.rawValue)&\(look)"
    if !(blind ?? isBlind) { query += "&shown=1" }
    let after = after ?? self.after
    if !after.isEmpty { query += "&after=" + after.map(String.init).joined(separator: ",") }
    return query
  }

  /// The page of a source, or of the one that comes first.
  func href(_ source: String?, after done: Int? = nil, blind: Bool? = nil) -> String {
    let pending = done.map { Array((after + [$0]).suffix(100)) }
    return base + "?" + query(blind: blind, after: pending)
      + (source.map { "&source=" + percentEncoded($0) } ?? "")
  }
}

private struct SingleContent {
  var name: String
  var source: Int
  var picture: String?
  var facts: String
  var classes: [ClassButton]
  var action: String
  var next: String
  var skip: String
  var undo: String
  var isBlind: Bool
  var toggle: String
  var orders: [Choice]
  var probabilities: [Bar]
  var mine: String?
  var page: String
  var base: String

  init(
    _ detail: SourceDetail, next: String?, _ place: SinglePlace, _ annotation: Annotation,
    _ look: Look
  ) {
    let survey = "/" + percentEncoded(annotation.survey.name)
    name = detail.source.name
    source = detail.source.id
    picture = detail.cutout.map { "\(survey)/cutouts/\($0.cutout)?size=512&\(look.query)" }
    facts = [
      detail.totalFlux.map { "\(formatted($0 * 1000)) mJy" },
      detail.source.majorAxis.map { "\(formatted($0))″" },
    ].compactMap(\.self).joined(separator: " · ")
    classes = ClassButton.all(annotation.scheme)
    base = place.base
    action = place.href(nil, after: nil)
    let following = place.href(next, after: detail.source.id)
    self.next = next == nil ? "\(survey)/progress" : following
    skip = self.next
    undo = "\(survey)/undo"
    isBlind = place.isBlind
    toggle = place.href(detail.source.name, blind: !place.isBlind)
    orders = Choice.all(Annotation.Order.allCases.map(\.rawValue), chosen: place.order.rawValue)
    probabilities = place.isBlind ? [] : Bar.all(detail)
    mine = detail.labels.first { $0.annotator == annotation.annotator }?.className
    page = "\(survey)/sources/\(percentEncoded(detail.source.name))"
  }
}
