import Catalogue
import Hummingbird
import Markup
import PostgreSQL
import Tensor

extension Section {
  /// The embeddings on two axes.
  static let map = Section(
    name: "Map", path: "map", templates: ["map": PackageResources.map_mustache],
    routes: [
      .get("map") { try await $0.mapPage() },
      .get("map.json") { try await $0.mapPoints() },
    ])
}

extension Visit {
  fileprivate func mapPage() async throws -> Response {
    if let nothing = try await lacking(.embeddings) { return nothing }
    let space = try await space()
    return try page(
      "map", "Map",
      [
        "points": space?.sources.count, "data": base + "/map.json", "base": base,
        "classes": scheme.buttons(),
      ])
  }

  fileprivate func mapPoints() async throws -> Response {
    guard let space = try await space() else {
      throw CatalogueError.missing("embedding", hint: "make some with 'reber embed'")
    }
    let classes = try await pool.with { database in
      try NewestWork.on(survey, in: database).knownClasses(
        of: survey, scheme: scheme, in: database)
    }
    return .bytes(points(space, classes).utf8, type: "application/json")
  }

  /// `[[x, y, label, prediction, source], …]`, coordinates in ±10,000, −1 for no class.
  private func points(
    _ space: EmbeddingSpace, _ classes: [Int: (label: Int16?, prediction: Int16?)]
  ) -> String {
    let points = space.sources.enumerated().map { row, source in
      let x = Int(space.map.values[row * 2] * 10_000)
      let y = Int(space.map.values[row * 2 + 1] * 10_000)
      let known = classes[source]
      return "[\(x),\(y),\(known?.label ?? -1),\(known?.prediction ?? -1),\(source)]"
    }
    return "[" + points.joined(separator: ",") + "]"
  }
}
