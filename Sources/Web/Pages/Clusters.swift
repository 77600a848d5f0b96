import Catalogue
import Hummingbird
import Markup
import PostgreSQL

extension Section {
  static let clusters = Section(
    name: "Label clusters", path: "label",
    templates: [
      "cluster": PackageResources.cluster_mustache, "clusters": PackageResources.clusters_mustache,
    ],
    routes: [
      .get("label") { try await $0.nextCluster() },
      .get("clusters") { try await $0.clusterList() },
      .get("label/:cluster") { try await $0.clusterPage() },
      .post("label/:cluster") { try await $0.decideCluster() },
      .post("undo") { try await $0.undo() },
    ], takesTags: false)
}

extension Visit {
  fileprivate func nextCluster() async throws -> Response {
    if scheme.isTags { return .redirect(to: base + "/single") }
    let place = ClusterPlace(self)
    let next = try await queue().suggestions(groups: place.groups).first { $0.unlabelled > 0 }
    return .redirect(to: next.map { place.address($0.number) } ?? base + "/progress")
  }

  fileprivate func undo() async throws -> Response {
    let (undone, source) = try await pool.with { database in
      guard let undone = try annotation.undo(in: database) else {
        throw HTTPError(.conflict, message: "there is nothing to undo")
      }
      let cells = try undone.source.map { try annotation.cells(of: [$0], in: database) }
      return (undone, cells?.first?.name)
    }
    let next =
      source.map { "\(base)/single?source=\(percentEncoded($0))" }
      ?? undone.cluster.map(ClusterPlace(self).address) ?? "\(base)/label"
    return try answer(next: next, "took back \(undone.labels) labels")
  }

  /// The clusters of the newest clustering, with their labels.
  private func queue() async throws -> ClusterQueue {
    try scheme.checkOneClass(for: "labelling a cluster")
    let clustering = try await pool.with { try Clustering.find(of: survey, in: $0) }
    let tree = try await site.trees.value(clustering.id) {
      try await pool.with { try ClusterTree(of: clustering, in: $0) }
    }
    return try await pool.with { try annotation.queue(of: tree, in: $0) }
  }

  fileprivate func clusterPage() async throws -> Response {
    let number = try context.number("cluster")
    let place = ClusterPlace(self)
    let queue = try await queue()
    let (cells, all) = try await pool.with {
      try annotation.montage(
        of: number, in: queue.clustering, page: pageNumber, size: ClusterPlace.size, database: $0)
    }
    guard let node = queue.nodes[number] else {
      throw CatalogueError.missing("cluster \(number)", hint: "choose one of the list")
    }
    return try page(
      "cluster", "Cluster \(number)", content(node, in: queue, cells, of: all, place))
  }

  /// A page of a cluster's sources that the annotator has not labelled, of which there are `all`.
  private func content(
    _ node: ClusterQueue.Node, in queue: ClusterQueue, _ cells: [MontageCell], of all: Int,
    _ place: ClusterPlace
  ) -> Content {
    let waiting = queue.suggestions(groups: place.groups)
      .filter { $0.unlabelled > 0 && $0.number != node.number && !place.after.contains($0.number) }
    let next = waiting.first.map { place.address($0.number, after: node.number) }
    let here = "\(base)/label/\(node.number)"
    let action = "\(here)?\(place.query)"
    let zoomed = "\(here)?groups=\(place.groups)&\(look.nextZoom.query)&page=\(pageNumber)"
    let last = (all - 1) / ClusterPlace.size
    let view = montage(cells, columns: 8, isChoice: true, out: place.out)
    return [
      "number": node.number, "members": node.members, "unlabelled": all, "left": waiting.count,
      "known": node.known(scheme), "classes": scheme.buttons(), "shown": cells.count,
      "montage": cells.isEmpty ? nil : view,
      // Sources that were taken out on other pages of the cluster.
      "outElsewhere": place.out.subtracting(cells.map(\.source)).sorted(),
      "action": action, "next": next ?? base + "/progress",
      "undo": "\(base)/undo?\(place.query)", "list": "\(base)/clusters?\(place.query)",
      "grow": "\(base)/grow?cluster=\(node.number)", "zoomed": zoomed,
      "part": queue.largestPart(of: node.number).map(place.address),
      "earlier": pageNumber > 0 ? "\(action)&page=\(pageNumber - 1)" : nil,
      "later": pageNumber < last ? "\(action)&page=\(pageNumber + 1)" : nil,
      "looks": looks(action: here),
    ]
  }

