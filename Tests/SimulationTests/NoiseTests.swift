import Astronomy
import Foundation
import Simulation
import Tensor
import Testing

@Suite struct NoiseTests {
  /// The covariance of an image with itself, shifted.
  private func covariance(_ image: Tensor, _ right: Int, _ up: Int) -> Double {
    let size = image.rows
    var sum = 0.0
    for row in 0..<size - up {
      for column in 0..<size - right {
        let shifted = image.values[(row + up) * size + column + right]
        sum += Double(image.values[row * size + column]) * Double(shifted)
      }
    }
    return sum / Double((size - up) * (size - right))
  }

  /// White noise seen with a Gaussian beam correlates as a Gaussian √2 times as wide.
  @Test func correlatesOverTheBeam() {
    var random = RandomStream(1)
    let size = 256
    let sigma = Beam(width: 6).sigma / 1.5
    let noise = Noise(rms: 80e-6, variation: 0, size: size, &random)
    let image = noise.image(size: size, beam: sigma) { RandomStream(7, $0) }
    let variance = covariance(image, 0, 0)
    // 65,536 pixels of 36 each in a correlation area leave 1.7% scatter in the rms.
    #expect(abs(variance.squareRoot() / 80e-6 - 1) < 0.06)
    for (right, up) in [(1, 0), (0, 1), (2, 0), (0, 3), (2, 2), (3, 1)] {
      let expected = exp(-Double(right * right + up * up) / (4 * sigma * sigma))
      #expect(abs(covariance(image, right, up) / variance - expected) < 0.06, "\(right) \(up)")
    }
    #expect(abs(covariance(image, 12, 0) / variance) < 0.1)
    #expect(abs(covariance(image, 0, 12) / variance) < 0.1)
  }

  @Test func levelVariesSmoothly() {
    var random = RandomStream(5)
    let noise = Noise(rms: 1, variation: 0.15, size: 2048, &random)
    let levels = stride(from: 0.0, to: 2048, by: 32).flatMap { row in
      stride(from: 0.0, to: 2048, by: 32).map { noise.level($0, row) }
    }
    let mean = levels.reduce(0, +) / Double(levels.count)
    let spread = levels.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(levels.count)
    #expect(abs(mean - 1) < 0.2)
    #expect((0.02...0.3).contains(spread.squareRoot()))
    #expect(abs(noise.level(500, 500) - noise.level(520, 500)) < 0.02)
  }
}
