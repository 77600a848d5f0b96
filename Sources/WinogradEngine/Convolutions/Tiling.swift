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

  let tiles: Int

  /// Whether cores share the steps of a batch, rather than take batches of their own.
  let isShared: Bool

  /// The most tiles in a batch.
  ///
  /// Of one core's it is a multiple of the 14 rows that the product's registers hold; a shared one is of
  /// whole images.
  let batch: Int

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
    isShared = !workers.isAlone && inputs * outputs >= (pass == .forward ? 1 << 16 : 1 << 13)
    let perImage = Int(rows * columns)
    // At least four batches where there are cores to spread them over.
    let part = workers.isAlone ? 14 : 56
    batch =
      isShared
      ? max(1, 64 / perImage) * perImage : min(most, max(1, (tiles + part - 1) / part) * 14)
  }

  /// Matrices of weights: points of the transform domain.
  static let points = 36

  var batches: Int { (tiles + batch - 1) / batch }

  /// Parts of a batch that have sums of their own.
  var parts: Int { isShared ? (batch + TileBatch.part - 1) / TileBatch.part : 1 }

  var tilesPerImage: Int { Int(read.tileRows * read.tileColumns) }

  /// Who takes batches: all cores, or one after the other.
  var batchWorkers: Workers { isShared ? alone : workers }

  /// Who does a step of a batch.
  fileprivate var stepWorkers: Workers { isShared ? workers : alone }

  private var alone: Workers { Workers(memory: workers.memory, isAlone: true) }

  /// Where the matrix of weights of a point begins.
  func matrix(_ weights: UnsafePointer<Float>, _ point: Int) -> UnsafeRawPointer {
    let size = precision == reber_float32 ? 4 : 2
    return UnsafeRawPointer(weights) + point * inputs * outputs * size
  }

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
  /// does not depend on the number of cores; few groups where the sums are large, and one where its
  /// items are shared among cores.
  ///
  /// - Parameters:
  ///   - gradient: What grows.
  ///   - items: What is divided among groups: batches, or images.
  ///   - arena: Memory for the sums.
  ///   - scratch: How many numbers `add` has memory for.
  ///   - add: Adds up a group's items in sums of its own, the first one setting them.
  ///   - finish: Brings sums of so many groups back from the transform domain, for some inputs.
  func addGradient(
    to gradient: inout Tensor, over items: Int, in arena: Arena, scratch: Int,
    _ add:
      @Sendable (
        _ items: Range<Int>, _ scratch: UnsafeMutablePointer<Float>,
        _ sums: UnsafeMutablePointer<Float>
      ) -> Void,
    finish:
      @Sendable (
        _ sums: UnsafePointer<Float>, _ groups: Int, _ inputs: Range<Int>,
        _ gradient: UnsafeMutablePointer<Float>
      ) -> Void
  ) {
    let size = Self.points * inputs * outputs
    let groups = isShared ? 1 : min(items, max(4, min(16, (8 << 20) / size)))
    nonisolated(unsafe) let sums = arena.floats(groups * size)
    batchWorkers.run(over: groups, chunk: 1, scratch: scratch) { group, _, scratch in
      add(items * group / groups..<items * (group + 1) / groups, scratch, sums + group * size)
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

/// Some tiles that go through the steps of a convolution together.
///
/// Where there are few weights a core takes a batch through all steps, small enough for the second-level
/// cache. Where there are many all cores do each step of a larger batch: each matrix of weights, and of
/// the sums for its gradient, is then read or written by one core, and once a batch.
struct TileBatch: Sendable {
  let tiling: Tiling
  let tiles: Range<Int>

  /// Tiles that one of several cores transforms at a time.
  static let part = 16

  /// How many tiles of the batch are before some of it.
  func offset(_ some: Range<Int>) -> Int { some.lowerBound - tiles.lowerBound }

  /// Does a step of the tiles, in parts with a number.
  func eachPart(_ body: @Sendable (Int, Range<Int>) -> Void) {
    each(tiling.isShared ? Self.part : tiles.count, body)
  }

  /// Does a step of the tiles, those of an image by one core.
  func eachImage(_ body: @Sendable (Int, Range<Int>) -> Void) {
    each(tiling.isShared ? tiling.tilesPerImage : tiles.count, body)
  }

  private func each(_ chunk: Int, _ body: @Sendable (Int, Range<Int>) -> Void) {
    let first = tiles.lowerBound
    tiling.stepWorkers.run(over: tiles.count, chunk: chunk) {
      body($0, first + $1.lowerBound..<first + $1.upperBound)
    }
  }

  /// Does a step of the points that have weights of their own.
  func eachPoint(_ body: @Sendable (Range<Int>) -> Void) {
    let points = Tiling.points
    tiling.stepWorkers.run(over: points, chunk: tiling.isShared ? 1 : points) { body($1) }
  }
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
