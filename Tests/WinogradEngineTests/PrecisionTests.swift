import CKernels
import Foundation
import NeuralNetwork
import References
import Tensor
import Testing

@testable import WinogradEngine

@Suite("Products of bfloat16 numbers")
struct PrecisionTests {
  /// The nearest bfloat16 by distance: of the two around a number, of equally near ones the even.
  private func nearest(_ value: Float) -> UInt16 {
    if value.isNaN { return UInt16(value.bitPattern >> 16) | 0x40 }
    let low = UInt16(value.bitPattern >> 16)
    guard low & 0x7f80 != 0x7f80 else { return low }
    func distance(_ bits: UInt16) -> Double {
      // What would come after the largest number stands for infinity.
      let whole = Float(bitPattern: UInt32(bits) << 16)
      return abs((whole.isInfinite ? 0x1p128 : abs(Double(whole))) - abs(Double(value)))
    }
    let (down, up) = (distance(low), distance(low + 1))
    return down == up ? low + low % 2 : down < up ? low : low + 1
  }

  private func number(_ bits: UInt16) -> Double {
    Double(Float(bitPattern: UInt32(bits) << 16))
  }

  @Test("Transforms round to the nearest, and to the even one of two")
  func rounding() {
    // The first point of a gradient's transform is the first pixel itself.
    var pixels: [Float] = [
      0, -0.0, 1, 1.00390625, 1.01171875, -1.00390625, .nan, -.nan, .infinity, -.infinity,
      .greatestFiniteMagnitude, -3.4e38, 1e-30, Float(bitPattern: 0x7fff_ffff),
      Float(bitPattern: 0xffff_ffff), Float(bitPattern: 0x3f80_8001),
    ]
    pixels += noise(240, 1).map { $0 * 1e10 }
    var map = [Float](repeating: 0, count: pixels.count * 16)
    for (index, value) in pixels.enumerated() { map[index / 16 * 256 + index % 16] = value }
    let count = pixels.count / 16
    var planes = [UInt16](repeating: 1, count: 36 * pixels.count)
    map.withUnsafeBufferPointer { map in
      var source = reber_source()
      source.x = map.baseAddress
      var tiles = reber_tiles(height: 4, width: 4, channels: 16, tileRows: 1, tileColumns: 1)
      reber_winograd_gradient(
        &source, &tiles, 0, count, reber_bfloat16, &planes, pixels.count)
    }
    #expect(Array(planes.prefix(pixels.count)) == pixels.map(nearest))
  }

  @Test(
    "With packed panels, of any number of rows and pairs of panels",
    arguments: [(1, 16, 16), (14, 16, 32), (29, 48, 80), (31, 272, 48), (6, 528, 16)])
  func products(_ rows: Int, _ inputs: Int, _ outputs: Int) {
    let (points, gap) = (2, 6)
    let a = noise(points * (rows * inputs + gap), 1).map(nearest)
    let b = noise(points * inputs * outputs, 2).map(nearest)
    var panels = [UInt16](repeating: 0, count: b.count)
    for p in 0..<points {
      for (k, d) in (0..<outputs).flatMap({ k in (0..<inputs).map { (k, $0) } }) {
        let (first, span) = (k / 32 * 32, min(32, outputs - k / 32 * 32))
        let place = first * inputs + d / 2 * 2 * span + 2 * (k - first) + d % 2
        panels[p * inputs * outputs + place] = b[(p * inputs + d) * outputs + k]
      }
    }
    var c = [Float](repeating: 9, count: points * rows * outputs)
    reber_products(
      reber_bfloat16, a, rows * inputs + gap, panels, points, rows, inputs, outputs, &c,
      rows * outputs)
    let expected = slowProducts(
      a.map(number), gap: gap, b.map(number), points: points, rows: rows, inputs: inputs,
      outputs: outputs)
    #expect(largest(c, expected) < 1e-5 * Double(inputs).squareRoot() + 1e-5)
  }

  @Test(
    "Transposed, set and added",
    arguments: [(1, 16, 16), (28, 16, 32), (131, 48, 80), (30, 32, 96)])
  func transposedProducts(_ rows: Int, _ inputs: Int, _ outputs: Int) {
    let a = noise(2 * rows * inputs, 1).map(nearest)
    let b = noise(2 * rows * outputs, 2).map(nearest)
    var c = noise(2 * inputs * outputs, 3)
    for factor in [1.0, 2.0] {
      reber_transposed_products(
        reber_bfloat16, a, rows * inputs, b, rows * outputs, 2, rows, inputs, outputs,
        factor > 1 ? 1 : 0, &c)
      let expected = (0..<c.count).map { index -> Double in
        let (p, i, k) = (
          index / outputs / inputs, index / outputs % inputs, index % outputs
        )
        return factor
          * (0..<rows).reduce(0) {
            $0 + number(a[(p * rows + $1) * inputs + i])
              * number(b[(p * rows + $1) * outputs + k])
          }
      }
      #expect(largest(c, expected) < 1e-4)
    }
  }