  fileprivate func decideCluster() async throws -> Response {
    try scheme.checkOneClass(for: "labelling a cluster")
    let number = try context.number("cluster")
    let form = try await request.form()
    let (shown, out) = (form.number("shown") ?? 0, form.numbers("out"))
    if form["split"] != nil { return try await split(number, shown: shown) }
    let classID = try scheme.classID(form)
    let action = try await pool.with { database in
      try annotation.accept(
        classID, cluster: number, of: Clustering.find(of: survey, in: database),
        excluding: out, shown: shown, in: database)
    }
    return try answer(
      next: base + "/label", "\(action.labels) sources are \(scheme.name(of: classID) ?? "")")
  }

  private func split(_ number: Int, shown: Int) async throws -> Response {
    try await pool.with { database in
      _ = try annotation.split(
        number, of: Clustering.find(of: survey, in: database), shown: shown, in: database)
    }
    let part = try await queue().largestPart(of: number)
    return try answer(
      next: part.map(ClusterPlace(self).address) ?? base + "/label", "split cluster \(number)")
  }

  fileprivate func clusterList() async throws -> Response {
    let place = ClusterPlace(self)
    let queue = try await queue()
    let parts = queue.suggestions(groups: place.groups)
    let shown = parts.dropFirst(pageNumber * 12).prefix(12)
    let cells = try await pool.with { database in
      try shown.map { node in
        try annotation.montage(
          of: node.number, in: queue.clustering, page: 0, size: 12, database: database
        ).cells
      }
    }
    return try page(
      "clusters", "Clusters",
      [
        "rows": zip(shown, cells).map { row($0, in: queue, $1, place) }, "all": parts.count,
        "groups": place.groups,
        "pager": pager(size: 12, of: parts.count),
      ])
  }

  private func row(
    _ node: ClusterQueue.Node, in queue: ClusterQueue, _ cells: [MontageCell], _ place: ClusterPlace
  ) -> Content {
    [
      "number": node.number, "href": place.address(node.number), "members": node.members,
      "unlabelled": node.unlabelled, "spread": formatted(queue.spread(node)),
      "known": node.known(scheme), "montage": montage(cells, columns: 12),
    ]
  }
}

/// Where in the work on clusters a page is, as the URL says it.
private struct ClusterPlace: Sendable {
  /// Into how many parts the hierarchy is cut to begin with.
  let groups: Int
  /// Clusters whose decision may still be on its way.
  let after: [Int]
  /// Sources that were taken out on this or another page of the cluster.
  let out: Set<Int>
  /// What every page of the work carries on.
  let query: String
  private let base: String

  /// Sources on a page.
  static let size = 48

  init(_ visit: Visit) {
    let fields = visit.fields
    groups = fields.number("groups", in: 1...2000) ?? 64
    after = fields.numbers("after")
    out = Set(fields.numbers("out"))
    query = "groups=\(groups)&\(visit.look.query)"
    base = visit.base
  }

  /// The page of a cluster.
  func address(_ cluster: Int) -> String { "\(base)/label/\(cluster)?\(query)" }

  /// The page of a cluster that is shown before the decision on another has arrived.
  func address(_ cluster: Int, after done: Int) -> String {
    let pending = (after + [done]).suffix(4).map(String.init).joined(separator: ",")
    return address(cluster) + "&after=\(pending)"
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
  fileprivate func largestPart(of number: Int) -> Int? {
    nodes[number]?.children.compactMap { nodes[$0] }
      .max { ($0.unlabelled, $1.number) < ($1.unlabelled, $0.number) }?.number
  }
}
