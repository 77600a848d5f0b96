import Catalogue
import Hummingbird
import PostgreSQL

extension Section {
  static let clusters = Section(
    name: "Label clusters", path: "label",
    templates: [
      "cluster": PackageResources.cluster_mustache, "clusters": PackageResources.clusters_mustache,
    ], addRoutes: Site.addClusterPages)
}

extension Site {
  func addClusterPages(to router: Router<PageContext>) {
    router.get("/:survey/label") { try await nextCluster($0, $1) }
    router.get("/:survey/clusters") { try await clusterList($0, $1) }
    router.get("/:survey/label/:cluster") { try await clusterPage($0, $1) }
    router.post("/:survey/label/:cluster") { try await decideCluster($0, $1) }
    router.post("/:survey/undo") { try await undo($0, $1) }
  }

  private func nextCluster(_ request: Request, _ context: PageContext) async throws -> Response {
    let annotation = try await annotation(context)
    let place = ClusterPlace(annotation.survey, request.fields)
    let parts = try await queue(annotation).suggestions(groups: place.groups)
    let next = parts.first { $0.unlabelled > 0 }
    return .redirect(to: next.map { place.href($0.number) } ?? place.base + "/progress")
  }

  private func undo(_ request: Request, _ context: PageContext) async throws -> Response {
    let annotation = try await annotation(context)
    let place = ClusterPlace(annotation.survey, request.fields)
    let (undone, source) = try await pool.with { database in
      guard let undone = try annotation.undo(in: database) else {
        throw HTTPError(.conflict, message: "there is nothing to undo")
      }
      let cells = try undone.source.map { try annotation.cells(of: [$0], in: database) }
      return (undone, cells?.first?.name)
    }
    let next =
      source.map { "\(place.base)/single?source=\(percentEncoded($0))" }
      ?? undone.cluster.map(place.href) ?? "\(place.base)/label"
    return try answer(request, next: next, "took back \(undone.labels) labels")
  }

  /// The clusters of the newest clustering, with their labels.
  private func queue(_ annotation: Annotation) async throws -> ClusterQueue {
    let clustering = try await pool.with { try Clustering.find(of: annotation.survey, in: $0) }
    let tree = try await trees.value(clustering.id) {
      try await pool.with { try ClusterTree(of: clustering, in: $0) }
    }
    return try await pool.with { try annotation.queue(of: tree, in: $0) }
  }

  private func clusterPage(_ request: Request, _ context: PageContext) async throws -> Response {
    let annotation = try await annotation(context)
    let number = try context.number("cluster")
    let place = ClusterPlace(annotation.survey, request.fields)
    let look = Look(request.fields)
    let queue = try await queue(annotation)
    let montage = try await pool.with {
      try annotation.montage(
        of: number, in: queue.clustering, page: place.page, size: ClusterPlace.size, database: $0)
    }
    guard let node = queue.nodes[number] else {
      throw CatalogueError.missing("cluster \(number)", hint: "choose one of the list")
    }
    let view = MontageView(
      montage.cells, survey: annotation.survey, columns: 8, look: look, isChoice: true,
      out: place.out)
    return try page(
      "cluster", "Cluster \(number)", in: .clusters, of: annotation.survey, context,
      ClusterContent(
        node, in: queue, all: montage.all, montage: view, place: place, look: look,
        scheme: annotation.scheme))
  }

  private func decideCluster(_ request: Request, _ context: PageContext) async throws -> Response {
    let annotation = try await annotation(context)
    let number = try context.number("cluster")
    let place = ClusterPlace(annotation.survey, request.fields)
    let form = try await request.form()
    let shown = form.number("shown") ?? 0
    let out = form.numbers("out")
    if form["split"] != nil { return try await split(number, shown, annotation, place, request) }
    let classID = try annotation.scheme.classID(form)
    let action = try await pool.with { database in
      try annotation.accept(
        classID, cluster: number, of: Clustering.find(of: annotation.survey, in: database),
        excluding: out, shown: shown, in: database)
    }
    let name = annotation.scheme.name(of: classID) ?? ""
    return try answer(
      request, next: place.base + "/label", "\(action.labels) sources are \(name)")
  }

  private func split(
    _ number: Int, _ shown: Int, _ annotation: Annotation, _ place: ClusterPlace,
    _ request: Request
  ) async throws -> Response {
    try await pool.with { database in
      _ = try annotation.split(
        number, of: Clustering.find(of: annotation.survey, in: database), shown: shown,
        in: database)
    }
    let part = try await queue(annotation).largestPart(of: number)
    return try answer(
      request, next: part.map(place.href) ?? place.base + "/label", "split cluster \(number)")
  }

  private func clusterList(_ request: Request, _ context: PageContext) async throws -> Response {
    let annotation = try await annotation(context)
    let place = ClusterPlace(annotation.survey, request.fields)
    let look = Look(request.fields)
    let queue = try await queue(annotation)
    let parts = queue.suggestions(groups: place.groups)
    let rows = try await pool.with { database in
      try parts.dropFirst(place.page * 12).prefix(12).map { node in
        ClusterListContent.Row(
          node, spread: queue.spread(node),
          cells: try annotation.montage(
            of: node.number, in: queue.clustering, page: 0, size: 12, database: database
          ).cells, place: place, look: look, scheme: annotation.scheme)
      }
    }
    return try page(
      "clusters", "Clusters", in: .clusters, of: annotation.survey, context,
      ClusterListContent(
        rows: rows, all: parts.count, groups: place.groups, base: place.base,
        pager: Pager(place.page, size: 12, of: parts.count, request)))
  }
}

