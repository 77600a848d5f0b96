public import Tensor

/// The random changes that make another view of the same source; stored with every run.
///
/// Each is off when its range is `nil`. There is no colour jitter: radio images have no colour.
public struct ViewRecipe: Codable, Sendable, Hashable {
  /// Turns over the full circle: orientation carries no morphology.
  public var rotates = true

  /// Mirrors half of the views.
  public var flips = true

  /// Zoom about the centre; 2 shows the source twice as large.
  public var zoom: Range? = Range(0.8, 1.3)

  /// The largest shift along each axis, in view sides.
  public var shift: Float = 0.04

  /// The σ of a Gaussian blur, in view pixels.
  public var blur: Range? = Range(0, 1.0)

  /// Noise added, in units of the cutout's own noise; 0 is added to cutouts clipped before.
  public var noise: Range? = Range(0, 0.7)

  /// The exponent of a power law after the usual stretch.
  public var intensity: Range? = Range(0.75, 1.3)

  /// The random structural view, or `nil` for none.
  public var structural: StructuralView? = StructuralView()

  /// What contrastive learning starts from.
  public init() {}

  /// What fine-tuning starts from: turns, mirrors and little else.
  public static var mild: ViewRecipe {
    var recipe = ViewRecipe()
    recipe.zoom = Range(0.9, 1.15)
    recipe.shift = 0.03
    recipe.blur = Range(0, 0.5)
    recipe.noise = Range(0, 0.3)
    recipe.intensity = Range(0.9, 1.1)
    recipe.structural = nil
    return recipe
  }

  /// A closed range of a parameter, drawn from evenly.
  public struct Range: Codable, Sendable, Hashable {
    /// The lower end.
    public var lowest: Float

    /// The upper end.
    public var highest: Float

    /// Makes the range from `a` to `b`, in either order.
    public init(_ a: Float, _ b: Float) {
      lowest = min(a, b)
      highest = max(a, b)
    }

    package func draw(_ random: inout RandomStream) -> Float {
      at(random.uniform())
    }

    /// The value at a part of the way from the lower to the upper end.
    func at(_ part: Float) -> Float { lowest + (highest - lowest) * part }
  }

  /// Draws one view of a source, `[size, size]` in [0, 1].
  public func view(of source: Prepared, using random: inout RandomStream) -> Tensor {
    var linear = place(source, using: &random)
    if let structural, random.uniform() < structural.probability {
      return structural.view(of: linear, source: source, using: &random)
    }
    if let blur { linear = linear.blurred(sigma: blur.draw(&random)) }
    if let noise { linear.addNoise(sigma: source.sigma * noise.draw(&random), using: &random) }
    source.stretch(&linear)
    if let intensity {
      Stretch.power(exponent: intensity.draw(&random)).apply(to: &linear, floor: 0, peak: 1)
    }
    return linear
  }

  /// Turns, mirrors, zooms and shifts: linear brightness.
  private func place(_ source: Prepared, using random: inout RandomStream) -> Tensor {
    let angle = rotates ? random.uniform() * 2 * Float.pi : 0
    let mirrored = flips && random.uniform() < 0.5
    let zoom = zoom?.draw(&random) ?? 1
    let reach = shift * Float(source.preprocessing.size)
    let shifts = (random.uniform(-1...1) * reach, random.uniform(-1...1) * reach)
    return source.placed(angle: angle, zoom: zoom, mirrored: mirrored, shift: shifts)
  }
}
