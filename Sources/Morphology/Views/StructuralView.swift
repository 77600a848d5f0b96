package import Tensor

/// The random structural view (RSV): another way to show the same structure.
///
/// A random clip level chooses which isophotes survive, then come a random smoothing and a random
/// stretch; all is drawn again until the structural similarity (Wang et al. 2004) with the plain
/// view lies in a band: like enough to be the same source, unlike enough to teach something. The
/// definition is Reber's own: that of Baron Perez et al. 2025 was not to be had.
public struct StructuralView: Codable, Sendable, Hashable {
  /// The part of the views that are structural.
  public var probability: Float = 0.5

  /// The clip level, in σ.
  public var clip = ViewRecipe.Range(2, 6)

  /// The least clip level, as a part of the peak: what works on cutouts clipped before.
  public var clipOfPeak = ViewRecipe.Range(0, 0.12)

  /// The σ of the smoothing, in view pixels.
  public var smoothing = ViewRecipe.Range(0, 1.5)

  /// The exponent, where a power law is drawn.
  public var exponent = ViewRecipe.Range(0.35, 1.5)

  /// The softening, where asinh is drawn.
  public var softening = ViewRecipe.Range(3, 30)

  /// The band of similarity.
  public var similarity = ViewRecipe.Range(0.35, 0.85)

  /// How often to draw before the closest is taken.
  public var tries = 4

  /// Windows darker than this in both images do not count in the similarity: most of a cutout is
  /// empty, and two empty windows are alike.
  public var background: Float = 0.01

  /// The defaults.
  public init() {}

  /// Draws a view of what is already turned and placed.
  package func view(
    of linear: Tensor, source: Prepared, using random: inout RandomStream
  ) -> Tensor {
    var plain = linear
    source.stretch(&plain)
    var closest = plain
    var least = Float.infinity
    for _ in 0..<max(1, tries) {
      let candidate = draw(linear, sigma: source.sigma, using: &random)
      let miss = distance(structuralSimilarity(plain, candidate, floor: background))
      if miss < least { (closest, least) = (candidate, miss) }
      if miss == 0 { break }
    }
    return closest
  }

  /// How far a similarity lies outside the band.
  private func distance(_ value: Float) -> Float {
    max(similarity.lowest - value, value - similarity.highest, 0)
  }

  private func draw(_ linear: Tensor, sigma: Float, using random: inout RandomStream) -> Tensor {
    var view = linear.blurred(sigma: smoothing.draw(&random))
    let peak = view.peakInCircle
    let floor = max(clip.draw(&random) * sigma, clipOfPeak.draw(&random) * peak)
    // A source fainter than the drawn level would vanish: at least its upper half stays.
    drawStretch(using: &random).apply(to: &view, floor: min(floor, peak / 2), peak: peak)
    return view
  }

  private func drawStretch(using random: inout RandomStream) -> Stretch {
    switch Int.random(in: 0..<4, using: &random) {
    case 0: .linear
    case 1: .squareRoot
    case 2: .asinh(softening: softening.draw(&random))
    default: .power(exponent: exponent.draw(&random))
    }
  }
}
