import CKernels
import Foundation
import NeuralNetwork
import References
import Tensor
import Testing

@testable import WinogradEngine

/// A convolution to test, over maps of a size.
struct Shape: Sendable, CustomTestStringConvertible {
  var inputs = 16
  var outputs = 16
  var kernel = 3
  var stride = 1
  var count = 2
  var height = 8
  var width = 8

  var testDescription: String {
    "\(inputs)->\(outputs), \(kernel)/\(stride), \(count)x\(height)x\(width)"
  }

  static let all = [
    Shape(height: 8, width: 8), Shape(inputs: 32, outputs: 48, count: 1, height: 3, width: 5),
    Shape(inputs: 48, outputs: 16, count: 3, height: 13, width: 10),
    Shape(inputs: 16, outputs: 80, count: 5, height: 4, width: 4),
    Shape(inputs: 64, outputs: 32, count: 1, height: 17, width: 6),
    Shape(inputs: 96, outputs: 96, count: 2, height: 7, width: 9),
    Shape(inputs: 16, outputs: 32, stride: 2, height: 9, width: 7),
    Shape(inputs: 32, outputs: 48, stride: 2, count: 3, height: 16, width: 23),
    Shape(inputs: 48, outputs: 96, stride: 2, count: 1, height: 5, width: 6),
    Shape(inputs: 128, outputs: 256, stride: 2, count: 5, height: 13, width: 19),
    Shape(inputs: 32, outputs: 16, kernel: 1, stride: 2, height: 7, width: 8),
    Shape(inputs: 20, outputs: 33, kernel: 1, stride: 2, count: 7, height: 9, width: 9),
    Shape(inputs: 17, outputs: 16, kernel: 1, count: 1, height: 20, width: 15),
    Shape(inputs: 5, outputs: 7, count: 3, height: 6, width: 5),
    Shape(inputs: 1, outputs: 16, height: 11, width: 9), Shape(height: 2, width: 2),
  ]
}

/// Plain loops in double precision: output, and the gradients of input and weights.
struct SlowConvolution {
  let shape: Shape
  let x: [Double]
  let w: [Double]

  var rows: Int { (shape.height - 1) / shape.stride + 1 }
  var columns: Int { (shape.width - 1) / shape.stride + 1 }

  /// Calls `body` with the indices of every product of an input and a weight: y, x, w.
  private func everyProduct(_ body: (Int, Int, Int) -> Void) {
    let (s, half) = (shape, shape.kernel / 2)
    for n in 0..<s.count {
      for (r, c) in (0..<rows).flatMap({ r in (0..<columns).map { (r, $0) } }) {
        for (i, j) in (0..<s.kernel).flatMap({ i in (0..<s.kernel).map { (i, $0) } }) {
          let (row, column) = (r * s.stride + i - half, c * s.stride + j - half)
          guard 0..<s.height ~= row, 0..<s.width ~= column else { continue }
          for k in 0..<s.outputs {
            for channel in 0..<s.inputs {
              body(
                ((n * rows + r) * columns + c) * s.outputs + k,
                ((n * s.height + row) * s.width + column) * s.inputs + channel,
                ((k * s.inputs + channel) * s.kernel + i) * s.kernel + j)
            }
          }
        }
      }
    }
  }

  func forward() -> [Double] {
    var y = [Double](repeating: 0, count: shape.count * rows * columns * shape.outputs)
    y.withUnsafeMutableBufferPointer { y in
      x.withUnsafeBufferPointer { x in
        w.withUnsafeBufferPointer { w in everyProduct { y[$0] += x[$1] * w[$2] } }
      }
    }
    return y
  }

  func backward(_ g: [Double]) -> (x: [Double], w: [Double]) {
    var dx = [Double](repeating: 0, count: x.count)
    var dw = [Double](repeating: 0, count: w.count)
    dx.withUnsafeMutableBufferPointer { dx in
      dw.withUnsafeMutableBufferPointer { dw in
        everyProduct {
          dx[$1] += g[$0] * w[$2]
          dw[$2] += g[$0] * x[$1]
        }
      }
    }
    return (dx, dw)
  }
}

/// The largest error relative to the root of the mean square, whose own error must be ten times
/// smaller.
private func error(_ found: [Float], _ expected: [Double]) -> Double {
  #expect(found.count == expected.count)
  let square = expected.reduce(0) { $0 + $1 * $1 } / Double(expected.count)
  let largest = zip(found, expected).reduce(0) { max($0, abs(Double($1.0) - $1.1)) }
  let root = max(1e-30, square.squareRoot())
  let squares = zip(found, expected).reduce(0) {
    $0 + (Double($1.0) - $1.1) * (Double($1.0) - $1.1)
  }
  #expect((squares / Double(expected.count)).squareRoot() < 1e-5 * root)
  return largest / root
}