  @Test(
    "A convolution's error against double precision, of the root mean square",
    arguments: [
      Shape(inputs: 64, outputs: 64),
      Shape(inputs: 48, outputs: 16, count: 3, height: 13, width: 10),
      Shape(inputs: 32, outputs: 48, stride: 2, count: 1, height: 16, width: 23),
    ])
  func convolution(_ shape: Shape) {
    let arena = Arena()
    var random = RandomStream(11)
    var layer = Convolution(
      inputs: shape.inputs, outputs: shape.outputs, kernel: 3, stride: shape.stride,
      precision: .bfloat16, using: &random)
    let input = arena.map(
      MapShape(
        count: shape.count, height: shape.height, width: shape.width, channels: shape.inputs))
    input.base.update(from: noise(input.elements, 1), count: input.elements)
    let ones = floats([Float](repeating: 1, count: shape.outputs), in: arena)
    let zeros = floats([Float](repeating: 0, count: shape.outputs), in: arena)
    let (output, _) = layer.forward(Activation(input), pivot: UnsafePointer(zeros), in: arena)
    let slow = SlowConvolution(
      shape: shape, x: (0..<input.elements).map { Double(input.base[$0]) },
      w: layer.weight.value.values.map(Double.init))
    let gradient = arena.map(output.shape)
    gradient.base.update(from: noise(output.elements, 2), count: output.elements)
    let result = arena.map(input.shape)
    layer.backward(
      NormalisedGradient(gradient: gradient, map: output, a: ones, b: zeros, c: zeros),
      input: Activation(input), result: .plain(result, plus: nil), in: arena)
    let (dx, dw) = slow.backward((0..<output.elements).map { Double(gradient.base[$0]) })
    for (found, expected) in [
      (output.tensor().values, slow.forward()), (result.tensor().values, dx),
      (layer.weight.gradient.values, dw),
    ] {
      let error = relative(found, expected)
      #expect(error > 1e-4, "computed in float32")
      #expect(error < 0.013)
    }
  }

  private func floats(_ values: [Float], in arena: Arena) -> UnsafeMutablePointer<Float> {
    let result = arena.floats(values.count)
    result.update(from: values, count: values.count)
    return result
  }

  private func relative(_ found: [Float], _ expected: [Double]) -> Double {
    let errors = zip(found, expected).reduce(0) { $0 + pow(Double($1.0) - $1.1, 2) }
    return (errors / expected.reduce(0) { $0 + $1 * $1 }).squareRoot()
  }

  @Test("A network learns as it does in float32, and its embeddings are near those")
  func learning() throws {
    let images = wave([16, 16, 16, 1], 1)
    var losses: [Precision: [Float]] = [:]
    for precision in Precision.allCases {
      var architecture = Architecture()
      (architecture.width, architecture.blocks, architecture.stemStride) = (16, [1, 1], 1)
      var encoder = ResidualEncoder(architecture, seed: 5, precision: precision)
      var moments = Moments(Optimiser(.lars(momentum: 0.9, trust: 0.02), weightDecay: 1e-4))
      for _ in 0..<30 {
        encoder.visit { $1.gradient = Tensor($1.value.shape) }
        let (loss, gradient) = NTXent(temperature: 0.2)(encoder.forward(images))
        losses[precision, default: []].append(loss)
        encoder.backward(gradient)
        moments.step(&encoder, rate: 0.3)
      }
      if precision == .bfloat16 {
        let own = encoder.embed(images)
        var exact = ResidualEncoder(architecture, seed: 5)
        try exact.load(encoder.state)
        let error = relative(own.values, exact.embed(images).values.map(Double.init))
        #expect(error > 0 && error < 0.02)
      }
    }
    let (exact, rounded) = (try #require(losses[.float32]), try #require(losses[.bfloat16]))
    #expect(exact != rounded)
    #expect(exact[29] < 0.8 * exact[0])
    #expect(abs(rounded[29] - exact[29]) < 0.1 * exact[29])
  }

  @Test("What the processor has no instructions for is refused")
  func refusal() throws {
    let engine = WinogradEngine()
    try engine.check(.float32)
    if reber_has_bfloat16() != 0 {
      try engine.check(.bfloat16)
    } else {
      #expect(throws: NetworkError.noInstructions("bfloat16")) { try engine.check(.bfloat16) }
    }
  }
}
