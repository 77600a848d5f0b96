import CKernels
import References
import Tensor
import Testing

/// Channels that fill vectors and that do not, over more pixels than one stretch of single precision.
@Suite("Maps of bfloat16 numbers against those of float32")
struct MapTests {
  private static let pixels = 131

  private struct Inputs {
    let channels: Int
    let (scale, shift, pivot, other): ([Float], [Float], [Float], [Float])
    let (y, g, r): ([UInt16], [UInt16], [UInt16])

    init(_ channels: Int) {
      func noise(_ count: Int, _ number: Int) -> [Float] { wave([count], number).values }
      self.channels = channels
      (scale, shift) = (noise(channels, 1), noise(channels, 2))
      (pivot, other) = (noise(channels, 3), noise(channels, 4))
      y = rounded(noise(pixels * channels, 5))
      g = rounded(noise(pixels * channels, 6))
      r = rounded(noise(pixels * channels, 7))
    }
  }

  /// Runs a kernel over maps of both precisions; gives what both leave, as float32 numbers, and their sums.
  private func both(
    _ inputs: Inputs,
    _ body: (
      reber_precision, _ y: UnsafeRawPointer, _ g: UnsafeRawPointer, _ r: UnsafeRawPointer,
      _ out: UnsafeMutableRawPointer, _ sums: UnsafeMutablePointer<Double>
    ) -> Void
  ) -> [(out: [Float], sums: [Double])] {
    let count = inputs.y.count
    var narrow = [UInt16](repeating: 0, count: count)
    var wide = [Float](repeating: 0, count: count)
    var sums = [[Double]](repeating: [Double](repeating: 0, count: 2 * inputs.channels), count: 2)
    body(reber_bfloat16, inputs.y, inputs.g, inputs.r, &narrow, &sums[0])
    body(reber_float32, widened(inputs.y), widened(inputs.g), widened(inputs.r), &wide, &sums[1])
    // The nearest bfloat16 to what float32 gives.
    return [(widened(narrow), sums[0]), (widened(rounded(wide)), sums[1])]
  }

  private func expectEqual(_ results: [(out: [Float], sums: [Double])]) {
    #expect(results[0].out == results[1].out)
    for (a, b) in zip(results[0].sums, results[1].sums) { #expect(abs(a - b) < 1e-4) }
  }

  @Test(arguments: [5, 16, 40])
  func sums(_ channels: Int) {
    let inputs = Inputs(channels)
    expectEqual(
      both(inputs) { precision, y, _, _, _, sums in
        reber_map_sums(precision, y, inputs.pivot, Self.pixels, channels, sums)
      })
    expectEqual(
      both(inputs) { precision, y, g, _, _, sums in
        reber_map_product_sums(precision, g, y, inputs.pivot, Self.pixels, channels, sums)
      })
  }

  @Test(arguments: [5, 16, 40])
  func normalised(_ channels: Int) {
    let inputs = Inputs(channels)
    for residual in 0..<3 {
      expectEqual(
        both(inputs) { precision, y, _, r, out, _ in
          inputs.pivot.withUnsafeBufferPointer { pivot in
            reber_map_normalise(
              precision, y, inputs.scale, inputs.shift, residual > 0 ? r : nil,
              residual > 1 ? pivot.baseAddress : nil, residual > 1 ? pivot.baseAddress : nil,
              Self.pixels, channels, out)
          }
        })
    }
  }

  @Test(arguments: [5, 16, 40])
  func gradients(_ channels: Int) {
    let inputs = Inputs(channels)
    for isOwn in [true, false] {
      expectEqual(
        both(inputs) { precision, y, g, r, out, sums in
          reber_map_masked_sums(
            precision, g, isOwn ? nil : r, y, inputs.scale, inputs.shift, inputs.pivot,
            Self.pixels, channels, out, sums)
        })
    }
    expectEqual(
      both(inputs) { precision, y, g, _, out, _ in
        reber_map_combine(
          precision, g, y, inputs.scale, inputs.shift, inputs.other, Self.pixels, channels, out)
      })
    expectEqual(
      both(inputs) { precision, y, g, _, out, _ in
        let count = Self.pixels * channels
        let bytes = count * (precision == reber_float32 ? 4 : 2)
        out.copyMemory(from: y, byteCount: bytes)
        reber_map_add(precision, out, g, count)
      })
  }
}

private func rounded(_ numbers: [Float]) -> [UInt16] {
  var result = [UInt16](repeating: 0, count: numbers.count)
  reber_map_from(reber_bfloat16, numbers, numbers.count, &result)
  // By the definition: the nearest, and the even one of two that are as near.
  for (number, found) in zip(numbers, result) {
    let bits = number.bitPattern
    #expect(found == UInt16(truncatingIfNeeded: (bits + 0x7fff + (bits >> 16 & 1)) >> 16))
  }
  return result
}

private func widened(_ numbers: [UInt16]) -> [Float] {
  var result = [Float](repeating: 0, count: numbers.count)
  reber_map_to(reber_bfloat16, numbers, numbers.count, &result)
  #expect(result == numbers.map { Float(bitPattern: UInt32($0) << 16) })
  return result
}
