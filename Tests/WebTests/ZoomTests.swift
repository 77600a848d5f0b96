import Testing

@testable import Catalogue
@testable import Web

@Suite("How much of an image the pages show") struct ZoomTests {
  private func image(extent: Float?) -> StoredCutout {
    StoredCutout(
      id: 1, source: 1, width: 300, height: 200, pixelScale: nil, sourceExtent: extent, values: [])
  }

  @Test func asMuchAsTheSourceNeedsUnlessSomethingElseIsChosen() {
    #expect(Look(Fields(encoded: "")).zoom == .fitted)
    #expect(Zoom.fitted.shown(of: image(extent: 40)) == (90, 60))
    #expect(Zoom.fitted.shown(of: image(extent: 1)) == (24, 16), "16 pixels at least")
    #expect(Zoom.fitted.shown(of: image(extent: 900)) == (300, 200))
    #expect(Zoom.fitted.shown(of: image(extent: nil)) == (300, 200))
    #expect(Zoom.times(4).shown(of: image(extent: 40)) == (75, 50))
  }

  @Test func allAreReachedByOneKeyAndByTheirNames() {
    var zoom = Zoom.fitted
    var seen: [String] = []
    repeat {
      seen.append(zoom.name)
      #expect(Zoom(name: zoom.name) == zoom)
      zoom = zoom.next
    } while zoom != .fitted
    #expect(seen == ["fit", "1", "2", "3", "4"])
    #expect(Zoom(name: "7") == nil)
  }
}
