import Catalogue
import HTTPTypes
import Hummingbird
import PostgreSQL
import Tensor

extension Section {
  static let map = Section(
    name: "Map", path: "map", templates: ["map": PackageResources.map_mustache],
    addRoutes: Site.addMap)
}

extension Site {
  /// The embeddings on two axes.
  func addMap(to router: Router<PageContext>) {
    router.get("/:survey/map") { try await mapPage($1) }
    router.get("/:survey/map.json") { try await mapPoints($1) }
  }

  private func mapPage(_ context: PageContext) async throws -> Response {
    let annotation = try await annotation(context)
    let space = try await space(of: annotation.survey)
    let base = "/" + percentEncoded(annotation.survey.name)
    return try page(
      "map", "Map", in: .map, of: annotation.survey, context,
      MapContent(
        points: space?.sources.count, data: base + "/map.json", base: base,
        classes: ClassButton.all(annotation.scheme)))
  }

  private func mapPoints(_ context: PageContext) async throws -> Response {
    let annotation = try await annotation(context)
    guard let space = try await space(of: annotation.survey) else {
      throw CatalogueError.missing("embedding", hint: "make some with 'reber embed'")
    }
    let classes = try await pool.with { database in
      try NewestWork.on(annotation.survey, in: database).knownClasses(
        of: annotation.survey, scheme: annotation.scheme, in: database)
    }
    return Response(
      status: .ok, headers: [.contentType: "application/json"],
      body: ResponseBody(byteBuffer: ByteBuffer(string: Self.points(space, classes))))
  }

  /// `[[x, y, label, prediction, source], …]`, coordinates in ±10,000, −1 for no class.
  private static func points(
    _ space: EmbeddingSpace, _ classes: [Int: (label: Int16?, prediction: Int16?)]
  ) -> String {
    var text = "["
    for (row, source) in space.sources.enumerated() {
      let x = Int(space.map.values[row * 2] * 10_000)
      let y = Int(space.map.values[row * 2 + 1] * 10_000)
      let known = classes[source]
      if row > 0 { text += "," }
      text += "[\(x),\(y),\(known?.label ?? -1),\(known?.prediction ?? -1),\(source)]"
    }
    return text + "]"
  }

  private struct MapContent {
    var points: Int?
    var data: String
    var base: String
    var classes: [ClassButton]
  }
}
