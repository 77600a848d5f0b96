internal import CKernels
public import Tensor

/// How brightness between 0 and the peak is shown.
public enum Stretch: Codable, Sendable, Hashable {
  /// In proportion.
  case linear

  /// By the square root.
  case squareRoot

  /// By `asinh(a x) / asinh(a)` (Lupton et al. 2004), nearly linear below `1 / a`.
  case asinh(softening: Float)

  /// By `x` to the exponent.
  case power(exponent: Float)

  private var curve: (reber_curve, Float) {
    switch self {
    case .linear: (reber_linear, 1)
    case .squareRoot: (reber_power, 0.5)
    case .asinh(let softening): softening > 1e-3 ? (reber_asinh, softening) : (reber_linear, 1)
    case .power(let exponent): exponent == 1 ? (reber_linear, 1) : (reber_power, exponent)
    }
  }

  /// Brings an image to [0, 1]: 0 below `floor`, 1 from `peak` on.
  ///
  /// - Parameters:
  ///   - image: Linear brightness, any shape.
  ///   - floor: In image units; values below it become 0.
  ///   - peak: In image units; 0 makes the whole image 0.
  public func apply(to image: inout Tensor, floor: Float, peak: Float) {
    let (curve, parameter) = curve
    image.values.withUnsafeMutableBufferPointer {
      reber_stretch($0.baseAddress, Int32($0.count), max(0, floor), peak, curve, parameter)
    }
  }
}
