import Catalogue
import Foundation
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
      .post("label/:cluster/lease") { try await $0.leaseCluster() },
      .post("undo") { try await $0.undo() },
    ], takesTags: false)
}

extension Visit {
  fileprivate func nextCluster() async throws -> Response {
    if scheme.isTags { return .redirect(to: base + "/single") }
    if let nothing = try await lacking(.clusters) { return nothing }
    return try await handOut()
  }

  /// Leads to the first cluster that nobody else has, and hands it to the annotator; where others have all that
  /// are left, to the list of them.
  private func handOut() async throws -> Response {
    let place = ClusterPlace(self)
    let queue = try await queue()
    let waiting = queue.suggestions(groups: place.groups).filter {
      $0.unlabelled > 0 && !place.after.contains($0.number)
    }
    let next = try await pool.with { database in
      let leased = try annotation.leased(of: queue.clustering, in: database)
      return try waiting.first { node in
        try queue.holder(of: node.number, among: leased) == nil
          && (!isGiven
            || annotation.lease(node.number, of: queue.clustering, in: database) == nil)
      }
    }
    guard let next else {
      return .redirect(to: base + (waiting.isEmpty ? "/progress" : "/clusters?\(place.query)"))
    }
    return .redirect(to: place.address(next.number, pending: place.after))
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
    if !scheme.isTags, let nothing = try await lacking(.clusters) { return nothing }
    let number = try context.number("cluster")
    let place = ClusterPlace(self)
    let queue = try await queue()
    guard let node = queue.nodes[number] else {
      throw CatalogueError.missing("cluster \(number)", hint: "choose one of the list")
    }
    let (other, leased, cells, all, said) = try await pool.with { database in
      let leased = try annotation.leased(of: queue.clustering, in: database)
      let other =
        isGiven
        ? try annotation.lease(number, of: queue.clustering, in: database)
        : queue.holder(of: number, among: leased)
      let (cells, all) = try annotation.montage(
        of: number, in: queue.clustering, page: pageNumber, size: ClusterPlace.size,
        database: database)
      let said =
        place.isShown
        ? try NewestWork.on(survey, scheme: scheme, in: database)
          .predictions(of: cells.map(\.source), in: survey, database) : [:]
      return (other, leased, cells, all, said)
    }
    // Who only goes on to the next one gets another; who asks for this one sees who has it.
    if other != nil, !place.after.isEmpty { return try await handOut() }
    return try page(
      "cluster", "Cluster \(number)",
      content(
        node, in: queue, Shown(cells: cells, all: all, said: said), place,
        Leases(here: other, all: leased)))
  }

  /// What is shown of a cluster.
  private struct Shown {
    /// A page of the sources that the annotator has not labelled.
    let cells: [MontageCell]
    /// How many there are.
    let all: Int
    /// What the model says of those on the page, where that is asked for.
    let said: [Int: NewestWork.Opinion]
  }

  /// Who else has clusters.
  private struct Leases {
    /// Who has the cluster of the page.
    let here: String?
    /// By the number of the cluster.
    let all: [Int: String]
  }

  /// A page of a cluster's sources that the annotator has not labelled.
  private func content(
    _ node: ClusterQueue.Node, in queue: ClusterQueue, _ shown: Shown, _ place: ClusterPlace,
    _ leases: Leases
  ) -> Content {
    let (cells, all) = (shown.cells, shown.all)
    let opinions = cells.map { shown.said[$0.source] }
    let waiting = queue.suggestions(groups: place.groups)
      .filter {
        $0.unlabelled > 0 && $0.number != node.number && !place.after.contains($0.number)
          && queue.holder(of: $0.number, among: leases.all) == nil
      }
    let next = waiting.first.map { place.address($0.number, after: node.number) }
    let here = "\(base)/label/\(node.number)"
    let action = "\(here)?\(place.query)"
    let same = { (look: Look, isShown: Bool) in
      here + "?" + ClusterPlace.query(place.groups, look, isShown: isShown) + "&page=\(pageNumber)"
    }
    let last = (all - 1) / ClusterPlace.size
    let view = montage(
      cells, columns: 8, isChoice: true,
      captions: opinions.map { opinion in
        opinion.map {
          "\(scheme.name(of: $0.classID) ?? "?") " + String(format: "%.2f", $0.probability)
        }
      }, swatches: opinions.map { $0?.classID }, out: place.out)
    return [
      "number": node.number, "members": node.members, "unlabelled": all, "left": waiting.count,
      "other": leases.here,
      "known": node.known(scheme), "classes": scheme.buttons(), "shown": cells.count,
      "montage": cells.isEmpty ? nil : view,
      // Sources that were taken out on other pages of the cluster.
      "outElsewhere": place.out.subtracting(cells.map(\.source)).sorted(),
      "action": action, "lease": place.address(of: node.number, "/lease"),
      "next": next ?? base + "/progress",
      "undo": "\(base)/undo?\(place.query)", "list": "\(base)/clusters?\(place.query)",
      "grow": "\(base)/grow?cluster=\(node.number)", "zoomed": same(look.nextZoom, place.isShown),
      "marks": same(look.marked(!look.isMarked), place.isShown), "isMarked": look.isMarked,
      "opinion": same(look, !place.isShown), "isShown": place.isShown,
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
      let clustering = try Clustering.find(of: survey, in: database)
      let action = try annotation.accept(
        classID, cluster: number, of: clustering, excluding: out, shown: shown, in: database)
      try annotation.giveBack(number, of: clustering, in: database)
      return action
    }
    return try answer(
      next: base + "/label", "\(action.labels) sources are \(scheme.name(of: classID) ?? "")")
  }

