public import Tensor

/// How large the source in the middle of an image is, by its pixels.
///
/// The emission that begins at the middle is the source's. Where none does the innermost island is;
/// a further one joins it where it begins no farther out than the source ends and is not much
/// fainter, as the other lobe of a double does.
public struct SourceExtent: Sendable {
  /// Emission counts above this many σ of the noise, if it is above `ofPeak` too.
  public var clip: Float = 5

  /// The part of the brightest pixel near the middle that emission exceeds: what works on images
  /// clipped before.
  public var ofPeak: Float = 0.05

  /// An island that begins within the source's circle joins it where it has at least this part of
  /// its flux.
  public var share: Float = 0.2

  /// Fewer connected pixels are no island.
  public var leastPixels = 3

  /// The defaults: on EMU's cutouts of 15′ they find the boxes that people drew within a tenth for
  /// half of the sources.
  public init() {}

  /// The diameter of the circle about the middle that holds the source's emission.
  ///
  /// - Parameter image: `[height, width]`, any brightness unit; pixels that are not finite count
  ///   as 0.
  /// - Returns: Pixels, at least 1; `nil` where nothing rises above the noise.
  public func measure(_ image: Tensor) -> Float? {
    guard image.shape.count == 2, !image.values.isEmpty else { return nil }
    let finite = image.values.filter(\.isFinite)
    let filled = finite.count == image.values.count ? image : image.filled()
    let core = max(4, 0.03 * Float(min(image.shape[0], image.shape[1])))
    let noise = NoiseEstimator.medianAbsoluteDeviation.sigma(of: finite)
    let floor = max(clip * noise, ofPeak * filled.peak(within: 2 * core), 0)
    let islands = Islands(filled, floor: floor).measured(filled)
      .filter { $0.pixels >= leastPixels }
    return source(among: islands, core: core).map { 2 * $0 + 1 }
  }

  /// The largest distance from the middle of the islands that are one source with the innermost.
  private func source(among islands: [Islands.Island], core: Float) -> Float? {
    let islands = islands.sorted { $0.nearest < $1.nearest }
    guard let innermost = islands.first else { return nil }
    let first = max(core, innermost.nearest)
    var (radius, flux): (Float, Float) = (0, 0)
    for island in islands {
      guard island.nearest <= max(first, radius) else { break }
      guard island.nearest <= first || island.flux >= share * flux else { continue }
      radius = max(radius, island.farthest)
      flux += island.flux
    }
    return radius
  }
}

extension Tensor {
  /// The largest value within a distance of the middle, pixels.
  fileprivate func peak(within radius: Float) -> Float {
    var peak = -Float.infinity
    for row in Self.middle(of: shape[0], within: radius) {
      for column in Self.middle(of: shape[1], within: radius) {
        let index = row * shape[1] + column
        if distanceFromMiddle(index) <= radius { peak = max(peak, values[index]) }
      }
    }
    return peak
  }

  /// The places of an axis that may lie within a distance of its middle.
  private static func middle(of length: Int, within radius: Float) -> Range<Int> {
    let (middle, reach) = (Float(length - 1) / 2, radius + 1)
    return max(0, Int(middle - reach))..<min(length, Int(middle + reach) + 1)
  }

  /// The distance of a pixel of `[height, width]` from the middle, pixels.
  func distanceFromMiddle(_ index: Int) -> Float {
    let y = Float(index / shape[1]) - Float(shape[0] - 1) / 2
    let x = Float(index % shape[1]) - Float(shape[1] - 1) / 2
    return (x * x + y * y).squareRoot()
  }
}
