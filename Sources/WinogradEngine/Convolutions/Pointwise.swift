internal import CKernels
internal import Tensor

/// A convolution by windows of one pixel: a matrix product over the pixels that its stride leaves.
///
/// A block of pixels at a time is picked, multiplied and finished while it is in the cache. Always in
/// float32.
struct Pointwise: ConvolutionWay {
  private let window: reber_window
  private let outputs: Int
  private let pass: ConvolutionPass
  private let workers: Workers

  init?(
    _ convolution: Convolution, _ pass: ConvolutionPass, over shape: MapShape, by workers: Workers
  ) {
    guard convolution.kernel == 1 else { return nil }
    (window, outputs) = (convolution.window(over: shape), convolution.outputs)
    (self.pass, self.workers) = (pass, workers)
  }

  private var inputs: Int { Int(window.channels) }

  private var pixels: Int { Int(window.count * window.rows * window.columns) }

  /// Pixels in a block: both ends of it are to stay in the second-level cache.
  private var block: Int { max(56, (1 << 16) / (inputs + outputs) / 14 * 14) }

  private var blocks: Int { (pixels + block - 1) / block }

  /// The weights as a matrix `[inputs, outputs]` in panels, or its transpose for the backward pass.
  func weights(_ weight: Tensor, in arena: Arena) -> UnsafePointer<Float> {
    let result = arena.floats(inputs * outputs)
    let isBackward = pass == .backward
    for panel in 0..<((isBackward ? inputs : outputs) + 31) / 32 {
      reber_weights_panel(weight.values, outputs, inputs, 1, isBackward ? 1 : 0, panel, result)
    }
    return UnsafePointer(result)
  }

  func forward(
    _ input: Activation, weights: UnsafePointer<Float>, epilogue: reber_epilogue,
    output: FeatureMap
  ) -> ChannelSums? {
    epilogue.summing(blocks: blocks, channels: outputs) { epilogue in
      nonisolated(unsafe) let (weights, epilogue) = (weights, epilogue)
      workers.run(over: pixels, chunk: block, scratch: block * (inputs + outputs)) {
        index, range, rows in
        pick(input, range, into: rows)
        let own = epilogue.block(index, channels: outputs)
        // Past the cache with what will not be read soon, if it is of whole lines.
        let isMoved = own.streamed != 0 && outputs.isMultiple(of: 16)
        let target = isMoved ? rows + block * inputs : output.at(range.lowerBound)
        reber_products(
          reber_float32, rows, 0, weights, 1, range.count, inputs, outputs, target, 0)
        if isMoved, let pivot = own.pivot, let sums = own.sums {
          reber_move(target, pivot, range.count, outputs, output.at(range.lowerBound), sums)
        } else {
          own.finish(output, range)
        }
      }
    }
  }

  private func pick(
    _ input: Activation, _ range: Range<Int>, into rows: UnsafeMutablePointer<Float>
  ) {
    withUnsafePointer(to: window) { window in
      reber_pick(
        input.map.base, input.affine?.scale, input.affine?.shift, window, range.lowerBound,
        range.count, rows)
    }
  }

  /// The gradients of weights and input share the reading of `gradient`.
  ///
  /// A fixed number of groups each add up their blocks, so that the sum does not depend on the number
  /// of cores.
  func backward(
    _ gradient: NormalisedGradient, input: Activation, weight: inout Parameter,
    result: InputGradient, in arena: Arena
  ) -> ChannelSums? {
    let size = inputs * outputs
    let groups = max(1, min(8, blocks))
    nonisolated(unsafe) let parts = arena.floats(groups * size)
    nonisolated(unsafe) let weights = result.map.map { _ in self.weights(weight.value, in: arena) }
    if !result.isAdded { result.map?.clear(by: workers) }
    let target = result.map
    workers.run(over: groups, chunk: 1, scratch: block * (inputs + outputs)) {
      group, _, scratch in
      let range = blocks * group / groups..<blocks * (group + 1) / groups
      for index in range {
        add(
          gradient, input, index * block..<min(pixels, (index + 1) * block), scratch,
          isFirst: index == range.lowerBound, to: parts + group * size, weights: weights,
          target: target)
      }
    }
    for group in 1..<max(1, groups) { reber_add(parts, parts + group * size, size) }
    weight.gradient.values.withUnsafeMutableBufferPointer { target in
      guard let target = target.baseAddress else { return }
      reber_add_weights_matrix(parts, outputs, inputs, 1, target)
    }
    return result.completed()
  }

  /// One block of pixels.
  private func add(
    _ gradient: NormalisedGradient, _ input: Activation, _ range: Range<Int>,
    _ scratch: UnsafeMutablePointer<Float>, isFirst: Bool, to sums: UnsafeMutablePointer<Float>,
    weights: UnsafePointer<Float>?, target: FeatureMap?
  ) {
    let (rows, own) = (scratch, scratch + block * inputs)
    gradient.resolve(range, into: own)
    pick(input, range, into: rows)
    reber_transposed_products(
      reber_float32, rows, 0, own, 0, 1, range.count, inputs, outputs, isFirst ? 0 : 1, sums)
    guard let target, let weights else { return }
    reber_products(reber_float32, own, 0, weights, 1, range.count, outputs, inputs, rows, 0)
    withUnsafePointer(to: window) { window in
      reber_spread(rows, window, range.lowerBound, range.count, target.base)
    }
  }
}
