internal import CKernels
internal import Tensor

/// The forward pass of a 3×3 convolution of stride 2 in a transform domain.
///
/// Odd and even pixels of each axis are convolved apart, the odd ones by F(4, 2): 81 multiplications
/// for 4×4 outputs where direct convolution takes 144. The backward pass gathers windows.
struct StridedWinograd: @unchecked Sendable {
  let inputs: Int
  let outputs: Int

  private let input: FeatureMap
  private let rows: Int
  private let columns: Int
  private let workers: ArenaPool
  private let isAlone: Bool

  /// Fits a convolution over maps of a size; `nil` where another way must serve.
  init?(
    _ convolution: Convolution, over map: FeatureMap, workers: ArenaPool, isAlone: Bool = false
  ) {
    (rows, columns) = ((map.height + 1) / 2, (map.width + 1) / 2)
    guard convolution.kernel == 3, convolution.stride == 2, min(rows, columns) > 2,
      convolution.inputs.isMultiple(of: 16), convolution.outputs.isMultiple(of: 16)
    else { return nil }
    (inputs, outputs) = (convolution.inputs, convolution.outputs)
    (input, self.workers, self.isAlone) = (map, workers, isAlone)
  }

  private var tileRows: Int { (rows + 3) / 4 }
  private var tileColumns: Int { (columns + 3) / 4 }
  private var tiles: Int { input.count * tileRows * tileColumns }

  /// Tiles in a block.
  private var block: Int { min(28, max(1, (tiles + 55) / 56) * 14) }

  private func layout(_ height: Int, _ width: Int, _ channels: Int) -> reber_tiles {
    reber_tiles(
      height: Int32(height), width: Int32(width), channels: Int32(channels),
      tileRows: Int32(tileRows), tileColumns: Int32(tileColumns))
  }

  /// The transformed weights.
  func weights(_ weight: Tensor, in arena: Arena) -> UnsafePointer<Float> {
    nonisolated(unsafe) let result = arena.floats(36 * inputs * outputs)
    spread(over: (outputs + 31) / 32, chunk: 1, isAlone: isAlone) { panel, _ in
      reber_strided_weights(weight.values, outputs, inputs, panel, result)
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
      var read = layout(input.height, input.width, inputs)
      var written = layout(rows, columns, outputs)
      let size = reber_strided_planes(range.count, inputs)
      workers.scratch(size + reber_strided_planes(range.count, outputs)) { planes in
        let products = planes + size
        reber_strided_input(&source, &read, range.lowerBound, range.count, planes)
        reber_strided_products(planes, weights, range.count, inputs, outputs, products)
        reber_strided_output(
          products, &written, range.lowerBound, range.count, &own, output.base)
      }
    }
  }

  /// Sums of all blocks that an epilogue leaves.
  func sums(_ body: (UnsafeMutablePointer<Double>) -> Void) -> ChannelSums {
    ChannelSums(blocks: (tiles + block - 1) / block, channels: outputs, body)
  }
}
