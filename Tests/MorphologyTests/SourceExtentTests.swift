import Morphology
import Tensor
import Testing

@Suite("How large a source is, and views that fit it")
struct SourceExtentTests {
  @Test("A blob ends where it falls below 5σ, a double where its farther lobe does")
  func extent() throws {
    // σ 3 and peak 1 over noise of 0.01: 5% of the peak are 7.3 pixels from the middle.
    let blob = try #require(SourceExtent().measure(single()))
    #expect(abs(blob - 15.7) < 2.5)
    let double = try #require(SourceExtent().measure(double(separation: 12)))
    #expect(abs(double - 39.6) < 3)
  }

  @Test("Another source far off, however bright, is not part of it")
  func neighbours() throws {
    let alone = try #require(SourceExtent().measure(single(side: 160)))
    var crowded = single(side: 160)
    let stranger = single(side: 160, seed: 2)
    for row in 0..<60 {
      for column in 0..<60 {
        crowded.values[row * 160 + column] += 3 * stranger.values[(row + 50) * 160 + column + 50]
      }
    }
    let measured = try #require(SourceExtent().measure(crowded))
    #expect(abs(measured - alone) <= 1)
  }

  @Test("Noise that was clipped away before changes little")
  func clipped() throws {
    var image = double(separation: 12)
    let before = try #require(SourceExtent().measure(image))
    for index in image.values.indices { image.values[index] = max(0, image.values[index] - 0.03) }
    let after = try #require(SourceExtent().measure(image))
    #expect(abs(after - before) <= 3)
  }

  @Test("Of nothing there is no extent")
  func nothing() {
    for value in [Float.nan, 0, -1] {
      #expect(SourceExtent().measure(Tensor([40, 50], repeating: value)) == nil)
    }
  }

  @Test("Sources of one shape look alike whatever their size, between the bounds")
  func framing() throws {
    var preprocessing = small()
    preprocessing.framing = Framing(sizeFactor: 2, least: 20, most: 100, usual: 60)
    let fine = double(side: 160, separation: 12)
    let coarse = fine.resampled(
      by: AffineMap(from: (80, 80), to: (160, 160), scale: 2), height: 80, width: 80)
    let a = try preprocessing.prepare(fine, extent: 40).image
    let b = try preprocessing.prepare(coarse, extent: 20).image
    #expect(difference(a, b) < 0.15)
    // A field of the bounds is what is shown beyond them, in arcsec.
    var fixed = small()
    for (extent, field) in [(5.0, 20.0), (100, 100)] {
      fixed.fieldOfView = field
      #expect(
        try preprocessing.prepare(fine, pixelScale: 2, extent: extent / 2).image
          == fixed.prepare(fine, pixelScale: 2).image)
    }
    fixed.fieldOfView = 60
    #expect(
      try preprocessing.prepare(fine, pixelScale: 2).image
        == fixed.prepare(fine, pixelScale: 2).image)
  }
}
