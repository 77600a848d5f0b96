import Foundation

/// How brightness becomes colour.
enum ColourMap: String, CaseIterable, Sendable {
  /// Black to white.
  case grey
  /// White to black, as on a plate.
  case inverse
  /// Through all hues with evenly rising brightness (Green 2011, BASI 39, 289).
  case cubehelix
  /// Black, red, yellow, white.
  case heat

  /// Bytes a pixel.
  var channels: Int { self == .grey || self == .inverse ? 1 : 3 }

  /// The colours of 256 steps of brightness, ``channels`` bytes each.
  var table: [UInt8] {
    (0...255).flatMap { step in
      let x = Double(step) / 255
      return colour(x).map { UInt8(max(0, min(255, ($0 * 255).rounded()))) }
    }
  }

  private func colour(_ x: Double) -> [Double] {
    switch self {
    case .grey: [x]
    case .inverse: [1 - x]
    case .heat: [3 * x, 3 * x - 1, 3 * x - 2]
    case .cubehelix: cubehelix(x)
    }
  }

  /// Start 0.5, −1.5 rotations, hue 1, γ 1: the paper's example.
  private func cubehelix(_ x: Double) -> [Double] {
    let angle = 2 * Double.pi * (0.5 / 3 + 1 - 1.5 * x)
    let amplitude = x * (1 - x) / 2
    let (c, s) = (cos(angle), sin(angle))
    return [
      x + amplitude * (-0.14861 * c + 1.78277 * s),
      x + amplitude * (-0.29227 * c - 0.90649 * s),
      x + amplitude * 1.97294 * c,
    ]
  }
}
