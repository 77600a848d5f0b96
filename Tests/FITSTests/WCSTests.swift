import Astronomy
import FITS
import Foundation
import TestSupport
import Testing

/// Positions against astropy's, within 1e-6 pixel both ways, in FK4 too.
@Suite struct WCSTests {
  private func check(_ wcs: WCS?, _ golden: Golden) throws {
    let wcs = try #require(wcs)
    #expect(abs(wcs.pixelScale / golden.scale - 1) < 1e-5)
    #expect(golden.points.count >= 3)
    for point in golden.points {
      let sky = try #require(wcs.sky(x: point.x, y: point.y))
      #expect(
        sky.separation(from: SkyPosition(ra: point.ra, dec: point.dec)) * 3600 < 1e-6 * golden.scale
      )
      let pixel = try #require(wcs.pixel(of: SkyPosition(ra: point.ra, dec: point.dec)))
      #expect(abs(pixel.x - point.backX) < 1e-6 && abs(pixel.y - point.backY) < 1e-6)
    }
  }

  @Test(arguments: Golden.headers)
  func agreesWithAstropy(golden: Golden) throws {
    try withTemporaryFolder { folder in
      let path = try writeHeader(golden, in: folder)
      try check(FITSImage(path).wcs, golden)
    }
  }

  @Test(.enabled(if: SharedData.exists, "shared data are absent"), arguments: Golden.images)
  func agreesWithAstropyOnRealImages(golden: Golden) throws {
    try check(FITSImage(SharedData.path(golden.name)).wcs, golden)
  }

  /// A cutout's keywords, written into a header of their own, give the same sky.
  @Test(arguments: Golden.headers)
  func keywordsOfCutoutsKeepThePosition(golden: Golden) throws {
    try withTemporaryFolder { folder in
      let wcs = try #require(FITSImage(writeHeader(golden, in: folder)).wcs)
      let cards = wcs.keywords(from: 7, -3).map { keyword in
        let text =
          if case .text(let text) = keyword.value { "'\(text)'" } else {
            "\(keyword.value.element)"
          }
        return keyword.name.padding(toLength: 8, withPad: " ", startingAt: 0) + "= " + text
      }
      let path = try writeImage(
        folder + "/cut.fits", axes: [4, 4], cards: cards, data: Array(repeating: 0, count: 16))
      let stored = Dictionary(
        wcs.keywords(from: 7, -3).map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
      for cut in [try FITSImage(path).wcs, WCS(keywords: stored, width: 4, height: 4)] {
        for point in golden.points {
          let sky = try #require(cut?.sky(x: point.x - 7, y: point.y + 3))
          #expect(
            sky.separation(from: SkyPosition(ra: point.ra, dec: point.dec)) * 3600 < 1e-6
              * golden.scale)
        }
      }
    }
  }

  @Test func writesNCPAsSIN() throws {
    try withTemporaryFolder { folder in
      let golden = try #require(Golden.headers.first { $0.name == "NCP" })
      let keywords = try #require(FITSImage(writeHeader(golden, in: folder)).wcs).keywords(
        from: 0, 0)
      let values = Dictionary(uniqueKeysWithValues: keywords.map { ($0.name, $0.value) })
      #expect(values["CTYPE1"] == .text("RA---SIN"))
      #expect(values["PV2_1"] == .real(0))
      // Paper II, equation 70: cot δ₀.
      guard case .real(let slant) = values["PV2_2"] else { throw Missing() }
      #expect(abs(slant - 1 / tan(-41.8 * Double.pi / 180)) < 1e-12)
      #expect(values["RADESYS"] == .text("FK5"))
      #expect(values["EQUINOX"] == .real(2000))
    }
  }

  @Test func knowsWhereThereIsNoSky() throws {
    try withTemporaryFolder { folder in
      func wcs(_ name: String) throws -> WCS {
        let golden = try #require(Golden.headers.first { $0.name == name })
        return try #require(FITSImage(writeHeader(golden, in: folder)).wcs)
      }
      let (tangent, slanted) = (try wcs("TAN ICRS"), try wcs("SIN slanted"))
      let aitoff = try wcs("AIT galactic")
      #expect(tangent.pixel(of: SkyPosition(ra: 330.1, dec: -2.2)) == nil)
      #expect(tangent.pixel(of: SkyPosition(ra: .nan, dec: 2)) == nil)
      #expect(slanted.pixel(of: SkyPosition(ra: 263, dec: 0)) == nil)
      #expect(aitoff.sky(x: 0, y: 0) == nil)
    }
  }

  @Test func keywordValuesArePlainJSON() throws {
    let values: [Value] = [.real(1.5), .text("RA---SIN")]
    let json = try JSONEncoder().encode(values)
    #expect(String(decoding: json, as: UTF8.self) == #"[1.5,"RA---SIN"]"#)
    #expect(try JSONDecoder().decode([Value].self, from: json) == values)
  }

  /// Copies used by many threads at a time, and headers parsed by many, give what one gives.
  @Test func servesManyThreads() async throws {
    let folder = FileManager.default.temporaryDirectory.path + "/wcs-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let golden = try #require(Golden.headers.first { $0.name == "TAN B1950" })
    let path = try writeHeader(golden, in: folder)
    let shared = try #require(FITSImage(path).wcs)
    let expected = (0..<200).map { shared.sky(x: Double($0), y: 3) }
    await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<8 {
        group.addTask {
          (0..<200).allSatisfy { x in
            guard let own = try? FITSImage(path).wcs?.sky(x: Double(x), y: 3),
              let sky = shared.sky(x: Double(x), y: 3), let expected = expected[x]
            else { return false }
            return own == expected && sky == expected
          }
        }
      }
      for await isSame in group { #expect(isSame) }
    }
  }

  private func writeHeader(_ golden: Golden, in folder: String) throws -> String {
    let lengths = golden.cards.prefix(2).compactMap {
      Int($0.suffix(5).trimmingPrefix { $0 == " " })
    }
    return try writeImage(
      folder + "/image.fits", cards: golden.cards,
      data: Array(repeating: 0, count: lengths.reduce(1, *)))
  }
}

private struct Missing: Error {}
