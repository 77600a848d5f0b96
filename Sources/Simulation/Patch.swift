public import Astronomy
import Foundation

/// A small noiseless image of one source, on the pixels of a mosaic.
public struct Patch: Sendable {
  /// The column of the mosaic in which the patch begins.
  public let left: Int
  /// The row of the mosaic in which it begins.
  public let bottom: Int
  /// Columns of pixels.
  public let width: Int
  /// Rows of pixels.
  public let height: Int
  /// Brightness, row by row from the bottom; a beam's share of the flux a pixel.
  public private(set) var values: [Float]

  /// How far from its centre a Gaussian is drawn, in standard deviations.
  static let reach = 5.0

  /// Draws components as a beam shows them, around a place of the mosaic.
  ///
  /// - Parameters:
  ///   - components: Seen with a beam of no width; positions are offsets in arcsec.
  ///   - column: Where the offsets' origin lies in the mosaic, counted from 0.
  ///   - row: The same, from the bottom.
  ///   - beam: The beam.
  ///   - pixelScale: Arcsec a pixel.
  public init(
    _ components: [Gaussian], column: Double, row: Double, beam: Beam, pixelScale: Double
  ) {
    let seen = components.map { Pixelled($0.convolved(with: beam), column, row, pixelScale) }
    let lows = seen.map { ($0.x - $0.reach.x, $0.y - $0.reach.y) }
    let highs = seen.map { ($0.x + $0.reach.x, $0.y + $0.reach.y) }
    left = Int((lows.map(\.0).min() ?? column).rounded(.down))
    bottom = Int((lows.map(\.1).min() ?? row).rounded(.down))
    width = Int((highs.map(\.0).max() ?? column).rounded(.up)) - left + 1
    height = Int((highs.map(\.1).max() ?? row).rounded(.up)) - bottom + 1
    values = [Float](repeating: 0, count: width * height)
    for component in seen { draw(component, beam, pixelScale) }
  }

  /// Adds a Gaussian.
  ///
  /// Along a row its logarithm is a parabola, so that each pixel is the one before times a ratio
  /// which itself changes by a constant factor.
  private mutating func draw(_ gaussian: Pixelled, _ beam: Beam, _ pixelScale: Double) {
    let sigma = beam.sigma / pixelScale
    let peak = gaussian.flux * sigma * sigma / gaussian.determinant.squareRoot()
    let step = exp(-gaussian.a)
    let first = max(bottom, Int((gaussian.y - gaussian.reach.y).rounded(.up)))
    let last = min(bottom + height - 1, Int((gaussian.y + gaussian.reach.y).rounded(.down)))
    values.withUnsafeMutableBufferPointer { values in
      for row in stride(from: first, through: last, by: 1) {
        let y = Double(row) - gaussian.y
        guard let columns = gaussian.columns(at: y) else { continue }
        let x = Double(columns.lowerBound) - gaussian.x
        var value = peak * exp(-0.5 * gaussian.form(x, y))
        var ratio = exp(-0.5 * (gaussian.form(x + 1, y) - gaussian.form(x, y)))
        let base = (row - bottom) * width - left
        for column in columns {
          values[base + column] += Float(value)
          value *= ratio
          ratio *= step
        }
      }
    }
  }

  /// The sum of the pixels that are at least as bright as a level.
  func sum(above level: Float) -> Double {
    values.reduce(0.0) { $1 >= level ? $0 + Double($1) : $0 }
  }

  /// The brightest pixel's value.
  public var peak: Float { values.max() ?? 0 }

}

/// A Gaussian in units of pixels, with the inverse of its covariance.
private struct Pixelled {
  let flux: Double
  let x: Double
  let y: Double
  let determinant: Double
  let reach: (x: Double, y: Double)
  /// The quadratic form `a x² + 2 b x y + c y²`.
  let a: Double
  let b: Double
  let c: Double

  init(_ gaussian: Gaussian, _ column: Double, _ row: Double, _ pixelScale: Double) {
    flux = gaussian.flux
    x = column + gaussian.x / pixelScale
    y = row + gaussian.y / pixelScale
    let area = pixelScale * pixelScale
    let (xx, xy, yy) = (gaussian.xx / area, gaussian.xy / area, gaussian.yy / area)
    determinant = xx * yy - xy * xy
    a = yy / determinant
    b = -xy / determinant
    c = xx / determinant
    reach = (Patch.reach * xx.squareRoot(), Patch.reach * yy.squareRoot())
  }

  func form(_ x: Double, _ y: Double) -> Double { a * x * x + 2 * b * x * y + c * y * y }

  /// The pixels of a row that lie within reach.
  func columns(at y: Double) -> ClosedRange<Int>? {
    let square = b * b * y * y - a * (c * y * y - Patch.reach * Patch.reach)
    guard square > 0 else { return nil }
    let (middle, half) = (x - b * y / a, square.squareRoot() / a)
    let (first, last) = (Int((middle - half).rounded(.up)), Int((middle + half).rounded(.down)))
    return first <= last ? first...last : nil
  }
}
