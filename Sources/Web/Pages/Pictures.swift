import Catalogue
import Hummingbird
import PostgreSQL

extension Site {
  /// Pictures; a cutout's key never means other pixels, so browsers may keep them.
  func addPictures(to router: Router<PageContext>) {
    router.get("/:survey/montage.png") { try await montage($0, $1) }
    router.get("/:survey/cutouts/:cutout") { try await cutout($0, $1) }
  }

  private func montage(_ request: Request, _ context: PageContext) async throws -> Response {
    let fields = request.fields
    let keys = Array(fields.numbers("cutouts").prefix(200))
    let columns = fields.number("columns", in: 1...20) ?? 8
    return try await picture(request, context) { survey in
      let cutouts = try await pool.with { try StoredCutout.some(keys, of: survey, in: $0) }
      let found = Dictionary(cutouts.map { ($0.id, $0) }, uniquingKeysWith: { a, _ in a })
      let look = Look(fields)
      return look.montage(
        keys.map { found[$0] }, of: survey.observation, columns: columns, cell: look.tiles.side)
    }
  }

  private func cutout(_ request: Request, _ context: PageContext) async throws -> Response {
    let key = try context.number("cutout")
    let size = request.fields.number("size", in: 32...1024) ?? 512
    return try await picture(request, context) { survey in
      let found = try await pool.with { try StoredCutout.some([key], of: survey, in: $0) }
      guard let cutout = found.first else {
        throw CatalogueError.missing("image \(key)", hint: "it may be of another survey")
      }
      return Look(request.fields).picture(
        cutout, of: survey.observation, width: size, height: size)
    }
  }

  private func picture(
    _ request: Request, _ context: PageContext, _ make: (Survey) async throws -> Raster
  ) async throws -> Response {
    _ = try context.signedIn()
    let name = try context.part("survey")
    let survey = try await pool.with { try Survey.named(name, in: $0) }
    let bytes = try await pictures.value(request.uri.string) {
      try await make(survey).png()
    }
    return .bytes(bytes, type: "image/png", caching: "private, max-age=31536000, immutable")
  }
}
