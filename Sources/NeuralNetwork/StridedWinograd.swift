internal import CKernels
internal import Tensor

/// A 3×3 convolution of stride 2 in a transform domain.
///
/// Odd and even pixels of each axis are convolved apart, the odd ones by F(4, 2): 81 multiplications
/// for 4×4 outputs where direct convolution takes 144. The backward pass goes through the same
/// transforms the other way.
struct StridedWinograd: @unchecked Sendable {
  let inputs: Int
  let outputs: Int

  private let input: FeatureMap
  private let rows: Int
  private let columns: Int
  private let workers: ArenaPool
  private let isAlone: Bool
  private let precision: reber_precision

  /// Tiles in a block.
  private let block: Int

  /// Fits a convolution over maps of a size, in blocks of at most so many tiles; `nil` where another
  /// way must serve.
  init?(
    _ convolution: Convolution, over map: FeatureMap, tiles most: Int, workers: ArenaPool,
    isAlone: Bool = false
  ) {
    (rows, columns) = ((map.height + 1) / 2, (map.width + 1) / 2)
    guard convolution.kernel == 3, convolution.stride == 2, min(rows, columns) > 2, most > 0,
      convolution.inputs.isMultiple(of: 16), convolution.outputs.isMultiple(of: 16)
    else { return nil }
    (inputs, outputs) = (convolution.inputs, convolution.outputs)
    (input, self.workers, self.isAlone) = (map, workers, isAlone)
    precision = convolution.precision.kernel
    let tiles = map.count * ((rows + 3) / 4) * ((columns + 3) / 4)
    block = min(most, max(1, (tiles + 55) / 56) * 14)
  }

  private var tileRows: Int { (rows + 3) / 4 }
  private var tileColumns: Int { (columns + 3) / 4 }
  private var tilesPerImage: Int { tileRows * tileColumns }
  private var tiles: Int { input.count * tilesPerImage }

  private func layout(_ height: Int, _ width: Int, _ channels: Int) -> reber_tiles {
    reber_tiles(
      height: Int32(height), width: Int32(width), channels: Int32(channels),
      tileRows: Int32(tileRows), tileColumns: Int32(tileColumns))
  }

  private var read: reber_tiles { layout(input.height, input.width, inputs) }
  private var written: reber_tiles { layout(rows, columns, outputs) }

  /// The transformed weights, of the forward or the backward pass.
  func weights(_ weight: Tensor, transposed: Bool, in arena: Arena) -> UnsafePointer<Float> {
    nonisolated(unsafe) let result = arena.floats(36 * inputs * outputs)
    let panels = ((transposed ? inputs : outputs) + 31) / 32
    spread(over: panels, chunk: 1, isAlone: isAlone) { panel, _ in
      reber_strided_weights(
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
      var (source, own) = (source, epilogue)
      if let sums = epilogue.sums { own.sums = sums + index * 2 * outputs }
      var (read, written) = (read, written)
      let size = reber_strided_planes(range.count, inputs)
      workers.scratch(size + reber_strided_planes(range.count, outputs)) { planes in
        let products = planes + size
        reber_strided_input(
          &source, &read, range.lowerBound, range.count, precision, planes)
        reber_strided_products(
          precision, planes, weights, range.count, inputs, outputs, products)
        reber_strided_output(
          products, &written, range.lowerBound, range.count, &own, output.base)
      }
    }
  }

  /// Sums of all blocks that an epilogue leaves.
  func sums(_ body: (UnsafeMutablePointer<Double>) -> Void) -> ChannelSums {
    ChannelSums(blocks: (tiles + block - 1) / block, channels: outputs, body)
  }

  /// Groups of images that add up weight gradients of their own, so that the sum does not depend on
  /// the number of cores; few where the sums are large.
  private var groups: Int {
    min(input.count, max(4, min(16, (8 << 20) / (36 * inputs * outputs))))
  }

  /// Adds to the gradient of the weights, and finds the input's gradient while at it, in `target`
  /// unless nothing needs it.
  func backward(
    _ gradient: reber_source, input source: reber_source, weights: UnsafePointer<Float>,
    target: FeatureMap?, into sum: inout Tensor, in arena: Arena
  ) {
    nonisolated(unsafe) let (gradient, source, weights) = (gradient, source, weights)
    let size = 36 * inputs * outputs
    nonisolated(unsafe) let sums = arena.floats(groups * size)
    let (groups, count) = (groups, input.count)
    spread(over: groups, chunk: 1, isAlone: isAlone) { group, _ in
      let images = count * group / groups..<count * (group + 1) / groups
      if let target { target.clear(images) }
      let own = images.lowerBound * tilesPerImage..<images.upperBound * tilesPerImage
      for start in stride(from: own.lowerBound, to: own.upperBound, by: block) {
        backward(
          gradient, source, weights, start..<min(start + block, own.upperBound),
          isFirst: start == own.lowerBound, sums: sums + group * size, target: target)
      }
    }
    finish(sums, groups, into: &sum)
  }

  /// One block of tiles.
  ///
  /// Tiles of an image overlap in the input: the same thread does them all.
  private func backward(
    _ gradient: reber_source, _ source: reber_source, _ weights: UnsafePointer<Float>,
    _ range: Range<Int>, isFirst: Bool, sums: UnsafeMutablePointer<Float>, target: FeatureMap?
  ) {
    var (gradient, source, read, written) = (gradient, source, read, written)
    let (first, count) = (range.lowerBound, range.count)
    let size = reber_strided_planes(count, inputs)
    workers.scratch(size + reber_strided_planes(count, outputs)) { planes in
      let gradients = planes + size
      reber_strided_input(&source, &read, first, count, precision, planes)
      reber_strided_gradient(&gradient, &written, first, count, precision, gradients)
      reber_strided_transposed_products(
        precision, planes, gradients, count, inputs, outputs, isFirst ? 0 : 1, sums)
      guard let target else { return }
      reber_strided_products(precision, gradients, weights, count, outputs, inputs, planes)
      reber_strided_input_gradient(planes, &read, first, count, target.base)
    }
  }

  private func finish(_ sums: UnsafeMutablePointer<Float>, _ groups: Int, into sum: inout Tensor) {
    nonisolated(unsafe) let sums = sums
    sum.values.withUnsafeMutableBufferPointer { values in
      guard let base = values.baseAddress else { return }
      nonisolated(unsafe) let target = base
      spread(over: inputs, chunk: 8, isAlone: isAlone) { _, rows in
        reber_strided_weight_gradient(
          sums, groups, outputs, inputs, rows.lowerBound, rows.upperBound, target)
      }
    }
  }
}

extension FeatureMap {
  /// Sets some images to 0.
  fileprivate func clear(_ images: Range<Int>) {
    let size = elements / max(1, count)
    (base + images.lowerBound * size).update(repeating: 0, count: images.count * size)
  }
}