@Suite("Convolutions against plain loops in double precision")
struct ConvolutionTests {
  @Test(
    "With everything built in, to 1e-4 of the root mean square", arguments: Shape.all,
    [KernelTable.measured, .always(0), .always(14)])
  func passes(_ shape: Shape, _ kernels: KernelTable) {
    let arena = Arena()
    var layer = layer(shape)
    layer.kernels = kernels
    let input = arena.map(
      copying: noise([shape.count, shape.height, shape.width, shape.inputs], 1))
    let affine = ChannelAffine(
      scale: floats(shape.inputs, 2, in: arena), shift: floats(shape.inputs, 3, in: arena))
    let activated = (0..<input.elements).map { index in
      let c = index % shape.inputs
      return max(0, Double(affine.scale[c]) * Double(input.base[index]) + Double(affine.shift[c]))
    }
    let slow = SlowConvolution(
      shape: shape, x: activated, w: layer.weight.value.values.map(Double.init))
    let pivot = floats(shape.outputs, 4, in: arena)
    let (output, sums) = layer.forward(
      Activation(input, affine: affine), pivot: UnsafePointer(pivot), in: arena)
    let y = slow.forward()
    #expect(error(output.tensor().values, y) < 1e-4)
    check(sums, pixels: y.count / shape.outputs, channels: shape.outputs) { pixel, c in
      let d = y[pixel * shape.outputs + c] - Double(pivot[c])
      return (d, d * d)
    }

    let gradient = arena.map(output.shape)
    gradient.base.update(from: noise([output.elements], 5).values, count: output.elements)
    let (a, b, c) = (
      floats(shape.outputs, 6, in: arena), floats(shape.outputs, 7, in: arena),
      floats(shape.outputs, 8, in: arena)
    )
    let combined = (0..<output.elements).map { index in
      let k = index % shape.outputs
      return Double(a[k]) * Double(gradient.base[index]) + Double(b[k])
        * Double(output.base[index]) + Double(c[k])
    }
    let (dx, dw) = slow.backward(combined)
    let result = arena.map(input.shape)
    let statistics = BatchNorm.Statistics(
      mean: floats(shape.inputs, 9, in: arena), inverse: a, affine: affine)
    let masked = layer.backward(
      NormalisedGradient(gradient: gradient, map: output, a: a, b: b, c: c),
      input: Activation(input, affine: affine),
      result: .masked(result, by: Normalised(map: input, statistics: statistics)), in: arena)
    let expected = zip(dx, activated).map { $1 > 0 ? $0 : 0 }
    #expect(error(result.tensor().values, expected) < 1e-4)
    #expect(error(layer.weight.gradient.values, dw) < 1e-4)
    if let masked {
      check(masked, pixels: input.pixels, channels: shape.inputs) { pixel, c in
        let g = expected[pixel * shape.inputs + c]
        return (g, g * Double(input.at(pixel)[c] - statistics.mean[c]))
      }
    }
  }

  @Test(
    "The gradient of the input can be added to what is there", arguments: Shape.all,
    [KernelTable.measured, .always(0)])
  func added(_ shape: Shape, _ kernels: KernelTable) {
    let arena = Arena()
    var layer = layer(shape)
    layer.kernels = kernels
    let input = arena.map(
      copying: noise([shape.count, shape.height, shape.width, shape.inputs], 1))
    let output = arena.map(layer.output(of: input.shape))
    output.base.update(from: noise([output.elements], 2).values, count: output.elements)
    let (ones, zeros) = (floats(shape.outputs, 3, in: arena), floats(shape.outputs, 4, in: arena))
    ones.update(repeating: 1, count: shape.outputs)
    zeros.update(repeating: 0, count: shape.outputs)
    let gradient = NormalisedGradient(
      gradient: output, map: output, a: ones, b: zeros, c: zeros)
    let (plain, added) = (arena.map(input.shape), arena.map(input.shape))
    let before = noise([input.elements], 5)
    added.base.update(from: before.values, count: input.elements)
    layer.backward(
      gradient, input: Activation(input), result: .plain(plain, plus: nil), in: arena)
    layer.backward(gradient, input: Activation(input), result: .added(to: added), in: arena)
    let expected = zip(before.values, plain.tensor().values).map { Double($0) + Double($1) }
    #expect(error(added.tensor().values, expected) < 1e-5)
  }

