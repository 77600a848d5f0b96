import Catalogue
import Hummingbird

extension Site {
  /// Style and script, which are part of the program.
  func addAssets(to router: Router<PageContext>) {
    let assets: [(name: String, type: String, bytes: [UInt8])] = [
      ("reber.css", "text/css; charset=utf-8", PackageResources.reber_css),
      ("label.js", "text/javascript; charset=utf-8", PackageResources.label_js),
      ("map.js", "text/javascript; charset=utf-8", PackageResources.map_js),
      ("icon.svg", "image/svg+xml", PackageResources.icon_svg),
      ("noimage.svg", "image/svg+xml", PackageResources.noimage_svg),
    ]
    for (name, type, bytes) in assets {
      router.get("/assets/\(name)") { _, _ in
        Response.bytes(bytes, type: type, caching: "no-cache")
      }
    }
    router.get("/assets/scheme.css") { _, _ in
      let found = try await pool.with { try ClassScheme.named(scheme, in: $0) }
      return Response.bytes(
        Array(found.style.utf8), type: "text/css; charset=utf-8", caching: "no-cache")
    }
  }
}

extension ClassScheme {
  /// The rules of style for the classes that have a colour of their own.
  fileprivate var style: String {
    classes.compactMap { item in item.colour.map { ".k\(item.id) { background: \($0); }\n" } }
      .joined()
  }
}
