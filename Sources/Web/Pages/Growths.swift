import Catalogue
import Hummingbird
import Markup
import PostgreSQL

extension Section {
  static let growth = Section(
    name: "Grow a class", path: "grow",
    templates: [
      "grow": PackageResources.grow_mustache, "growth": PackageResources.growth_mustache,
    ],
    routes: [
      .get("grow") { try await $0.chooseClass() },
      .post("grow") { try await $0.beginGrowth() },
      .get("grow/:growth") { try await $0.growthPage() },
      .post("grow/:growth") { try await $0.decideGrowth() },
    ], takesTags: false)
}

extension Visit {
  fileprivate func chooseClass() async throws -> Response {
    try scheme.checkOneClass(for: "growing a class")
    if let nothing = try await lacking(.embeddings) { return nothing }
    let counts = try await pool.with { database in
      try annotation.labelledCounts(in: database)
    }
    let cluster: Int? = fields.number("cluster")
    return try page(
      "grow", "Grow a class",
      [
        "cluster": cluster, "action": base + "/grow",
        "classes": scheme.buttons(details: counts.mapValues { "\($0) labelled" }),
      ])
  }

  fileprivate func beginGrowth() async throws -> Response {
    let form = try await request.form()
    try scheme.checkOneClass(for: "growing a class")
    let classID = try scheme.classID(form)
    guard let space = try await space() else {
      throw CatalogueError.missing(
        "embedding of '\(survey.name)'", hint: "make some with 'reber embed'")
    }
    let cluster: Int? = form.number("cluster")
    let start = try await pool.with { try GrowthStart(from: cluster, annotation, in: $0) }
    let seeds = try start.seeds(of: classID, named: scheme.name(of: classID) ?? "")
    let ranking = start.candidates(like: seeds, in: space)
    let growth = try await pool.with { database in
      try annotation.grow(
        classID, from: cluster, of: start.clustering, model: space.key.model, seeds: seeds,
        ranking: ranking, pageSize: GrowthPlace.size, in: database)
    }
    return try answer(next: "\(base)/grow/\(growth)", "\(ranking.count) candidates are ranked")
  }

  fileprivate func growthPage() async throws -> Response {
    let number = try context.number("growth")
    let asked = fields["path"]
    let (growth, place, cells, members) = try await pool.with { database in
      let growth = try annotation.growth(number, in: database)
      let place = GrowthPlace(growth, path: asked ?? growth.path)
      let candidates = try place.ranks.map { try growth.candidates($0, in: database) } ?? []
      return (
        growth, place, try annotation.cells(of: candidates, in: database),
        try annotation.cells(of: Array(growth.seeds.prefix(12)), in: database)
      )
    }
    return try page(
      "growth", "Grow \(scheme.name(of: growth.classID) ?? "")",
      content(growth, place, cells, members))
  }

  /// A page of candidates, below the sources that it began from.
  private func content(
    _ growth: Growth, _ place: GrowthPlace, _ cells: [MontageCell], _ members: [MontageCell]
  ) -> Content {
    let here = "\(base)/grow/\(growth.id)"
    let next = { (answer: String) in "\(here)?path=\(place.path)\(answer)&\(look.query)" }
    let isFinished = growth.action != nil
    return [
      "name": scheme.name(of: growth.classID) ?? "", "swatch": growth.classID,
      "action": "\(here)?\(look.query)", "path": place.path, "page": place.page.map { $0 + 1 },
      "pages": growth.pages, "taken": place.taken, "decisions": place.path.count,
      "rejected": growth.rejected.isEmpty ? nil : growth.rejected.count,
      "isFinished": isFinished, "canUndo": !place.path.isEmpty && !isFinished,
      "marks": "\(here)?path=\(place.path)&\(look.marked(!look.isMarked).query)",
      "isMarked": look.isMarked, "candidates": montage(cells, columns: 12, isChoice: true),
      "members": montage(members, columns: 12), "label": base + "/label",
      "onMatch": next("m"), "onRest": next("r"), "onMismatch": next("x"),
    ]
  }