  @Test(
    "Images of a map that goes past the cache are those of a small one, to the bit",
    arguments: [
      Shape(count: 40, height: 64, width: 64),
      Shape(outputs: 64, stride: 2, count: 40, height: 64, width: 64),
      Shape(outputs: 64, kernel: 1, stride: 2, count: 40, height: 64, width: 64),
    ])
  func streamed(_ shape: Shape) {
    let arena = Arena()
    let layer = layer(shape)
    let input = arena.map(
      copying: noise([shape.count, shape.height, shape.width, shape.inputs], 1))
    var few = input.shape
    few.count = 4
    let pivot = UnsafePointer(floats(shape.outputs, 2, in: arena))
    let (large, sums) = layer.forward(Activation(input), pivot: pivot, in: arena)
    let (small, _) = layer.forward(
      Activation(FeatureMap(base: input.base, shape: few)), pivot: pivot, in: arena)
    #expect(large.isLarge && !small.isLarge)
    #expect(large.tensor().values.prefix(small.elements).elementsEqual(small.tensor().values))
    check(sums, pixels: large.pixels, channels: shape.outputs) { pixel, c in
      let d = Double(large.at(pixel)[c]) - Double(pivot[c])
      return (d, d * d)
    }
  }

  @Test("A shape belongs to the first class that it does not exceed, or to the last")
  func classes() {
    let table = KernelTable(
      forward: [1, 2, 3], backward: [7], stridedForward: [8], stridedBackward: [9])
    func tiles(_ pass: ConvolutionPass, _ shape: Shape) -> Int {
      table.tiles(pass, layer(shape))
    }
    #expect(tiles(.forward, Shape(inputs: 8, outputs: 16)) == 1)
    #expect(tiles(.forward, Shape(inputs: 16, outputs: 17)) == 2)
    #expect(tiles(.forward, Shape(inputs: 64, outputs: 16)) == 3)
    #expect(tiles(.forward, Shape(inputs: 512, outputs: 16)) == 3)
    #expect(tiles(.backward, Shape()) == 7)
    #expect(tiles(.forward, Shape(stride: 2)) == 8 && tiles(.backward, Shape(stride: 2)) == 9)
  }

  private func layer(_ shape: Shape) -> Convolution {
    var random = RandomStream(11)
    return Convolution(
      inputs: shape.inputs, outputs: shape.outputs, kernel: shape.kernel, stride: shape.stride,
      using: &random)
  }

  private func noise(_ shape: [Int], _ seed: UInt64) -> Tensor {
    var random = RandomStream(seed)
    return Tensor(shape: shape, values: (0..<shape.reduce(1, *)).map { _ in random.normal() })
  }

  private func floats(_ count: Int, _ seed: UInt64, in arena: Arena)
    -> UnsafeMutablePointer<Float>
  {
    let result = arena.floats(count)
    result.update(from: noise([count], seed).values, count: count)
    return result
  }

  private func check(
    _ sums: ChannelSums, pixels: Int, channels: Int, _ term: (Int, Int) -> (Double, Double)
  ) {
    for c in 0..<channels {
      var (first, second, size) = (0.0, 0.0, 0.0)
      for pixel in 0..<pixels {
        let (one, two) = term(pixel, c)
        first += one
        second += two
        size += abs(one) + abs(two)
      }
      #expect(abs(sums.first(c) - first) < 1e-5 * size + 1e-6)
      #expect(abs(sums.second(c) - second) < 1e-5 * size + 1e-6)
    }
  }

  @Test(
    "Inference with bias, residual and ReLU, to 1e-4 of the root mean square", arguments: Shape.all)
  func inference(_ shape: Shape) {
    let arena = Arena()
    let layer = layer(shape)
    var norm = BatchNorm(channels: shape.outputs)
    norm.weight.value = noise([shape.outputs], 1)
    norm.bias.value = noise([shape.outputs], 2)
    let input = arena.map(
      copying: noise([shape.count, shape.height, shape.width, shape.inputs], 3))
    let slow = SlowConvolution(
      shape: shape, x: (0..<input.elements).map { Double(input.base[$0]) },
      w: layer.weight.value.values.map(Double.init))
    let residual = arena.map(
      copying: noise([shape.count, slow.rows, slow.columns, shape.outputs], 4))
    let (scale, shift) = norm.inferenceAffine()
    let expected = slow.forward().enumerated().map { index, value in
      let k = index % shape.outputs
      return max(0, value * Double(scale[k]) + Double(shift[k]) + Double(residual.base[index]))
    }
    let output = FoldedConvolution(layer, norm, over: input.shape, in: arena)
      .apply(input, residual: residual, rectified: true, in: arena)
    #expect(error(output.tensor().values, expected) < 1e-4)
  }
}
