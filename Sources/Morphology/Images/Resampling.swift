internal import CKernels
internal import Foundation
package import Tensor

/// A map from the pixels of a target to those of a source.
///
/// `x = a c + b r + x0`, `y = d c + e r + y0` for column `c` and row `r` of the target.
package struct AffineMap: Sendable {
  package var x: (column: Float, row: Float, offset: Float)
  package var y: (column: Float, row: Float, offset: Float)

  /// A turn about both centres.
  ///
  /// - Parameters:
  ///   - target: The target's (height, width).
  ///   - source: The source's (height, width).
  ///   - angle: In radians.
  ///   - scale: Source pixels in a target pixel.
  ///   - mirrored: Whether columns run the other way.
  ///   - shift: In target pixels, along columns and rows.
  package init(
    from target: (Int, Int), to source: (Int, Int), angle: Float = 0, scale: Float,
    mirrored: Bool = false, shift: (Float, Float) = (0, 0)
  ) {
    let cosine = cos(angle) * scale
    let sine = sin(angle) * scale
    let sign: Float = mirrored ? -1 : 1
    let column = Float(target.1 - 1) / 2 + shift.0
    let row = Float(target.0 - 1) / 2 + shift.1
    let centre = (y: Float(source.0 - 1) / 2, x: Float(source.1 - 1) / 2)
    x = (sign * cosine, -sine, centre.x - sign * cosine * column + sine * row)
    y = (sign * sine, cosine, centre.y - sign * sine * column - cosine * row)
  }
}

extension Tensor {
  /// The image seen through a map, bilinear, 0 outside.
  package func resampled(by map: AffineMap, height: Int, width: Int) -> Tensor {
    let numbers = [map.x.column, map.x.row, map.x.offset, map.y.column, map.y.row, map.y.offset]
    return Tensor(shape: [height, width]) { target in
      values.withUnsafeBufferPointer { source in
        reber_resample(
          source.baseAddress, Int32(shape[0]), Int32(shape[1]), target.baseAddress, Int32(height),
          Int32(width), numbers)
      }
    }
  }

  /// The image blurred by a Gaussian of `sigma` pixels, cut at 3 sigma.
  package func blurred(sigma: Float) -> Tensor {
    guard sigma > 0.05 else { return self }
    let radius = max(1, Int((3 * sigma).rounded(.up)))
    let weights = (-radius...radius).map { exp(-0.5 * Float($0 * $0) / (sigma * sigma)) }
    let sum = weights.reduce(0, +)
    let (height, width) = (shape[0], shape[1])
    let room = (height + 2 * radius) * width + width + 2 * radius
    return withUnsafeTemporaryAllocation(of: Float.self, capacity: room) { scratch in
      Tensor(shape: shape) { target in
        values.withUnsafeBufferPointer { source in
          reber_blur(
            source.baseAddress, target.baseAddress, scratch.baseAddress, Int32(height),
            Int32(width), weights.map { $0 / sum }, Int32(radius))
        }
      }
    }
  }

  /// Adds nearly normal noise.
  package mutating func addNoise(sigma: Float, using random: inout RandomStream) {
    let seed: UInt64 = random.next()
    guard sigma > 0 else { return }
    values.withUnsafeMutableBufferPointer {
      reber_noise($0.baseAddress, Int32($0.count), seed, sigma)
    }
  }

  /// The largest value inside the circle inscribed in a square image, at least 0.
  package var peakInCircle: Float {
    values.withUnsafeBufferPointer { reber_peak($0.baseAddress, Int32(shape[0])) }
  }
}

/// The mean structural similarity of two images in [0, 1], after Wang and others (2004).
///
/// Only windows count where one of the two is brighter than `floor` on average; a negative floor
/// counts all.
package func structuralSimilarity(_ a: Tensor, _ b: Tensor, floor: Float = -1) -> Float {
  let (height, width) = (a.shape[0], a.shape[1])
  guard min(height, width) >= 11 else { return 1 }
  return withUnsafeTemporaryAllocation(of: Float.self, capacity: 10 * width) { scratch in
    a.values.withUnsafeBufferPointer { a in
      b.values.withUnsafeBufferPointer { b in
        reber_ssim(
          a.baseAddress, b.baseAddress, scratch.baseAddress, Int32(height), Int32(width), floor)
      }
    }
  }
}
