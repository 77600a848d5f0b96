internal import CKernels
internal import Tensor

/// A convolution as a matrix product over gathered windows, in blocks that stay in the cache.
///
/// Works for every kernel size, stride and number of channels.
struct Im2col: @unchecked Sendable {
  let window: reber_window
  let outputs: Int
  let workers: ArenaPool

  /// Whether the calling thread does everything itself, being one of many.
  var isAlone = false

  /// Columns of the matrix of windows.
  private var depth: Int { Int(window.kernel * window.kernel * window.channels) }

  /// Output pixels of one image.
  private var map: Int { Int(window.rows * window.columns) }

  private var pixels: Int { Int(window.count) * map }

  /// Output pixels in a block: the matrix of windows is to stay in the second-level cache.
  private var block: Int { max(56, min(1008, (1 << 17) / depth / 14 * 14)) }

  /// The weights as a matrix `[depth, outputs]` in panels, or its transpose for the backward pass.
  func panels(_ weight: Tensor, transposed: Bool = false, in arena: Arena) -> UnsafePointer<Float> {
    let area = Int(window.kernel * window.kernel)
    let inputs = Int(window.channels)
    nonisolated(unsafe) let result = arena.floats(depth * outputs)
    let columns = transposed ? depth : outputs
    spread(over: (columns + 31) / 32, chunk: 1, isAlone: isAlone) { panel, _ in
      reber_weights_panel(weight.values, outputs, inputs, area, transposed ? 1 : 0, panel, result)
    }
    return UnsafePointer(result)
  }

  func forward(_ input: Activation, weights: UnsafePointer<Float>, output: FeatureMap) {
    nonisolated(unsafe) let weights = weights
    spread(over: pixels, chunk: block, isAlone: isAlone) { _, range in
      workers.scratch(range.count * depth) { columns in
        gather(input, range, into: columns)
        reber_products(
          reber_float32, columns, 0, weights, 1, range.count, depth, outputs,
          output.at(range.lowerBound), 0)
      }
    }
  }

  private func gather(
    _ input: Activation, _ range: Range<Int>, into columns: UnsafeMutablePointer<Float>
  ) {
    withUnsafePointer(to: window) { window in
      reber_im2col(
        input.map.base, input.affine?.scale, input.affine?.shift, window, range.lowerBound,
        range.count, columns)
    }
  }

  /// The gradient of the matrix of weights, `[depth, outputs]`.
  ///
  /// A fixed number of groups each add up their blocks, and the groups are added in order, so that
  /// the sum does not depend on the number of cores.
  func weightGradient(
    _ gradient: FeatureMap, input: Activation, in arena: Arena
  ) -> UnsafePointer<Float> {
    let size = depth * outputs
    let groups = max(1, min(8, pixels / block))
    nonisolated(unsafe) let parts = arena.floats(groups * size)
    spread(over: groups, chunk: 1, isAlone: isAlone) { group, _ in
      let range = pixels * group / groups..<pixels * (group + 1) / groups
      workers.scratch(block * depth) { columns in
        for start in stride(from: range.lowerBound, to: range.upperBound, by: block) {
          let part = start..<min(start + block, range.upperBound)
          gather(input, part, into: columns)
          reber_transposed_products(
            reber_float32, columns, 0, gradient.at(start), 0, 1, part.count, depth, outputs,
            start > range.lowerBound ? 1 : 0, parts + group * size)
        }
      }
    }
    for group in 1..<max(1, groups) { reber_add(parts, parts + group * size, size) }
    return UnsafePointer(parts)
  }

  /// The gradient of the input; images are worked on one by one, as windows overlap within them.
  func inputGradient(
    _ gradient: FeatureMap, weights: UnsafePointer<Float>, result: FeatureMap
  ) {
    nonisolated(unsafe) let weights = weights
    spread(over: result.count, chunk: 1, isAlone: isAlone) { image, _ in
      let size = result.elements / result.count
      (result.base + image * size).update(repeating: 0, count: size)
      workers.scratch(min(block, map) * depth) { columns in
        for start in stride(from: image * map, to: (image + 1) * map, by: block) {
          let count = min(block, (image + 1) * map - start)
          reber_products(
            reber_float32, gradient.at(start), 0, weights, 1, count, outputs, depth, columns, 0)
          withUnsafePointer(to: window) { window in
            reber_col2im(columns, window, start, count, result.base)
          }
        }
      }
    }
  }
}

/// Runs `body` over `0..<count` in fixed chunks, on all cores or on the calling thread alone.
func spread(
  over count: Int, chunk: Int, isAlone: Bool, _ body: @Sendable (Int, Range<Int>) -> Void
) {
  guard isAlone else { return parallel(over: count, chunk: chunk, body) }
  for (index, start) in stride(from: 0, to: count, by: chunk).enumerated() {
    body(index, start..<min(start + chunk, count))
  }
}
