import Foundation
public import Tensor

/// Noise as an interferometer's image has it: correlated over the beam, of a level that varies
/// smoothly over the mosaic.
public struct Noise: Sendable {
  /// The typical rms, in the unit of the image.
  public let rms: Double
  private let waves: [Wave]

  private struct Wave {
    var x: Double
    var y: Double
    var phase: Double
    var amplitude: Double
  }

  /// Draws how the level varies.
  ///
  /// - Parameters:
  ///   - rms: The typical rms.
  ///   - variation: The relative scatter of the rms over the mosaic.
  ///   - size: The mosaic's side, pixels; the level varies over about half of it.
  ///   - random: Where it is drawn from.
  public init(rms: Double, variation: Double, size: Int, _ random: inout RandomStream) {
    self.rms = rms
    let count = 6
    waves = (0..<count).map { _ in
      Wave(
        x: 4 * random.gaussian() / Double(size), y: 4 * random.gaussian() / Double(size),
        phase: random.angle(), amplitude: variation * (2 / Double(count)).squareRoot())
    }
  }

  /// The local rms at a pixel.
  public func level(_ column: Double, _ row: Double) -> Double {
    rms * exp(waves.reduce(0) { $0 + $1.amplitude * cos($1.x * column + $1.y * row + $1.phase) })
  }

  /// Noise over a square mosaic: white noise convolved with the beam and scaled to the local rms.
  ///
  /// Each row has a random stream of its own, so that the same pixels come out on any number of
  /// cores.
  ///
  /// - Parameters:
  ///   - size: The mosaic's side, pixels.
  ///   - beam: Standard deviation of the beam, pixels.
  ///   - stream: Gives the random stream of a row; rows begin above and end below the mosaic.
  /// - Returns: `[size, size]`.
  public func image(
    size: Int, beam: Double, stream: @Sendable (_ row: Int) -> RandomStream
  ) -> Tensor {
    let kernel = Self.kernel(beam)
    let margin = kernel.count / 2
    let tall = size + 2 * margin
    let smooth = rowwise([tall, size]) { row, line in
      var random = stream(row)
      var white = [Float](repeating: 0, count: tall)
      for index in white.indices { white[index] = random.normal() }
      for (shift, weight) in kernel.enumerated() {
        for column in 0..<size { line[column] += weight * white[column + shift] }
      }
    }
    return rowwise([size, size]) { row, line in
      smooth.values.withUnsafeBufferPointer { smooth in
        for (shift, weight) in kernel.enumerated() {
          let base = (row + shift) * size
          for column in 0..<size { line[column] += weight * smooth[base + column] }
        }
      }
      scale(line, row)
    }
  }

  /// Scales a row to the local rms, which is computed at every 16th pixel and drawn straight between.
  private func scale(_ line: UnsafeMutableBufferPointer<Float>, _ row: Int) {
    let step = 16
    var level = Float(level(0, Double(row)))
    for first in stride(from: 0, to: line.count, by: step) {
      let next = Float(self.level(Double(first + step), Double(row)))
      for column in first..<min(first + step, line.count) {
        line[column] *= level + (next - level) * Float(column - first) / Float(step)
      }
      level = next
    }
  }

  /// A Gaussian whose squares add up to 1, so that unit white noise stays of unit variance.
  private static func kernel(_ sigma: Double) -> [Float] {
    let reach = Int((4 * sigma).rounded(.up))
    let weights = (-reach...reach).map { exp(-0.5 * Double($0 * $0) / (sigma * sigma)) }
    let norm = weights.reduce(0) { $0 + $1 * $1 }.squareRoot()
    return weights.map { Float($0 / norm) }
  }
}

/// A matrix whose rows, zeros at first, `body` fills on all cores.
private func rowwise(
  _ shape: [Int], _ body: @Sendable (_ row: Int, UnsafeMutableBufferPointer<Float>) -> Void
) -> Tensor {
  var image = Tensor(shape)
  image.values.withUnsafeMutableBufferPointer { values in
    nonisolated(unsafe) let values = values
    parallel(over: shape[0], chunk: 16) { _, rows in
      for row in rows {
        body(
          row, UnsafeMutableBufferPointer(rebasing: values[row * shape[1]..<(row + 1) * shape[1]]))
      }
    }
  }
  return image
}
