internal import CKernels
internal import Tensor

/// A convolution as a matrix product over gathered windows, in blocks that stay in the cache.
///
/// Works for every kernel size, stride and number of channels, always in float32.
struct Im2col: ConvolutionWay {
  private let window: reber_window
  private let outputs: Int
  private let pass: ConvolutionPass
  private let workers: Workers

  init(
    _ convolution: Convolution, _ pass: ConvolutionPass, over shape: MapShape, by workers: Workers
  ) {
    (window, outputs) = (convolution.window(over: shape), convolution.outputs)
    (self.pass, self.workers) = (pass, workers)
  }

  /// Columns of the matrix of windows.
  private var depth: Int { area * Int(window.channels) }

  /// Pixels of a window.
  private var area: Int { Int(window.kernel * window.kernel) }

  /// Output pixels of one image.
  private var map: Int { Int(window.rows * window.columns) }

  private var pixels: Int { Int(window.count) * map }

  /// Output pixels in a block: the matrix of windows is to stay in the second-level cache.
  private var block: Int { max(56, min(1008, (1 << 17) / depth / 14 * 14)) }

  /// The weights as a matrix `[depth, outputs]` in panels, or its transpose for the backward pass.
  func weights(_ weight: Tensor, in arena: Arena) -> UnsafePointer<Float> {
    let inputs = Int(window.channels)
    nonisolated(unsafe) let result = arena.floats(depth * outputs)
    let isBackward = pass == .backward
    workers.run(over: ((isBackward ? depth : outputs) + 31) / 32, chunk: 1) { panel, _ in
      reber_weights_panel(weight.values, outputs, inputs, area, isBackward ? 1 : 0, panel, result)
    }
    return UnsafePointer(result)
  }

  func forward(
    _ input: Activation, weights: UnsafePointer<Float>, epilogue: reber_epilogue,
    output: FeatureMap
  ) -> ChannelSums? {
    nonisolated(unsafe) let weights = weights
    let blocks = (pixels + block - 1) / block
    return epilogue.summing(blocks: blocks, channels: outputs) { epilogue in
      nonisolated(unsafe) let epilogue = epilogue
      workers.run(over: pixels, chunk: block, scratch: block * depth) { index, range, columns in
        gather(input, range, into: columns)
        reber_products(
          reber_float32, columns, 0, weights, 1, range.count, depth, outputs,
          output.at(range.lowerBound), 0)
        epilogue.block(index, channels: outputs).finish(output, range)
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

  func backward(
    _ gradient: NormalisedGradient, input: Activation, weight: inout Parameter,
    result: InputGradient, in arena: Arena
  ) -> ChannelSums? {
    let own = gradient.resolved(in: arena)
    let matrix = weightGradient(own, input: input, in: arena)
    weight.gradient.values.withUnsafeMutableBufferPointer { target in
      guard let target = target.baseAddress else { return }
      reber_add_weights_matrix(matrix, outputs, Int(window.channels), area, target)
    }
    if let map = result.map {
      if !result.isAdded { map.clear(by: workers) }
      inputGradient(own, weights: weights(weight.value, in: arena), result: map)
    }
    return result.completed()
  }

  /// The gradient of the matrix of weights, `[depth, outputs]`.
  ///
  /// A fixed number of groups each add up their blocks, and the groups are added in order, so that
  /// the sum does not depend on the number of cores.
  private func weightGradient(
    _ gradient: FeatureMap, input: Activation, in arena: Arena
  ) -> UnsafePointer<Float> {
    let size = depth * outputs
    let groups = max(1, min(8, pixels / block))
    nonisolated(unsafe) let parts = arena.floats(groups * size)
    workers.run(over: groups, chunk: 1, scratch: block * depth) { group, _, columns in
      let range = pixels * group / groups..<pixels * (group + 1) / groups
      for start in stride(from: range.lowerBound, to: range.upperBound, by: block) {
        let part = start..<min(start + block, range.upperBound)
        gather(input, part, into: columns)
        reber_transposed_products(
          reber_float32, columns, 0, gradient.at(start), 0, 1, part.count, depth, outputs,
          start > range.lowerBound ? 1 : 0, parts + group * size)
      }
    }
    for group in 1..<max(1, groups) { reber_add(parts, parts + group * size, size) }
    return UnsafePointer(parts)
  }

  /// Adds the gradient of the input; images are worked on one by one, as windows overlap within them.
  private func inputGradient(
    _ gradient: FeatureMap, weights: UnsafePointer<Float>, result: FeatureMap
  ) {
    nonisolated(unsafe) let weights = weights
    workers.run(over: result.count, chunk: 1, scratch: min(block, map) * depth) {
      image, _, columns in
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