  /// Whether this request hands a cluster out: not what only looks ahead, and nothing where nobody can write.
  private var isGiven: Bool { standby == nil && !isPrefetch }

  /// Hands out a cluster whose page was fetched ahead, once it is shown: where another got it meanwhile, the answer
  /// leads to one that is free.
  fileprivate func leaseCluster() async throws -> Response {
    try scheme.checkOneClass(for: "labelling a cluster")
    let (number, place) = (try context.number("cluster"), ClusterPlace(self))
    let other = try await pool.with { database in
      try annotation.lease(number, of: Clustering.find(of: survey, in: database), in: database)
    }
    guard let other else { return try answer(next: place.address(number), "") }
    return try answer(
      next: "\(base)/label?\(place.query)&after=\(number)",
      "\(other) has cluster \(number) on the screen just now: here is another")
  }

  private func split(_ number: Int, shown: Int) async throws -> Response {
    try await pool.with { database in
      let clustering = try Clustering.find(of: survey, in: database)
      _ = try annotation.split(number, of: clustering, shown: shown, in: database)
      // Others may have its other parts.
      try annotation.giveBack(number, of: clustering, in: database)
    }
    let part = try await queue().largestPart(of: number)
    return try answer(
      next: part.map(ClusterPlace(self).address) ?? base + "/label", "split cluster \(number)")
  }

  fileprivate func clusterList() async throws -> Response {
    if !scheme.isTags, let nothing = try await lacking(.clusters) { return nothing }
    let place = ClusterPlace(self)
    let queue = try await queue()
    let leased = try await pool.with { try annotation.leased(of: queue.clustering, in: $0) }
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
        "rows": zip(shown, cells).map { row($0, in: queue, $1, place, leased) },
        "all": parts.count,
        "groups": place.groups,
        "pager": pager(size: 12, of: parts.count),
      ])
  }

  private func row(
    _ node: ClusterQueue.Node, in queue: ClusterQueue, _ cells: [MontageCell],
    _ place: ClusterPlace,
    _ leased: [Int: String]
  ) -> Content {
    [
      "other": leased[node.number], "number": node.number, "href": place.address(node.number),
      "members": node.members,
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
  /// Whether what the model thinks is shown.
  let isShown: Bool
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
    isShown = fields["shown"] != nil
    query = Self.query(groups, visit.look, isShown: isShown)
    base = visit.base
  }

  /// What the pages of the work carry on.
  static func query(_ groups: Int, _ look: Look, isShown: Bool) -> String {
    "groups=\(groups)&\(look.query)" + (isShown ? "&shown=1" : "")
  }

  /// The page of a cluster.
  func address(_ cluster: Int) -> String { address(of: cluster, "") }

  /// What stands below the page of a cluster.
  func address(of cluster: Int, _ path: String) -> String {
    "\(base)/label/\(cluster)\(path)?\(query)"
  }

  /// The page of a cluster that is shown before the decision on another has arrived.
  func address(_ cluster: Int, after done: Int) -> String {
    address(cluster, pending: after + [done])
  }

  /// The page of a cluster that is shown before the decisions on others have arrived.
  func address(_ cluster: Int, pending: [Int]) -> String {
    let pending = pending.suffix(4).map(String.init).joined(separator: ",")
    return address(cluster) + (pending.isEmpty ? "" : "&after=\(pending)")
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