/// Where in the work on clusters a page is, as the URL says it.
struct ClusterPlace: Sendable {
  let survey: Survey
  /// Into how many parts the hierarchy is cut to begin with.
  let groups: Int
  /// The page of the cluster, from 0.
  let page: Int
  /// Clusters whose decision may still be on its way.
  let after: [Int]
  /// Sources that were taken out on this or another page of the cluster.
  let out: Set<Int>
  let look: String

  /// Sources on a page.
  static let size = 48

  init(_ survey: Survey, _ fields: Fields) {
    self.survey = survey
    groups = min(2000, max(1, fields.number("groups") ?? 64))
    page = max(0, fields.number("page") ?? 0)
    after = fields.numbers("after")
    out = Set(fields.numbers("out"))
    look = Look(fields).query
  }

  var base: String { "/" + percentEncoded(survey.name) }

  /// The page of a cluster.
  func href(_ cluster: Int) -> String { "\(base)/label/\(cluster)?groups=\(groups)&\(look)" }

  /// The page of a cluster that is shown before the decision on another has arrived.
  func href(_ cluster: Int, after done: Int) -> String {
    let pending = (after + [done]).suffix(4).map(String.init).joined(separator: ",")
    return href(cluster) + "&after=\(pending)"
  }
}

private struct ClusterContent {
  var number: Int
  var members: Int
  var unlabelled: Int
  var left: Int
  var montage: MontageView?
  var classes: [ClassButton]
  var action: String
  var next: String
  var part: String?
  var grow: String
  var list: String
  var earlier: String?
  var later: String?
  var zoomed: String
  var shown: Int
  var undo: String
  var looks: LookForm
  var known: String?
  /// Sources that were taken out on other pages of the cluster.
  var outElsewhere: [Int]

  init(
    _ node: ClusterQueue.Node, in queue: ClusterQueue, all: Int, montage: MontageView,
    place: ClusterPlace, look: Look, scheme: ClassScheme
  ) {
    number = node.number
    members = node.members
    unlabelled = all
    shown = montage.cells.count
    self.montage = montage.cells.isEmpty ? nil : montage
    let waiting = queue.suggestions(groups: place.groups)
      .filter { $0.unlabelled > 0 && $0.number != node.number && !place.after.contains($0.number) }
    left = waiting.count
    classes = ClassButton.all(scheme)
    let here = "\(place.base)/label/\(node.number)"
    let query = "groups=\(place.groups)&\(place.look)"
    action = "\(here)?\(query)"
    undo = "\(place.base)/undo?\(query)"
    next =
      waiting.first.map { place.href($0.number, after: node.number) } ?? place.base + "/progress"
    part = queue.largestPart(of: node.number).map(place.href)
    grow = "\(place.base)/grow?cluster=\(node.number)"
    list = "\(place.base)/clusters?\(query)"
    let last = (all - 1) / ClusterPlace.size
    earlier = place.page > 0 ? "\(action)&page=\(place.page - 1)" : nil
    later = place.page < last ? "\(action)&page=\(place.page + 1)" : nil
    zoomed = "\(here)?groups=\(place.groups)&\(look.closer.query)&page=\(place.page)"
    looks = LookForm(look, action: here)
    known = node.known(scheme)
    outElsewhere = place.out.subtracting(montage.cells.map(\.source)).sorted()
  }
}

private struct ClusterListContent: Sendable {
  var rows: [Row]
  var all: Int
  var groups: Int
  var base: String
  var pager: Pager

  struct Row: Sendable {
    var number: Int
    var href: String
    var members: Int
    var unlabelled: Int
    var spread: String
    var known: String?
    var montage: MontageView

    init(
      _ node: ClusterQueue.Node, spread: Double, cells: [MontageCell], place: ClusterPlace,
      look: Look, scheme: ClassScheme
    ) {
      number = node.number
      href = place.href(node.number)
      members = node.members
      unlabelled = node.unlabelled
      self.spread = formatted(spread)
      known = node.known(scheme)
      montage = MontageView(
        cells, survey: place.survey, columns: 12, look: look, isChoice: false)
    }
  }
}

extension ClusterQueue.Node {
  /// The classes that most of its labelled sources have; `nil` where none is labelled.
  fileprivate func known(_ scheme: ClassScheme) -> String? {
    guard !classes.isEmpty else { return nil }
    return classes.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(3)
      .map { "\($0.value) \(scheme.name(of: $0.key) ?? "")" }.joined(separator: ", ")
  }
}

extension ClusterQueue {
  /// The part of a union with the most unlabelled sources; `nil` for a leaf.
  func largestPart(of number: Int) -> Int? {
    nodes[number]?.children.compactMap { nodes[$0] }
      .max { ($0.unlabelled, $1.number) < ($1.unlabelled, $0.number) }?.number
  }
}
