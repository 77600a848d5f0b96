import Catalogue
import Foundation
import Hummingbird
import Markup
import PostgreSQL

extension Section {
  /// Sources one by one, with the model's probabilities or without.
  static let single = Section(
    name: "One by one", path: "single", templates: ["single": PackageResources.single_mustache],
    routes: [
      .get("single") { try await $0.singlePage() },
      .post("single") { try await $0.labelSingle() },
    ])
}

extension Visit {
  fileprivate func labelSingle() async throws -> Response {
    let form = try await request.form()
    guard let source: Int = form.number("source") else {
      throw HTTPError(.badRequest, message: "the form lacks a source")
    }
    let place = SinglePlace(self)
    let asked = place.order.asking
    let said =
      try scheme.isTags
      ? await tag(source, form, asked: asked) : await label(source, form, asked: asked)
    let cells = try await pool.with { try annotation.cells(of: [source], in: $0) }
    return try answer(
      next: place.address(of: nil), "\(cells.first?.name ?? "") is \(said)")
  }

  /// Writes the class that a form gives a source; tells what it is then.
  ///
  /// Where its company gets the class too, that is one decision, which is undone as one.
  private func label(_ source: Int, _ form: Fields, asked: Annotation.Asking) async throws -> String
  {
    let classID = form["withdraw"] == nil ? try scheme.classID(form) : nil
    let company = classID == nil || form["together"] == nil ? [] : form.numbers("company")
    let out = Set(form.numbers("out") + [source])
    let alike = try await pool.with { database in
      // What got a label since the page was made keeps it.
      let alike = try annotation.new(among: company.filter { !out.contains($0) }, in: database)
      _ = try annotation.label(
        [source] + alike, as: classID, asked: asked, shown: 1 + company.count, in: database)
      return alike
    }
    let others = alike.isEmpty ? "" : ", and \(alike.count) like it"
    return (scheme.name(of: classID) ?? "without a label") + others
  }

  /// Writes which tags a form says apply to a source; tells what it is then.
  private func tag(_ source: Int, _ form: Fields, asked: Annotation.Asking) async throws -> String {
    guard form["withdraw"] == nil else {
      try await pool.with { _ = try annotation.untag(source, in: $0) }
      return "without a label"
    }
    let tags = try form.all("tag").map { try scheme.classID(Fields(class: $0)) }
    try await pool.with {
      _ = try annotation.tag(source, with: Set(tags), asked: asked, in: $0)
    }
    return scheme.names(of: tags) ?? "without a tag"
  }

  fileprivate func singlePage() async throws -> Response {
    let place = SinglePlace(self)
    let asked = fields["source"]
    if asked == nil, let nothing = try await lacking(.images) { return nothing }
    let ranking = try await ranking(place.order)
    let (names, detail, tags, isFresh) = try await pool.with { database in
      let work = try NewestWork.on(survey, scheme: scheme, in: database)
      let names = try annotation.unlabelled(
        by: place.order, work: work, excluding: place.after, ranking: ranking, count: 3,
        in: database)
      let detail = try (asked ?? names.first).map {
        try SourceDetail.of($0, in: survey, scheme: scheme, work: work, in: database)
      }
      let tags = try detail.flatMap { detail in
        scheme.isTags ? try annotation.tags(of: detail.source.id, in: database) : nil
      }
      let first =
        place.order == .again
        ? try annotation.askedAgain(1, excluding: place.after, in: database).first : nil
      return (names, detail, tags, first?.source == detail?.source.name && first?.isFresh == true)
    }
    guard let detail else { return .redirect(to: base + "/progress") }
    let next = names.first { $0 != detail.source.name }
    let company =
      place.order == .suggested
      ? try await company(of: detail.source.id, excluding: place.after) : []
    return try page(
      "single", detail.source.name,
      content(detail, tags, company, isFresh: isFresh, next: next, place))
  }

  /// The sources that an order goes by; none for those that the database knows.
  private func ranking(_ order: Annotation.Order) async throws -> [Int] {
    switch order {
    case .suggested: try await suggestedRanking()
    case .unlike: try await unlikeRanking().map(\.source)
    default: []
    }
  }

