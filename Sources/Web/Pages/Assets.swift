import Hummingbird

extension Site {
  /// Style and script, which are part of the program.
  func addAssets(to router: Router<PageContext>) {
    let assets: [(name: String, type: String, bytes: [UInt8])] = [
      ("reber.css", "text/css; charset=utf-8", PackageResources.reber_css),
      ("label.js", "text/javascript; charset=utf-8", PackageResources.label_js),
      ("map.js", "text/javascript; charset=utf-8", PackageResources.map_js),
      ("icon.svg", "image/svg+xml", PackageResources.icon_svg),
    ]
    for (name, type, bytes) in assets {
      router.get("/assets/\(name)") { _, _ in
        Response.bytes(bytes, type: type, caching: "no-cache")
      }
    }
  }
}
