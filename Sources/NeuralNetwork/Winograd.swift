internal import CKernels
internal import Tensor

/// A 3×3 convolution of stride 1 in the transform domain of F(4×4, 3×3), which takes a quarter of
/// the multiplications (Lavin & Gray 2016, arXiv:1509.09308).
///
/// A block of tiles at a time is transformed, multiplied with the transformed weights at each of 36
/// points, and transformed back, all of it small enough for the second-level cache.
struct Winograd: @unchecked Sendable {
  let inputs: Int
  let outputs: Int
  let count: Int
  let height: Int
  let width: Int

  /// Tiles in a block.
  private let block: Int

  /// Whether the calling thread does everything itself, being one of many.
  let isAlone: Bool

  private let precision: reber_precision

  private let workers: ArenaPool

  /// Fits a convolution over maps of a size, in blocks of at most so many tiles (a multiple of the 14
  /// rows that the product's registers hold); `nil` where another way must serve.
  init?(
    _ convolution: Convolution, over map: FeatureMap, tiles most: Int, workers: ArenaPool,
    isAlone: Bool = false
  ) {
    guard convolution.kernel == 3, convolution.stride == 1, min(map.height, map.width) > 2,
      most > 0, convolution.inputs.isMultiple(of: 16), convolution.outputs.isMultiple(of: 16)
    else { return nil }
    (inputs, outputs) = (convolution.inputs, convolution.outputs)
    (count, height, width) = (map.count, map.height, map.width)
    (self.workers, self.isAlone) = (workers, isAlone)
    precision = convolution.precision.kernel
    let tiles = count * ((height + 3) / 4) * ((width + 3) / 4)
    // At least four blocks where there are cores to spread them over.
    let part = isAlone ? 14 : 56
    block = min(most, (tiles + part - 1) / part * 14)
  }

  /// Points of the transform domain.
  static let points = 36

  private var tileRows: Int { (height + 3) / 4 }
  private var tileColumns: Int { (width + 3) / 4 }
  private var tiles: Int { count * tileRows * tileColumns }

  private var blocks: Int { (tiles + block - 1) / block }

  private func layout(_ channels: Int) -> reber_tiles {
    reber_tiles(
      height: Int32(height), width: Int32(width), channels: Int32(channels),
      tileRows: Int32(tileRows), tileColumns: Int32(tileColumns))
  }

  /// Numbers from one plane of a block to the next; the odd line keeps planes out of each other's
  /// places in the cache.
  private func plane(_ channels: Int) -> Int {
    block * channels + (precision == reber_float32 ? 16 : 32)
  }

  /// The transformed weights, of the forward or the backward pass.
  func weights(_ weight: Tensor, transposed: Bool, in arena: Arena) -> UnsafePointer<Float> {
    let panels = ((transposed ? inputs : outputs) + 31) / 32
    nonisolated(unsafe) let result = arena.floats(Self.points * inputs * outputs)
    spread(over: panels, chunk: 1, isAlone: isAlone) { panel, _ in
      reber_winograd_weights(
        weight.values, outputs, inputs, transposed ? 1 : 0, panel, precision, result)
    }
    return UnsafePointer(result)
  }

  /// Convolves; the epilogue's sums, if asked for, are given a block each.
  func forward(
    _ source: reber_source, weights: UnsafePointer<Float>, epilogue: reber_epilogue,
    output: FeatureMap
  ) {
    nonisolated(unsafe) let (source, weights, epilogue) = (source, weights, epilogue)
    spread(over: tiles, chunk: block, isAlone: isAlone) { index, range in
      workers.scratch(Self.points * (plane(inputs) + plane(outputs))) { scratch in
        convolve(
          source, (inputs, outputs), weights, epilogue, index, range, scratch, into: output.base)
      }
    }
  }

