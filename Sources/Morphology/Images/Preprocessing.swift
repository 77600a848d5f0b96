internal import Foundation
public import Tensor

/// How a cutout becomes what a network sees; stored with every run and model.
public struct Preprocessing: Codable, Sendable, Hashable {
  /// Sides of a view, in pixels.
  public var size = 64

  /// Sky shown by a plain view, in arcsec; `nil` shows `cropFraction` of the cutout.
  ///
  /// It needs the pixel scale of every cutout.
  public var fieldOfView: Double?

  /// The part of the cutout's shorter side that a plain view shows.
  public var cropFraction = 1.0

  /// How far a view reaches by the size of its own source; where it is set, neither `fieldOfView` nor
  /// `cropFraction` counts.
  public var framing: Framing?

  /// The beam (FWHM) that images of a finer one are smoothed to, in arcsec; `nil` smooths none.
  ///
  /// It needs every image's own beam and pixel scale.
  public var beam: Double?

  /// How much wider than a view the prepared image is, so that turned views are full.
  public var margin = 1.42

  /// How the noise is estimated.
  public var noise = NoiseEstimator.medianAbsoluteDeviation

  /// Pixels below this many σ become 0.
  public var clip: Float = 3

  /// How brightness is shown.
  public var stretch = Stretch.squareRoot

  /// What happens to sources beside the central one.
  public var neighbours = Neighbourhood.keep

  /// The defaults: a 64-pixel view of the whole cutout.
  public init() {}

  /// What happens to sources beside the central one.
  public enum Neighbourhood: Codable, Sendable, Hashable {
    /// All stay.
    case keep

    /// Only islands of pixels above the clip level stay that reach into a central circle.
    ///
    /// The radius is in view sides; lobes that do not touch the core stay when it is wide enough.
    /// Where no island reaches it, all stay.
    case mask(radius: Double)
  }

  /// Prepares one cutout.
  ///
  /// - Parameters:
  ///   - image: `[height, width]`, any brightness unit; pixels that are not finite count as 0.
  ///   - pixelScale: In arcsec; needed where `fieldOfView` or `beam` is set.
  ///   - imageBeam: The image's own beam (FWHM), in arcsec; needed where `beam` is set.
  ///   - extent: The source's size, in pixels, for `framing`; `nil` where it is not known.
  ///   - known: The noise that an earlier preparation of the same cutout found, to save looking for
  ///     it, which takes most of the time.
  /// - Returns: The cutout ready for views.
  /// - Throws: `MorphologyError` for an image without pixels, options that cannot be, or a missing
  ///   pixel scale or beam.
  public func prepare(
    _ image: Tensor, pixelScale: Double? = nil, imageBeam: Double? = nil, extent: Double? = nil,
    sigma known: Float? = nil
  ) throws -> Prepared {
    guard image.shape.count == 2, !image.values.isEmpty else {
      throw MorphologyError.notAnImage(shape: image.shape)
    }
    let scale = try scale(of: image, pixelScale: pixelScale, extent: extent)
    let blank = image.values.reduce(0) { $0 + ($1.isFinite ? 0 : 1) }
    let filled = blank == 0 ? image : image.filled()
    let blur = try beamBlur(from: imageBeam, pixelScale: pixelScale)
    let smooth = filled.blurred(
      sigma: (antialiasing(scale) * antialiasing(scale) + blur * blur).squareRoot())
    let sigma = known ?? noise(of: image, smooth: smooth, isFinite: blank == 0)
    let side = workingSide
    let map = AffineMap(
      from: (side, side), to: (image.shape[0], image.shape[1]), scale: Float(scale))
    var working = smooth.resampled(by: map, height: side, width: side)
    if case .mask(let radius) = neighbours {
      working.maskNeighbours(floor: max(clip * sigma, 0), radius: Float(radius * Double(size)))
    }
    return Prepared(
      image: working, sigma: sigma,
      nonFinite: Double(blank) / Double(image.values.count), preprocessing: self)
  }

  /// The memory that a prepared image takes.
  public var preparedBytes: Int { workingSide * workingSide * MemoryLayout<Float>.size + 256 }

  /// Sides of a prepared image, of the same parity as the view's.
  package var workingSide: Int {
    let side = Int((Double(size) * margin).rounded(.up))
    return side + (side - size) % 2
  }

  /// Cutout pixels in a pixel of the view.
  private func scale(of image: Tensor, pixelScale: Double?, extent: Double?) throws -> Double {
    guard size >= 16, size <= 1024 else {
      throw MorphologyError.badOptions("size \(size) is not in 16...1024")
    }
    guard margin >= 1, margin <= 4, cropFraction > 0, fieldOfView ?? 1 > 0 else {
      throw MorphologyError.badOptions("margin, cropFraction and fieldOfView must be positive")
    }
    if let framing { return framing.pixels(extent: extent, pixelScale: pixelScale) / Double(size) }
    guard let fieldOfView else {
      return cropFraction * Double(min(image.shape[0], image.shape[1])) / Double(size)
    }
    guard let pixelScale, pixelScale > 0 else { throw MorphologyError.noPixelScale }
    return fieldOfView / pixelScale / Double(size)
  }

  /// The Gaussian, in cutout pixels, that keeps finer structure from folding into a coarser grid.
  private func antialiasing(_ scale: Double) -> Float {
    scale > 1.05 ? Float(0.42 * (scale * scale - 1).squareRoot()) : 0
  }

  /// The Gaussian, in cutout pixels, that makes the image's beam as wide as `beam`; 0 where it is.
  private func beamBlur(from own: Double?, pixelScale: Double?) throws -> Float {
    guard let beam else { return 0 }
    guard let own, own > 0 else { throw MorphologyError.noBeam }
    guard let pixelScale, pixelScale > 0 else { throw MorphologyError.noPixelScale }
    let width = max(0, beam * beam - own * own).squareRoot()
    return Float(width / (8 * log(2.0)).squareRoot() / pixelScale)
  }

  /// The noise of the smoothed image, where the image itself has any; of finite pixels alone.
  private func noise(of raw: Tensor, smooth: Tensor, isFinite: Bool) -> Float {
    func seen(_ image: Tensor) -> [Float] {
      isFinite ? image.values : zip(image.values, raw.values).compactMap { $1.isFinite ? $0 : nil }
    }
    let own = noise.sigma(of: seen(raw))
    guard own > 0, smooth != raw else { return own }
    return noise.sigma(of: seen(smooth))
  }
}

extension Tensor {
  /// With 0 for what is not finite.
  func filled() -> Tensor {
    Tensor(shape: shape, values: values.map { $0.isFinite ? $0 : 0 })
  }
}
