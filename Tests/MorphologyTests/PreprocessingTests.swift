import Foundation
import Morphology
import Tensor
import Testing

@Suite("Preparation of cutouts")
struct PreprocessingTests {
  @Test("Both estimators find the noise under a source, to 10%", arguments: NoiseEstimator.allCases)
  func noise(_ estimator: NoiseEstimator) {
    #expect(abs(estimator.sigma(of: double().values) - 0.01) < 0.001)
  }

  @Test("Pixels clipped before have no noise", arguments: NoiseEstimator.allCases)
  func clipped(_ estimator: NoiseEstimator) {
    #expect(estimator.sigma(of: double().values.map { max($0 - 0.03, 0) }) == 0)
    #expect(estimator.sigma(of: []) == 0)
  }

  @Test("Pixels that are not finite are counted and become background")
  func nonFinite() throws {
    var image = double()
    for index in 0..<1600 { image.values[index] = index % 2 == 0 ? .nan : .infinity }
    let prepared = try small().prepare(image)
    #expect(prepared.nonFinite == 0.25)
    #expect(prepared.image.values.allSatisfy { $0.isFinite })
    #expect(prepared.plain().values.allSatisfy { (0...1).contains($0) })
  }

  @Test("An image of nothing is empty, and its views are 0")
  func nothing() throws {
    for value in [Float.nan, 0] {
      let prepared = try small().prepare(Tensor([40, 50], repeating: value))
      var random = RandomStream(1)
      #expect(prepared.isEmpty)
      #expect(prepared.plain().values.allSatisfy { $0 == 0 })
      #expect(ViewRecipe().view(of: prepared, using: &random).values.allSatisfy { $0 == 0 })
    }
  }

  @Test("The plain view is in [0, 1], its background 0, its peak 1")
  func plain() throws {
    let view = try small().prepare(double()).plain()
    #expect(view.shape == [32, 32])
    #expect(view.values.max() == 1)
    #expect(view.values.count { $0 == 0 } > 500)
  }

  @Test("A field of view in arcsec shows the same source alike at two pixel scales, to 0.15")
  func fieldOfView() throws {
    var preprocessing = small()
    preprocessing.fieldOfView = 60
    let fine = double(side: 120)
    let coarse = fine.resampled(
      by: AffineMap(from: (60, 60), to: (120, 120), scale: 2), height: 60, width: 60)
    let a = try preprocessing.prepare(fine, pixelScale: 1).image
    let b = try preprocessing.prepare(coarse, pixelScale: 2).image
    #expect(a.shape == b.shape)
    #expect(difference(a, b) < 0.15)
    #expect(throws: MorphologyError.noPixelScale) { try preprocessing.prepare(fine) }
  }

  @Test("Neighbours outside the central circle are masked, lobes inside it stay")
  func neighbours() throws {
    var image = double(separation: 10)
    for row in 68..<74 { for column in 4..<10 { image.values[row * 80 + column] = 2 } }
    var preprocessing = small()
    let kept = try preprocessing.prepare(image)
    preprocessing.neighbours = .mask(radius: 0.25)
    let masked = try preprocessing.prepare(image)
    #expect(kept.image.values.contains { $0 > 1.5 })
    #expect(!masked.image.values.contains { $0 > 1.5 })
    #expect(masked.peak > 0.6)
  }

  @Test("Images and options that cannot be are refused with a reason")
  func refusals() {
    #expect(throws: MorphologyError.notAnImage(shape: [0, 5])) {
      try small().prepare(Tensor([0, 5]))
    }
    #expect(throws: MorphologyError.self) { try small(4).prepare(double()) }
  }

  @Test("Options survive JSON, and stay as they are")
  func codable() throws {
    var preprocessing = small()
    preprocessing.stretch = .asinh(softening: 12)
    preprocessing.neighbours = .mask(radius: 0.3)
    let data = try JSONEncoder().encode(preprocessing)
    #expect(try JSONDecoder().decode(Preprocessing.self, from: data) == preprocessing)
  }
}

@Suite("Angular scale")
struct AngularScaleTests {
  /// Two lobes on a sky, each a Gaussian beam of `beam` arcsec (FWHM), seen by pixels of `scale`
  /// arcsec.
  private func sky(_ scale: Double, beam: Double, field: Double = 120) -> Tensor {
    let side = Int((field / scale).rounded())
    let sigma = beam / 2.354820045
    let centre = Double(side - 1) / 2
    let lobes: [(x: Double, y: Double, flux: Double)] = [(-20, -8, 1), (20, 8, 0.6)]
    var values: [Float] = []
    for row in 0..<side {
      for column in 0..<side {
        var sum = 0.0
        for lobe in lobes {
          let x = (Double(column) - centre) * scale - lobe.x
          let y = (Double(row) - centre) * scale - lobe.y
          sum += lobe.flux * exp(-(x * x + y * y) / (2 * sigma * sigma))
        }
        values.append(Float(sum))
      }
    }
    return Tensor(shape: [side, side], values: values)
  }

  private func preprocessing() -> Preprocessing {
    var preprocessing = Preprocessing()
    preprocessing.size = 32
    preprocessing.fieldOfView = 96
    preprocessing.stretch = .linear
    return preprocessing
  }

  @Test("Half the pixel scale, and a larger cutout, give the same view to 4%")
  func pixelScale() throws {
    let plain = try preprocessing().prepare(sky(3, beam: 12), pixelScale: 3).plain()
    for (scale, field) in [(1.5, 120.0), (1.5, 240), (3, 240)] {
      let other = try preprocessing().prepare(
        sky(scale, beam: 12, field: field), pixelScale: scale
      ).plain()
      #expect(difference(plain, other) < 0.04, "\(scale)″, \(field)″")
    }
    var whole = preprocessing()
    whole.fieldOfView = nil
    let shown = try whole.prepare(sky(3, beam: 12, field: 240)).plain()
    #expect(difference(plain, shown) > 0.3)
  }

  @Test("A finer beam, smoothed to the model's, gives the same view to 3%; a coarser one stays")
  func beam() throws {
    var matched = preprocessing()
    matched.beam = 15
    let coarse = try preprocessing().prepare(sky(1.5, beam: 15), pixelScale: 1.5).plain()
    let fine = sky(1.5, beam: 9)
    let smoothed = try matched.prepare(fine, pixelScale: 1.5, imageBeam: 9).plain()
    #expect(difference(coarse, smoothed) < 0.03)
    let raw = try preprocessing().prepare(fine, pixelScale: 1.5).plain()
    #expect(difference(coarse, raw) > 0.1)
    let already = try matched.prepare(sky(1.5, beam: 15), pixelScale: 1.5, imageBeam: 15).plain()
    #expect(difference(coarse, already) == 0)
    #expect(throws: MorphologyError.noBeam) { try matched.prepare(fine, pixelScale: 1.5) }
    #expect(throws: MorphologyError.noPixelScale) {
      try matched.prepare(fine, imageBeam: 9)
    }
  }
}