  private func content(
    _ detail: SourceDetail, _ tags: Set<Int16>?, _ company: [MontageCell], isFresh: Bool,
    next: String?, _ place: SinglePlace
  ) -> Content {
    let name = detail.source.name
    let mine =
      scheme.isTags
      ? tags.map { scheme.names(of: $0.sorted()) ?? "no tag" }
      : detail.labels.first { $0.annotator == annotation.annotator }?.className
    let next = next == nil ? base + "/progress" : place.address(of: next, after: detail.source.id)
    let facts = [
      detail.totalFlux.map { "\(formatted($0 * 1000)) mJy" },
      detail.source.majorAxis.map { "\(formatted($0))″" },
    ].compactMap(\.self).joined(separator: " · ")
    return [
      "name": name, "source": detail.source.id, "facts": facts,
      // The page of the source says who has labelled it as what.
      "isUntold": place.order.asking != .openly, "page": address(ofSource: name),
      "picture": detail.cutout.map { "\(base)/cutouts/\($0.cutout)?size=512&\(look.pictureQuery)" },
      // Who is asked again is not told what was said before.
      "mine": place.order == .again ? nil : mine, "isFresh": isFresh, "isTags": scheme.isTags,
      "classes": scheme.buttons(chosen: tags ?? []), "action": place.address(of: nil), "next": next,
      "skip": next,
      "undo": base + "/undo", "base": base + "/single", "isBlind": place.isBlind,
      "toggle": place.address(of: name, blind: !place.isBlind),
      "marks": place.address(of: name, marked: !look.isMarked), "isMarked": look.isMarked,
      "orders": Annotation.Order.all(of: scheme).map {
        .choice($0.rawValue, $0.words, isChosen: $0 == place.order)
      } as [Content],
      "probabilities": place.isBlind ? [] : detail.bars,
      "company": company.isEmpty
        ? nil
        : [
          "sources": company.map { String($0.source) }.joined(separator: ","),
          "isTogether": fields["together"] != nil,
          "montage": montage(
            company, columns: 8, isChoice: true, out: Set(fields.numbers("out"))),
        ] as Content,
    ]
  }
}

extension Annotation.Order {
  /// What the annotator is told of what was said before.
  fileprivate var asking: Annotation.Asking {
    switch self {
    case .second: .second
    case .again: .again
    default: .openly
    }
  }

  /// What it asks about, for people.
  fileprivate var words: String {
    switch self {
    case .suggested: "what helps most"
    case .doubtful: "what the model doubts"
    case .outliers: "what is unlike all else"
    case .spread: "any, evenly over the survey"
    case .shared: "what others have labelled"
    case .unlike: "what is unlike anything labelled"
    case .second: "what is to get a second, blind label"
    case .contradicted: "labels that held-out folds contradict"
    case .again: "what you have labelled, once more"
    }
  }
}

/// Where in the work on single sources a page is, as the URL says it.
private struct SinglePlace: Sendable {
  let order: Annotation.Order
  /// Whether the model's probabilities are hidden.
  let isBlind: Bool
  /// Sources whose label may still be on its way, and those that were skipped.
  let after: [Int]
  private let base: String
  private let look: Look

  init(_ visit: Visit) {
    let fields = visit.fields
    let orders = Annotation.Order.all(of: visit.scheme)
    order = orders.first { $0.rawValue == fields["order"] } ?? orders[0]
    isBlind = fields["shown"] == nil
    after = fields.numbers("after")
    base = visit.base + "/single"
    look = visit.look
  }

  /// The page of a source, or of the one that comes first.
  func address(
    of source: String?, after done: Int? = nil, blind: Bool? = nil, marked: Bool? = nil
  ) -> String {
    let pending = done.map { (after + [$0]).suffix(100) } ?? after[...]
    let look = look.marked(marked ?? look.isMarked).query
    var address = "\(base)?order=\(order.rawValue)&\(look)"
    if !(blind ?? isBlind) { address += "&shown=1" }
    if !pending.isEmpty { address += "&after=" + pending.map(String.init).joined(separator: ",") }
    return address + (source.map { "&source=" + percentEncoded($0) } ?? "")
  }
}