  fileprivate func decideGrowth() async throws -> Response {
    let number = try context.number("growth")
    let form = try await request.form()
    let growth = try await pool.with { try annotation.growth(number, in: $0) }
    guard growth.annotator == annotation.annotator else {
      throw HTTPError(.forbidden, message: "\(growth.annotator) began this: begin your own")
    }
    let place = GrowthPlace(growth, path: growth.path)
    if form["finish"] != nil { return try await finish(growth, at: place) }
    let decision = try growth.decision(form, at: place)
    var after = growth
    after.decisions.append(decision)
    try await pool.with { try growth.decide(decision, in: $0) }
    return try answer(
      next: "\(base)/grow/\(number)?path=\(after.path)&\(look.query)", "page \(decision.page + 1)")
  }

  /// Labels what is known to match.
  private func finish(_ growth: Growth, at place: GrowthPlace) async throws -> Response {
    guard growth.action == nil else {
      throw HTTPError(.conflict, message: "the labels of this growth are written")
    }
    let action = try await pool.with {
      try annotation.finish(growth, taking: place.taken, rejecting: growth.rejected, in: $0)
    }
    return try answer(next: base + "/label", "\(action.labels) sources are labelled")
  }
}

/// What there is to grow a class from.
private struct GrowthStart: Sendable {
  /// The clustering of the cluster that it begins from.
  var clustering: Clustering?

  /// The first sources of that cluster; none where it begins from labels.
  var members: [Int] = []

  /// What the annotator has labelled.
  var labelled: [SourceClass]

  init(from cluster: Int?, _ annotation: Annotation, in database: Connection) throws {
    labelled = try annotation.labelledSources(in: database)
    guard let cluster else { return }
    let clustering = try Clustering.find(of: annotation.survey, in: database)
    members = Array(try clustering.members(of: cluster, in: database).prefix(200))
    self.clustering = clustering
  }

  /// The sources that candidates are to be like.
  ///
  /// - Throws: `HTTPError` where there is none.
  func seeds(of classID: Int16, named name: String) throws -> [Int] {
    let own = labelled.filter { $0.classID == classID }.map(\.source)
    guard let seeds = [members, own].first(where: { !$0.isEmpty }) else {
      throw HTTPError(
        .conflict,
        message: "you have labelled no source as \(name): accept a cluster, or begin from one")
    }
    return seeds
  }

  /// Sources without a label of the annotator, the most alike first; what a cluster begins with
  /// comes before all others.
  func candidates(like seeds: [Int], in space: EmbeddingSpace) -> [Int] {
    let labelled = Set(labelled.map(\.source))
    return members.filter { !labelled.contains($0) }
      + space.ranking(like: seeds, excluding: labelled).map(\.source)
  }
}

extension Growth {
  /// The decision that a form brings.
  ///
  /// - Throws: `HTTPError` where there is none, or it was made on a page that is not the last.
  fileprivate func decision(_ form: Fields, at place: GrowthPlace) throws -> Decision {
    guard let answer = form["answer"].flatMap(Answer.init) else {
      throw HTTPError(.badRequest, message: "the form lacks an answer")
    }
    if answer == .undo {
      guard let last = standing.last else {
        throw HTTPError(.conflict, message: "there is nothing to undo")
      }
      return Decision(page: place.page ?? last.page, answer: .undo, rejected: [])
    }
    guard let page = place.page, form["path"] ?? "" == path else {
      throw HTTPError(.conflict, message: "another window was faster: load the page again")
    }
    return Decision(
      page: page, answer: answer, rejected: answer == .match ? form.numbers("out") : [])
  }
}

/// Where a growth stands, as the URL says it.
private struct GrowthPlace: Sendable {
  /// The answers so far, as ``Bisection`` reads them.
  let path: String

  /// The page to show; `nil` where all is known.
  let page: Int?

  /// The ranks of the page's candidates.
  let ranks: Range<Int>?

  /// The first so many candidates are of the class.
  let taken: Int

  /// Candidates on a page.
  static let size = 60

  init(_ growth: Growth, path: String) {
    let state = Bisection(pages: growth.pages, path: path)
    self.path = path
    page = state.page
    ranks = state.page.map {
      $0 * growth.pageSize..<min(growth.candidates, ($0 + 1) * growth.pageSize)
    }
    taken = min(growth.candidates, (state.good + 1) * growth.pageSize)
  }
}