  /// One block of tiles, forwards or backwards.
  private func convolve(
    _ source: reber_source, _ channels: (from: Int, to: Int), _ weights: UnsafePointer<Float>,
    _ epilogue: reber_epilogue, _ index: Int, _ range: Range<Int>,
    _ scratch: UnsafeMutablePointer<Float>, into target: UnsafeMutablePointer<Float>
  ) {
    let (from, to) = (plane(channels.from), plane(channels.to))
    let product = scratch + Self.points * from
    var source = source
    var own = epilogue
    if let sums = epilogue.sums { own.sums = sums + index * 2 * channels.to }
    var (read, written) = (layout(channels.from), layout(channels.to))
    reber_winograd_input(
      &source, &read, range.lowerBound, range.count, precision, scratch, from)
    reber_products(
      precision, scratch, from, weights, Self.points, range.count, channels.from, channels.to,
      product, to)
    reber_winograd_output(
      precision, product, to, &written, range.lowerBound, range.count, &own, target)
  }

  /// Groups of blocks that add up weight gradients of their own, so that the sum does not depend
  /// on the number of cores; few where the sums are large.
  private var groups: Int {
    min(blocks, max(4, min(16, (8 << 20) / (Self.points * inputs * outputs))))
  }

  /// Adds to the gradient of the weights, and finds the input's gradient while at it.
  ///
  /// The two share the reading of `gradient`; `target` is where the input's goes, unless nothing
  /// needs it.
  func backward(
    _ gradient: reber_source, input: reber_source, weights: UnsafePointer<Float>?,
    epilogue: reber_epilogue, target: FeatureMap?, into sum: inout Tensor, in arena: Arena
  ) {
    nonisolated(unsafe) let (gradient, input, weights) = (gradient, input, weights)
    nonisolated(unsafe) let epilogue = epilogue
    let size = Self.points * inputs * outputs
    nonisolated(unsafe) let sums = arena.floats(groups * size)
    let (groups, blocks) = (groups, blocks)
    spread(over: groups, chunk: 1, isAlone: isAlone) { group, _ in
      workers.scratch(Self.points * (plane(inputs) + plane(outputs))) { scratch in
        let own = blocks * group / groups..<blocks * (group + 1) / groups
        for index in own {
          let range = index * block..<min(tiles, (index + 1) * block)
          if let target, let weights {
            convolve(
              gradient, (outputs, inputs), weights, epilogue, index, range, scratch,
              into: target.base)
          }
          add(
            gradient, input, range, scratch, isFirst: index == own.lowerBound,
            to: sums + group * size)
        }
      }
    }
    finish(sums, groups, into: &sum)
  }

  private func add(
    _ gradient: reber_source, _ input: reber_source, _ range: Range<Int>,
    _ scratch: UnsafeMutablePointer<Float>, isFirst: Bool, to sums: UnsafeMutablePointer<Float>
  ) {
    var (gradient, input) = (gradient, input)
    var (read, written) = (layout(inputs), layout(outputs))
    let other = scratch + Self.points * plane(inputs)
    reber_winograd_input(
      &input, &read, range.lowerBound, range.count, precision, scratch, plane(inputs))
    reber_winograd_gradient(
      &gradient, &written, range.lowerBound, range.count, precision, other, plane(outputs))
    reber_transposed_products(
      precision, scratch, plane(inputs), other, plane(outputs), Self.points, range.count, inputs,
      outputs, isFirst ? 0 : 1, sums)
  }

  private func finish(_ sums: UnsafeMutablePointer<Float>, _ groups: Int, into sum: inout Tensor) {
    nonisolated(unsafe) let sums = sums
    sum.values.withUnsafeMutableBufferPointer { values in
      guard let base = values.baseAddress else { return }
      nonisolated(unsafe) let target = base
      spread(over: inputs, chunk: 8, isAlone: isAlone) { _, rows in
        reber_winograd_weight_gradient(
          precision, sums, groups, outputs, inputs, rows.lowerBound, rows.upperBound, target)
      }
    }
  }

  /// Sums of all blocks that an epilogue leaves, two times `channels` each.
  func sums(_ channels: Int, _ body: (UnsafeMutablePointer<Double>) -> Void) -> ChannelSums {
    ChannelSums(blocks: blocks, channels: channels, body)
  }
}
