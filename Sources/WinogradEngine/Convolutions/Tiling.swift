internal import CKernels
internal import NeuralNetwork
internal import Tensor

/// How a 3×3 convolution is cut into tiles of 4×4 outputs, for both transforms of Winograd's.
struct Tiling: Sendable {
  let inputs: Int
  let outputs: Int
  let pass: ConvolutionPass
  let precision: reber_precision
  let workers: Workers

  /// Tiles, and the most in a block: a multiple of the 14 rows that the product's registers hold.
  let tiles: Int
  let block: Int

  /// What maps are cut into: the input, and the output.
  let read: reber_tiles
  let written: reber_tiles

  /// Fits a convolution of a stride; `nil` where the transform cannot be or gathering is faster.
  init?(
    _ convolution: Convolution, stride: Int, _ pass: ConvolutionPass, over shape: MapShape,
    by workers: Workers
  ) {
    let output = convolution.output(of: shape)
    let most = convolution.kernels.tiles(pass, convolution)
    guard convolution.kernel == 3, convolution.stride == stride, most > 0,
      min(output.height, output.width) > 2, convolution.inputs.isMultiple(of: 16),
      convolution.outputs.isMultiple(of: 16)
    else { return nil }
    (inputs, outputs) = (convolution.inputs, convolution.outputs)
    (self.pass, self.workers) = (pass, workers)
    precision = convolution.precision.kernel
    let (rows, columns) = (Int32((output.height + 3) / 4), Int32((output.width + 3) / 4))
    func cut(_ shape: MapShape) -> reber_tiles {
      reber_tiles(
        height: Int32(shape.height), width: Int32(shape.width), channels: Int32(shape.channels),
        tileRows: rows, tileColumns: columns)
    }
    (read, written) = (cut(shape), cut(output))
    tiles = shape.count * Int(rows * columns)
    // At least four blocks where there are cores to spread them over.
    let part = workers.isAlone ? 14 : 56
    block = min(most, max(1, (tiles + part - 1) / part) * 14)
  }

  /// Matrices of weights: points of the transform domain.
  static let points = 36

  var blocks: Int { (tiles + block - 1) / block }

  var tilesPerImage: Int { Int(read.tileRows * read.tileColumns) }

  /// The tiles of a block.
  func tiles(of index: Int) -> Range<Int> { index * block..<min(tiles, (index + 1) * block) }

  /// Weights in the transform domain, of the pass, whose panels `transform` makes one by one.
  func weights(
    in arena: Arena,
    _ transform:
      @Sendable (
        _ isTransposed: Int32, _ panel: Int, _ result: UnsafeMutablePointer<Float>
      ) -> Void
  ) -> UnsafePointer<Float> {
    nonisolated(unsafe) let result = arena.floats(Self.points * inputs * outputs)
    let isBackward = pass == .backward
    workers.run(over: ((isBackward ? inputs : outputs) + 31) / 32, chunk: 1) { panel, _ in
      transform(isBackward ? 1 : 0, panel, result)
    }
    return UnsafePointer(result)
  }

  /// Adds to the gradient of weights what a fixed number of groups add up apart, so that the sum
  /// does not depend on the number of cores; few groups where the sums are large.
  ///
  /// - Parameters:
  ///   - gradient: What grows.
  ///   - items: What is divided among groups: blocks, or images.
  ///   - arena: Memory for the sums.
  ///   - add: Adds up a group's items in sums of its own, the first one setting them.
  ///   - finish: Brings sums of so many groups back from the transform domain, for some inputs.
  func addGradient(
    to gradient: inout Tensor, over items: Int, in arena: Arena,
    _ add: @Sendable (_ items: Range<Int>, _ sums: UnsafeMutablePointer<Float>) -> Void,
    finish:
      @Sendable (
        _ sums: UnsafePointer<Float>, _ groups: Int, _ inputs: Range<Int>,
        _ gradient: UnsafeMutablePointer<Float>
      ) -> Void
  ) {
    let size = Self.points * inputs * outputs
    let groups = min(items, max(4, min(16, (8 << 20) / size)))
    nonisolated(unsafe) let sums = arena.floats(groups * size)
    workers.run(over: groups, chunk: 1) { group, _ in
      add(items * group / groups..<items * (group + 1) / groups, sums + group * size)
    }
    gradient.values.withUnsafeMutableBufferPointer { values in
      guard let base = values.baseAddress else { return }
      nonisolated(unsafe) let target = base
      workers.run(over: inputs, chunk: 8) { _, rows in
        finish(UnsafePointer(sums), groups, rows, target)
      }
    }
  }
}

extension Precision {
  /// As the kernels know it.
  var kernel: reber_precision { self == .float32 ? reber_float32 : reber_bfloat16 }
}

/// A way to convolve in a transform domain, tile by tile.
protocol TiledWay: ConvolutionWay {
  /// The stride of the convolutions that it serves.
  static var step: Int { get }

  var tiling: Tiling { get }

  init(tiling: Tiling)
}

extension TiledWay {
  init?(
    _ convolution: Convolution, _ pass: ConvolutionPass, over shape: MapShape, by workers: Workers
  ) {
    let tiling = Tiling(convolution, stride: Self.step, pass, over: shape, by: workers)
    guard let tiling else { return nil }
    self.init(tiling: tiling)
  }

  var precision: reber_precision { tiling.precision }

  var inputs: Int { tiling.inputs }

  var outputs: Int { tiling.outputs }
}
