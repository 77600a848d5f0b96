import Foundation
import Morphology
import PostgreSQL
import Testing

@testable import Catalogue
@testable import Web

@Suite("What tiles show") struct TileTests {
  /// Noise of deviation about 1 with a Gaussian source in the middle, and what else is asked for.
  private func image(
    peak: Float, change: (inout [Float]) -> Void = { _ in }
  ) -> StoredCutout {
    var state: UInt64 = 1
    func uniform() -> Float {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Float(state >> 40) / Float(1 << 24)
    }
    var values = (0..<64 * 64).map { place -> Float in
      let (x, y) = (Float(place % 64) - 31.5, Float(place / 64) - 31.5)
      let noise = (0..<12).reduce(Float(-6)) { sum, _ in sum + uniform() }
      return noise + peak * exp(-(x * x + y * y) / 18)
    }
    change(&values)
    return StoredCutout(
      id: 1, source: 1, width: 64, height: 64, pixelScale: 1.5, sourceExtent: nil, values: values)
  }

  private func steps(_ image: StoredCutout) -> [UInt8] {
    Tile(image, zoom: .times(1), width: 64, height: 64).steps(.asinh(softening: 12))
  }

  @Test func oneHotPixelDarkensNothing() {
    let middle = 32 * 64 + 32
    let plain = steps(image(peak: 50))
    let hot = steps(image(peak: 50) { $0[130] = 1e6 })
    #expect(plain[middle] > 240 && hot[middle] > 240)
  }

  @Test func noiseAloneStaysDark() {
    let noise = steps(image(peak: 0)).sorted()
    #expect(noise[noise.count / 2] < 150 && noise[noise.count * 99 / 100] < 230)
  }

  @Test func whatTheImageDoesNotShowIsHatched() {
    let tile = steps(image(peak: 50) { values in for place in 0..<640 { values[place] = .nan } })
    // Rows go from the top in pictures, and from the bottom in images.
    #expect(Set(tile.suffix(576)) == [24, 96])
    #expect(Set(tile.prefix(2000)).count > 10)
  }

  @Test func contoursSurroundTheSourceAndTheBeamHasItsSize() {
    let tile = Tile(image(peak: 50), zoom: .times(1), width: 128, height: 128)
    let around = tile.contours.filter { place in
      hypot(Double(place % 128) - 63.5, Double(place / 128) - 63.5) < 24
    }
    #expect(around.count > 80 && tile.contours.count < around.count + 40)
    let beam = tile.beam(of: Survey.Observation(beamMajor: 12, beamMinor: 6, beamAngle: 90))
    let (columns, rows) = (beam.map { $0 % 128 }, beam.map { $0 / 128 })
    // 12″ across and 6″ up at 1.5″ a pixel, drawn at twice the size.
    #expect((14...18).contains((columns.max() ?? 0) - (columns.min() ?? 0)))
    #expect((6...10).contains((rows.max() ?? 0) - (rows.min() ?? 0)))
    #expect(tile.beam(of: Survey.Observation()).isEmpty)
  }

  /// Where north is not up, or east not left, the beam follows.
  @Test func theBeamFollowsTheSky() throws {
    func corner(_ wcs: [String: Double]) throws -> (columns: Int, rows: Int, slope: Int) {
      var image = image(peak: 50)
      image.wcs = try JSON(encoding: wcs)
      let beam = Tile(image, zoom: .times(1), width: 128, height: 128)
        .beam(of: Survey.Observation(beamMajor: 12, beamMinor: 4, beamAngle: 45))
      let (columns, rows) = (beam.map { $0 % 128 }, beam.map { $0 / 128 })
      let slope = zip(columns, rows).reduce(0) { $0 + ($1.0 - 11) * ($1.1 - 11) }
      return (
        (columns.max() ?? 0) - (columns.min() ?? 0), (rows.max() ?? 0) - (rows.min() ?? 0), slope
      )
    }
    // From upper left to lower right, as north is up and east left; mirrored the other way.
    let usual = try corner(["CDELT1": -1, "CDELT2": 1])
    let mirrored = try corner(["CDELT1": 1, "CDELT2": 1])
    #expect(usual.slope > 0 && mirrored.slope < 0)
    // Turned by 45° it lies or stands.
    let turned = try corner(["CDELT1": -1, "CDELT2": 1, "CROTA2": 45])
    #expect(abs(turned.columns - turned.rows) >= 6 && abs(usual.columns - usual.rows) <= 2)
  }
}
