import CKernels
import Foundation
import NeuralNetwork
import References
import Tensor
import Testing

@testable import WinogradEngine

@Suite("Kernels of the network against plain loops")
struct NetworkKernelTests {
  @Test(
    "Products with packed panels, of any number of rows, inputs and outputs",
    arguments: [
      (1, 1, 1), (14, 16, 16), (29, 9, 32), (31, 130, 48), (17, 300, 80), (6, 5, 7), (45, 64, 33),
    ])
  func products(_ rows: Int, _ inputs: Int, _ outputs: Int) {
    let (points, gap) = (2, 5)
    let a = noise(points * (rows * inputs + gap), 1)
    let b = noise(points * inputs * outputs, 2)
    var panels = [Float](repeating: 0, count: b.count)
    for p in 0..<points {
      for (k, d) in (0..<outputs).flatMap({ k in (0..<inputs).map { (k, $0) } }) {
        let (first, span) = (k / 32 * 32, min(32, outputs - k / 32 * 32))
        panels[p * inputs * outputs + first * inputs + d * span + k - first] =
          b[(p * inputs + d) * outputs + k]
      }
    }
    var c = [Float](repeating: 9, count: points * rows * outputs)
    reber_products(
      reber_float32, a, rows * inputs + gap, panels, points, rows, inputs, outputs, &c,
      rows * outputs)
    let expected = slowProducts(
      a.map(Double.init), gap: gap, b.map(Double.init), points: points, rows: rows, inputs: inputs,
      outputs: outputs)
    #expect(largest(c, expected) < 1e-5 * Double(inputs).squareRoot() + 1e-5)
  }

  @Test(
    "Transposed products, set and added", arguments: [(1, 1, 1), (28, 16, 32), (30, 27, 41)])
  func transposedProducts(_ rows: Int, _ inputs: Int, _ outputs: Int) {
    let (a, b) = (noise(rows * inputs, 1), noise(rows * outputs, 2))
    var c = noise(inputs * outputs, 3)
    for factor in [1.0, 2.0] {
      reber_transposed_products(
        reber_float32, a, 0, b, 0, 1, rows, inputs, outputs, factor > 1 ? 1 : 0, &c)
      let expected = (0..<c.count).map { index in
        factor
          * (0..<rows).reduce(0) {
            $0 + Double(a[$1 * inputs + index / outputs])
              * Double(b[$1 * outputs + index % outputs])
          }
      }
      #expect(largest(c, expected) < 5e-5)
    }
  }

  @Test(
    "Normalisation, its sums and its gradient, of any number of channels", arguments: [1, 16, 35])
  func normalisation(_ channels: Int) {
    let pixels = 150
    let count = pixels * channels
    let (y, r, g) = (noise(count, 1), noise(count, 2), noise(count, 3))
    let (scale, shift, pivot) = (noise(channels, 4), noise(channels, 5), noise(channels, 6))
    func per(_ body: (Int, Int) -> Double) -> [Double] {
      (0..<count).map { body($0, $0 % channels) }
    }
    let affine = per { Double(scale[$1]) * Double(y[$0]) + Double(shift[$1]) }
    var out = [Float](repeating: 0, count: count)
    reber_normalise(y, scale, shift, nil, nil, nil, pixels, channels, &out)
    #expect(largest(out, affine.map { max(0, $0) }) < 1e-5)
    reber_normalise(y, scale, shift, r, nil, nil, pixels, channels, &out)
    #expect(largest(out, per { i, _ in max(0, affine[i] + Double(r[i])) }) < 1e-5)
    reber_normalise(y, scale, shift, r, pivot, scale, pixels, channels, &out)
    let both = per { max(0, affine[$0] + Double(pivot[$1]) * Double(r[$0]) + Double(scale[$1])) }
    #expect(largest(out, both) < 1e-5)
    reber_combine(g, y, scale, shift, pivot, pixels, channels, &out)
    let combined = per {
      Double(scale[$1]) * Double(g[$0]) + Double(shift[$1]) * Double(y[$0]) + Double(pivot[$1])
    }
    #expect(largest(out, combined) < 1e-5)
    out = y
    reber_bias(&out, shift, r, pixels, channels, 0)
    #expect(largest(out, per { Double(y[$0]) + Double(shift[$1]) + Double(r[$0]) }) < 1e-5)

    var sums = [Double](repeating: 1, count: 2 * channels)
    reber_channel_sums(y, pivot, pixels, channels, &sums)
    check(
      sums, per { Double(y[$0]) - Double(pivot[$1]) }, per { pow(Double(y[$0] - pivot[$1]), 2) })
    sums = [Double](repeating: 1, count: 2 * channels)
    reber_product_sums(g, y, pivot, pixels, channels, &sums)
    let centred = per { Double(y[$0]) - Double(pivot[$1]) }
    check(sums, g.map(Double.init), per { i, _ in Double(g[i]) * centred[i] })
    for activation in [nil, r] {
      sums = [Double](repeating: 1, count: 2 * channels)
      reber_normalise_backward_sums(
        g, activation, y, scale, shift, pivot, pixels, channels, &out, &sums)
      let masked = per { i, _ in
        (activation.map { Double($0[i]) } ?? affine[i]) > 0 ? Double(g[i]) : 0
      }
      #expect(largest(out, masked) == 0)
      check(sums, masked, per { i, _ in masked[i] * centred[i] })
    }
  }

  private func check(_ sums: [Double], _ first: [Double], _ second: [Double]) {
    let channels = sums.count / 2
    for c in 0..<channels {
      let places = stride(from: c, to: first.count, by: channels)
      #expect(abs(sums[c] - 1 - places.reduce(0) { $0 + first[$1] }) < 1e-4)
      #expect(abs(sums[channels + c] - 1 - places.reduce(0) { $0 + second[$1] }) < 1e-3)
    }
  }

  @Test("Means over pixels and their gradient, sums and squares")
  func small() {
    let x = noise(3 * 5 * 19, 1)
    var means = [Float](repeating: 0, count: 3 * 19)
    reber_pool(x, 3, 5, 19, 19, &means)
    let expected = (0..<means.count).map { index in
      (0..<5).reduce(0) { $0 + Double(x[(index / 19 * 5 + $1) * 19 + index % 19]) / 5 }
    }
    #expect(largest(means, expected) < 1e-6)
    var gradient = x
    reber_pool_backward(means, 3, 5, 19, 19, &gradient)
    #expect(gradient[5 * 19 + 3] == means[19 + 3] / 5)
    var sum = x
    reber_add(&sum, x, x.count)
    #expect(sum == x.map { 2 * $0 })
    let square = x.reduce(0) { $0 + Double($1) * Double($1) }
    #expect(abs(reber_square(x, x.count) - square) < 1e-4)
  }

  @Test("What is not a number stays so, and is not hidden by a ReLU")
  func notANumber() {
    for channels in [3, 32] {
      let y = [Float](repeating: .nan, count: channels)
      var out = [Float](repeating: 0, count: channels)
      reber_normalise(y, y, y, nil, nil, nil, 1, channels, &out)
      #expect(out.allSatisfy { $0.isNaN })
    }
    var architecture = Architecture()
    (architecture.width, architecture.blocks) = (16, [1, 1])
    var encoder = ResidualEncoder(architecture, seed: 1)
    var images = wave([2, 16, 16, 1], 1)
    images.values[37] = .nan
    let embedding = encoder.embed(images)
    #expect(embedding.row(0).contains { $0.isNaN })
    #expect(embedding.row(1).allSatisfy { $0.isFinite })
    let trained = encoder.forward(images)
    #expect(trained.values.contains { $0.isNaN })
  }
}
