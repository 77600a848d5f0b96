import Catalogue
import Hummingbird
import PostgreSQL

extension Section {
  static let growth = Section(
    name: "Grow a class", path: "grow",
    templates: [
      "grow": PackageResources.grow_mustache, "growth": PackageResources.growth_mustache,
    ], addRoutes: Site.addGrowthPages)
}

extension Site {
  func addGrowthPages(to router: Router<PageContext>) {
    router.get("/:survey/grow") { request, context in
      try await chooseClass(request, context)
    }
    router.post("/:survey/grow") { request, context in
      try await beginGrowth(request, context)
    }
    router.get("/:survey/grow/:growth") { request, context in
      try await growthPage(request, context)
    }
    router.post("/:survey/grow/:growth") { request, context in
      try await decideGrowth(request, context)
    }
  }

  private func chooseClass(_ request: Request, _ context: PageContext) async throws -> Response {
    let annotation = try await annotation(context)
    let counts = try await pool.with { database in
      try annotation.labelledSources(in: database).reduce(into: [Int16: Int]()) {
        $0[$1.classID, default: 0] += 1
      }
    }
    let cluster: Int? = request.fields.number("cluster")
    return try page(
      "grow", "Grow a class", in: .growth, of: annotation.survey, context,
      GrowContent(
        cluster: cluster, action: "/\(annotation.survey.name)/grow",
        classes: ClassButton.all(annotation.scheme, details: counts.mapValues { "\($0) labelled" })
      ))
  }

  private func beginGrowth(_ request: Request, _ context: PageContext) async throws -> Response {
    let annotation = try await annotation(context)
    let form = try await request.form()
    let classID = try annotation.scheme.classID(form)
    guard let space = try await space(of: annotation.survey) else {
      throw CatalogueError.missing(
        "embedding of '\(annotation.survey.name)'", hint: "make some with 'reber embed'")
    }
    let cluster: Int? = form.number("cluster")
    let start = try await pool.with { try GrowthStart(from: cluster, annotation, in: $0) }
    let seeds = start.seeds(of: classID)
    guard !seeds.isEmpty else {
      throw HTTPError(
        .conflict,
        message: """
          you have labelled no source as \(annotation.scheme.name(of: classID) ?? ""): accept a \
          cluster, or begin from one
          """)
    }
    let ranking = start.candidates(like: seeds, in: space)
    let growth = try await pool.with { database in
      try annotation.grow(
        classID, from: cluster, of: start.clustering, model: space.model, seeds: seeds,
        ranking: ranking, pageSize: GrowthPlace.size, in: database)
    }
    return try answer(
      request, next: "/\(annotation.survey.name)/grow/\(growth)",
      "\(ranking.count) candidates are ranked")
  }

  private func growthPage(_ request: Request, _ context: PageContext) async throws -> Response {
    let annotation = try await annotation(context)
    let number = try context.number("growth")
    let look = Look(request.fields)
    let asked = request.fields["path"]
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
      "growth", "Grow \(annotation.scheme.name(of: growth.classID) ?? "")", in: .growth,
      of: annotation.survey, context,
      GrowthContent(growth, place, cells, members, annotation, look))
  }

  private func decideGrowth(_ request: Request, _ context: PageContext) async throws -> Response {
    let annotation = try await annotation(context)
    let number = try context.number("growth")
    let form = try await request.form()
    let look = Look(request.fields).query
    let growth = try await pool.with { try annotation.growth(number, in: $0) }
    guard growth.annotator == annotation.annotator else {
      throw HTTPError(.forbidden, message: "\(growth.annotator) began this: begin your own")
    }
    let place = GrowthPlace(growth, path: growth.path)
    if form["finish"] != nil { return try await finish(growth, at: place, annotation, request) }
    let decision = try growth.decision(form, at: place)
    var after = growth
    after.decisions.append(decision)
    try await pool.with { try growth.decide(decision, in: $0) }
    let next = "/\(annotation.survey.name)/grow/\(number)?path=\(after.path)&\(look)"
    return try answer(request, next: next, "page \(decision.page + 1)")
  }

  /// Labels what is known to match.
  private func finish(
    _ growth: Growth, at place: GrowthPlace, _ annotation: Annotation, _ request: Request
  ) async throws -> Response {
    guard growth.action == nil else {
      throw HTTPError(.conflict, message: "the labels of this growth are written")
    }
    let action = try await pool.with {
      try annotation.finish(growth, taking: place.taken, rejecting: growth.rejected, in: $0)
    }
    return try answer(
      request, next: "/\(annotation.survey.name)/label", "\(action.labels) sources are labelled")
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
  func seeds(of classID: Int16) -> [Int] {
    members.isEmpty ? labelled.filter { $0.classID == classID }.map(\.source) : members
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
struct GrowthPlace: Sendable {
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

private struct GrowContent {
  var cluster: Int?
  var action: String
  var classes: [ClassButton]
}

private struct GrowthContent {
  var name: String
  var swatch: Int
  var action: String
  var path: String
  var page: Int?
  var pages: Int
  var taken: Int
  var rejected: Int?
  var decisions: Int
  var isFinished: Bool
  var canUndo: Bool
  var candidates: MontageView
  var members: MontageView
  var onMatch: String
  var onRest: String
  var onMismatch: String
  var label: String

  init(
    _ growth: Growth, _ place: GrowthPlace, _ cells: [MontageCell], _ members: [MontageCell],
    _ annotation: Annotation, _ look: Look
  ) {
    let base = "/" + percentEncoded(annotation.survey.name)
    let here = "\(base)/grow/\(growth.id)"
    name = annotation.scheme.name(of: growth.classID) ?? ""
    swatch = Int(growth.classID)
    action = "\(here)?\(look.query)"
    path = place.path
    page = place.page.map { $0 + 1 }
    pages = growth.pages
    taken = place.taken
    rejected = growth.rejected.isEmpty ? nil : growth.rejected.count
    decisions = place.path.count
    isFinished = growth.action != nil
    canUndo = !place.path.isEmpty && !isFinished
    candidates = MontageView(
      cells, survey: annotation.survey, columns: 12, look: look, isChoice: true)
    self.members = MontageView(
      members, survey: annotation.survey, columns: 12, look: look, isChoice: false)
    onMatch = "\(here)?path=\(place.path)m&\(look.query)"
    onRest = "\(here)?path=\(place.path)r&\(look.query)"
    onMismatch = "\(here)?path=\(place.path)x&\(look.query)"
    label = "\(base)/label"
  }
}
