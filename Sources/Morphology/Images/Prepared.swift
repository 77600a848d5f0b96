public import Tensor

/// A cutout ready for views: linear brightness at working resolution, wider than a view.
public struct Prepared: Sendable, Equatable {
  /// `[side, side]`, linear, finite, in the cutout's brightness unit.
  public let image: Tensor

  /// The noise at this resolution, in the same unit; 0 where the cutout was clipped before.
  public let sigma: Float

  /// The largest value in the circle that every turned view shows, at least 0.
  public let peak: Float

  /// The part of the cutout's pixels that were not finite, in 0...1.
  public let nonFinite: Double

  /// How it was made.
  public let preprocessing: Preprocessing

  package init(image: Tensor, sigma: Float, nonFinite: Double, preprocessing: Preprocessing) {
    self.image = image
    self.sigma = sigma
    self.nonFinite = nonFinite
    self.preprocessing = preprocessing
    peak = central(image, size: preprocessing.size).peakInCircle
  }

  /// Whether nothing rises above the noise: such a source has no morphology to learn.
  public var isEmpty: Bool { peak <= preprocessing.clip * sigma }

  /// The source as it is shown without any augmentation, `[size, size]` in [0, 1].
  public func plain() -> Tensor {
    var view = central(image, size: preprocessing.size)
    preprocessing.stretch.apply(to: &view, floor: preprocessing.clip * sigma, peak: peak)
    return view
  }

  /// Brings a view of the source from linear brightness to [0, 1].
  func stretch(_ view: inout Tensor) {
    preprocessing.stretch.apply(
      to: &view, floor: preprocessing.clip * sigma, peak: view.peakInCircle)
  }

  /// Turns about the centre, zooms and shifts.
  ///
  /// - Parameters:
  ///   - angle: In radians.
  ///   - zoom: 2 shows the source twice as large.
  ///   - mirrored: Whether the source is mirrored before.
  ///   - shift: Along both axes, in view pixels.
  /// - Returns: `[size, size]`, linear brightness.
  func placed(
    angle: Float, zoom: Float, mirrored: Bool, shift: (Float, Float) = (0, 0)
  ) -> Tensor {
    let (size, side) = (preprocessing.size, image.shape[0])
    let map = AffineMap(
      from: (size, size), to: (side, side), angle: angle, scale: 1 / max(zoom, 0.05),
      mirrored: mirrored, shift: shift)
    return image.resampled(by: map, height: size, width: size)
  }
}

/// The middle `size` by `size` pixels; the image's side has the same parity.
private func central(_ image: Tensor, size: Int) -> Tensor {
  let side = image.shape[0]
  let first = (side - size) / 2
  return Tensor(shape: [size, size]) { target in
    for row in 0..<size {
      for column in 0..<size {
        target[row * size + column] = image.values[(row + first) * side + column + first]
      }
    }
  }
}

extension Tensor {
  /// A square image turned by a quarter.
  package func turned() -> Tensor {
    let side = shape[0]
    return Tensor(shape: shape) { target in
      for row in 0..<side {
        for column in 0..<side {
          target[row * side + column] = values[column * side + side - 1 - row]
        }
      }
    }
  }
}
