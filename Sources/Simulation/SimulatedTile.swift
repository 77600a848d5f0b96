public import Astronomy
import Foundation
public import Tensor

/// One mosaic of a simulated survey.
public struct SimulatedTile: Sendable {
  /// Its number, counted from 0.
  public let number: Int
  /// Where its centre lies; the point of contact of the projection.
  public let centre: SkyPosition
  /// Its catalogued sources.
  public let sources: [SimulatedSource]
  private let survey: SimulatedSurvey
  private let noise: Noise

  /// Draws the sources of a mosaic; its pixels are made by ``image()``.
  ///
  /// - Throws: ``SimulationError`` when the survey grows over the pole.
  public init(_ survey: SimulatedSurvey, number: Int) throws {
    self.survey = survey
    self.number = number
    let centre = try survey.centre(ofTile: number)
    self.centre = centre
    var random = survey.stream(.noiseLevel, number)
    let noise = Noise(
      rms: survey.rms, variation: survey.rmsVariation, size: survey.tileSize, &random)
    self.noise = noise
    let numbers = survey.sourceNumbers(ofTile: number)
    sources = mapped(numbers.count) { index in
      SimulatedSource(
        survey, tile: number, cell: index, around: centre, noise: noise)
    }
  }

  /// The mosaic's pixels, Jy/beam, rows from the south, `[size, size]`.
  public func image() -> Tensor {
    let (survey, number) = (survey, number)
    var image = noise.image(size: survey.tileSize, beam: survey.beam.sigma / survey.pixelScale) {
      survey.stream(.noise, number, $0)
    }
    // One after the other, in order: sums of floats depend on it.
    for source in sources { image.add(source.patch) }
    for patch in fieldSources() { image.add(patch) }
    return image
  }

  /// Faint points all over the mosaic, their counts falling as a power of the flux.
  private func fieldSources() -> [Patch] {
    let area = survey.tileWidth * survey.tileWidth / (3600 * 3600)
    var random = survey.stream(.fieldSource, number)
    let count = Int((area * survey.fieldSources).rounded())
    let side = Float(survey.tileSize)
    return (0..<count).map { _ in
      let flux = random.flux(from: 3 * survey.rms, to: 300 * survey.rms, slope: 1.7)
      return Patch(
        [Gaussian(flux, at: Point(), major: random.within(0...3))],
        column: random.within(0...side), row: random.within(0...side), beam: survey.beam,
        pixelScale: survey.pixelScale)
    }
  }
}

extension RandomStream {
  /// A flux density drawn from `dN/dS ∝ S^-slope` between two bounds.
  fileprivate mutating func flux(from low: Double, to high: Double, slope: Double) -> Double {
    let power = 1 - slope
    let (first, last) = (pow(low, power), pow(high, power))
    return pow(first + (last - first) * Double(uniform()), 1 / power)
  }
}

extension Tensor {
  /// Adds what of a patch lies on the image.
  fileprivate mutating func add(_ patch: Patch) {
    let (height, width) = (shape[0], shape[1])
    let rows = max(patch.bottom, 0)..<max(min(patch.bottom + patch.height, height), 0)
    let columns = max(patch.left, 0)..<max(min(patch.left + patch.width, width), 0)
    values.withUnsafeMutableBufferPointer { values in
      patch.values.withUnsafeBufferPointer { added in
        for row in rows {
          let base = (row - patch.bottom) * patch.width - patch.left
          for column in columns { values[row * width + column] += added[base + column] }
        }
      }
    }
  }
}

/// `body` of every index, on all cores.
private func mapped<Element: Sendable>(
  _ count: Int, _ body: @Sendable (Int) -> Element
) -> [Element] {
  [Element](unsafeUninitializedCapacity: count) { buffer, initialised in
    nonisolated(unsafe) let start = buffer.baseAddress
    parallel(over: count, chunk: 4) { _, items in
      for item in items { start.map { ($0 + item).initialize(to: body(item)) } }
    }
    initialised = count
  }
}
