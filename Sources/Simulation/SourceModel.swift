import Foundation
public import Tensor

/// A source as it is on the sky: what it is made of, and what it is.
public struct SourceModel: Sendable {
  /// The class it was drawn from.
  public let kind: MorphologyClass
  /// What the catalogue counts as the source; offsets are from its catalogued position.
  public internal(set) var components: [Gaussian]
  /// The bright point whose sidelobes an artefact is, where it is not part of it.
  public internal(set) var companions: [Gaussian] = []
  /// The brightest pixel of the source, in units of the local rms.
  public let peakToNoise: Double
  /// Both arms together or the diameter of a cloud or artefact, arcsec, before the beam.
  public let size: Double

  /// Draws a source of a class; its components' fluxes are in an arbitrary unit.
  public init(_ kind: MorphologyClass, _ recipe: Recipe, _ random: inout RandomStream) {
    self.kind = kind
    var peakToNoise = random.logUniform(recipe.peakToNoise)
    size = random.logUniform(recipe.size)
    switch recipe.shape {
    case .oneArm, .twoArms: components = Self.arms(recipe, size, &random)
    case .cloud: components = Self.cloud(recipe, size, &random)
    case .artefact:
      let pattern = ArtefactPattern(size: size, &random)
      components = pattern.components
      companions = pattern.companions
      peakToNoise *= pattern.contrast
    }
    self.peakToNoise = peakToNoise
    if recipe.shape == .oneArm { centre() }
  }

  /// Moves the source so that its centre of flux is at the catalogued position.
  private mutating func centre() {
    let total = components.reduce(0) { $0 + $1.flux }
    let x = components.reduce(0) { $0 + $1.flux * $1.x } / total
    let y = components.reduce(0) { $0 + $1.flux * $1.y } / total
    for index in components.indices {
      components[index].x -= x
      components[index].y -= y
    }
  }

  private static func arms(
    _ recipe: Recipe, _ size: Double, _ random: inout RandomStream
  ) -> [Gaussian] {
    let core = random.within(recipe.core)
    let pair = ArmPair(recipe, size: size, &random)
    let arms = pair.arms.flatMap { $0.components(&random) }
    let total = arms.reduce(0) { $0 + $1.flux }
    return [Gaussian(core, at: Point())] + arms.map { $0.scaled(by: (1 - core) / total) }
  }

  private static func cloud(
    _ recipe: Recipe, _ size: Double, _ random: inout RandomStream
  ) -> [Gaussian] {
    let core = random.within(recipe.core)
    let angle = random.angle()
    let count = Int(random.within(recipe.blobs).rounded())
    let scatter = random.within(recipe.scatter) * size
    let blobs = (0..<count).map { _ in
      let width = random.within(recipe.blobWidth) * size
      let place = Point(scatter * random.gaussian(), scatter * random.gaussian())
      // One blob has the orientation of the source, many have each their own.
      return Gaussian(
        (1 - core) / Double(count) * exp(0.4 * random.gaussian()), at: place, major: width,
        minor: width * random.within(recipe.axisRatio), angle: count == 1 ? angle : random.angle())
    }
    return [Gaussian(core, at: Point())] + blobs
  }
}

extension RandomStream {
  mutating func within(_ range: ClosedRange<Float>) -> Double { Double(uniform(range)) }

  mutating func logUniform(_ range: ClosedRange<Float>) -> Double {
    exp(within(log(range.lowerBound)...log(range.upperBound)))
  }

  mutating func angle() -> Double { 2 * Double.pi * Double(uniform()) }

  mutating func gaussian() -> Double { Double(normal()) }
}
