import Catalogue
import Foundation
import Hummingbird
import Markup
import PostgreSQL

extension Section {
  /// What is least like anything labelled.
  static let unlike = Section(
    name: "Unlike", path: "unlike", templates: ["likeness": PackageResources.likeness_mustache],
    routes: [.get("unlike") { try await $0.unlikePage() }])
}

/// A source, its place in a ranking, and what it is ranked by.
struct RankedSource: Sendable {
  /// The source.
  let source: Int
  /// From 1.
  let rank: Int
  /// The cosine, from the mean of the survey, with what it is compared with.
  let cosine: Float

  /// What stands below its picture.
  var caption: String { "\(rank) · " + String(format: "%.2f", cosine) }
}

extension Visit {
  /// Sources on a page.
  private static let page = 60

  /// Sources that are ranked as least like anything labelled; more are found as labels come in.
  private static let unlikeCount = 3000

  fileprivate func unlikePage() async throws -> Response {
    if let nothing = try await lacking(.embeddings) { return nothing }
    let ranking = try await unlikeRanking()
    let new = try await pool.with { try annotation.new(among: ranking.map(\.source), in: $0) }
    let open = Set(new)
    return try await likenessPage(
      "Unlike anything labelled", ranking.filter { open.contains($0.source) },
      [
        "isUnlike": true, "hasLabels": !ranking.isEmpty, "single": base + "/single?order=unlike",
        "label": base + "/single?order=spread",
      ])
  }

  /// The page of what is most like a source.
  func likePage() async throws -> Response {
    if let nothing = try await lacking(.embeddings) { return nothing }
    let name = try context.part("source")
    let source = try await pool.with { try SourceKey.named(name, of: survey, in: $0) }.source
    let alike = try await space()?.likeness(to: source) ?? []
    return try await likenessPage(
      "Like \(name)", alike.enumerated().map(RankedSource.init),
      ["source": name, "href": address(ofSource: name)])
  }

  private func likenessPage(
    _ title: String, _ ranking: [RankedSource], _ about: Content
  ) async throws -> Response {
    let shown = Array(ranking.dropFirst(pageNumber * Self.page).prefix(Self.page))
    let cells = try await pool.with { try annotation.cells(of: shown.map(\.source), in: $0) }
    let view = montage(cells, columns: 10, captions: shown.map(\.caption))
    return try page(
      "likeness", title,
      [
        "heading": title, "about": about, "montage": shown.isEmpty ? nil : view,
        "pager": pager(size: Self.page, of: ranking.count),
      ])
  }

  /// The sources that are least like anything labelled, as far as is known without the newest labels; none where
  /// nothing is labelled or embedded.
  func unlikeRanking() async throws -> [RankedSource] {
    guard let space = try await space() else { return [] }
    let count = try await pool.with { try scheme.labelled(of: survey, in: $0) }
    let key = "\(space.key) \(scheme.id) \(Self.step(of: count))"
    return try await site.unlike.value(key) {
      let labelled = try await pool.with { database in
        try Consensus.some(
          Forecast.limit, of: survey, scheme: scheme, labelled: count, in: database
        ).map(\.source)
      }
      return space.unlike(labelled, count: Self.unlikeCount).enumerated().map(RankedSource.init)
    }
  }
}

extension RankedSource {
  init(_ place: Int, _ found: (source: Int, cosine: Float)) {
    self.init(source: found.source, rank: place + 1, cosine: found.cosine)
  }
}
