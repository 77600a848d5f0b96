internal import CKernels
internal import Tensor

/// A 3×3 convolution of stride 2 in a transform domain.
///
/// Odd and even pixels of each axis are convolved apart, the odd ones by F(4, 2): 81 multiplications
/// for 4×4 outputs where direct convolution takes 144. The backward pass goes through the same
/// transforms the other way.
struct StridedWinograd: TiledWay {
  static let step = 2
  let tiling: Tiling

  func weights(_ weight: Tensor, in arena: Arena) -> UnsafePointer<Float> {
    tiling.weights(in: arena) { isTransposed, panel, result in
      reber_strided_weights(
        weight.values, outputs, inputs, isTransposed, panel, precision, result)
    }
  }

  func forward(
    _ input: Activation, weights: UnsafePointer<Float>, epilogue: reber_epilogue,
    output: FeatureMap
  ) -> ChannelSums? {
    epilogue.summing(blocks: tiling.batches * tiling.parts, channels: outputs) { epilogue in
      nonisolated(unsafe) let (source, weights, epilogue) = (input.source, weights, epilogue)
      tiling.batchWorkers.run(
        over: tiling.tiles, chunk: tiling.batch, scratch: StridedPlanes.size(tiling)
      ) { index, range, scratch in
        let planes = StridedPlanes(tiling, range, scratch)
        planes.batch.eachPart { _, tiles in planes.readInput(source, tiles) }
        planes.eachPoint { planes.multiply($0, weights) }
        planes.batch.eachPart { part, tiles in
          planes.write(
            tiles, epilogue.block(index * tiling.parts + part, channels: outputs), output)
        }
      }
    }
  }

  func backward(
    _ gradient: NormalisedGradient, input: Activation, weight: inout Parameter,
    result: InputGradient, in arena: Arena
  ) -> ChannelSums? {
    nonisolated(unsafe) let weights = result.map.map { _ in self.weights(weight.value, in: arena) }
    nonisolated(unsafe) let (source, behind) = (input.source, gradient.source)
    // Tiles of an image overlap in the input: the same core does them all, in order.
    tiling.addGradient(
      to: &weight.gradient, over: input.map.count, in: arena, scratch: StridedPlanes.size(tiling)
    ) { images, scratch, sums in
      nonisolated(unsafe) let sums = sums
      let first = images.lowerBound * tiling.tilesPerImage
      let last = images.upperBound * tiling.tilesPerImage
      for start in stride(from: first, to: last, by: tiling.batch) {
        let planes = StridedPlanes(tiling, start..<min(start + tiling.batch, last), scratch)
        planes.batch.eachPart { _, tiles in
          planes.readInput(source, tiles)
          planes.readGradient(behind, tiles)
        }
        planes.eachPoint { planes.addGradient($0, isFirst: start == first, to: sums) }
        guard let target = result.map else { continue }
        planes.eachPoint { point in
          if let weights { planes.multiplyBack(point, weights) }
        }
        planes.batch.eachImage { _, tiles in
          planes.writeBack(tiles, isAdded: result.isAdded, target)
        }
      }
    } finish: { sums, groups, rows, target in
      reber_strided_weight_gradient(
        sums, groups, outputs, inputs, rows.lowerBound, rows.upperBound, target)
    }
    return result.completed()
  }
}

/// The planes of a batch of tiles, of both ends of a convolution of stride 2.
///
/// Unchecked, because it is a view on memory: tasks that run at once write disjoint parts of it.
private struct StridedPlanes: @unchecked Sendable {
  let batch: TileBatch
  private let input: UnsafeMutablePointer<Float>
  private let output: UnsafeMutablePointer<Float>
  private var tiling: Tiling { batch.tiling }
  private var count: Int { batch.tiles.count }

  init(_ tiling: Tiling, _ tiles: Range<Int>, _ memory: UnsafeMutablePointer<Float>) {
    (batch, input) = (TileBatch(tiling: tiling, tiles: tiles), memory)
    output = memory + reber_strided_planes(tiles.count, tiling.inputs)
  }

  /// The numbers that the planes of a batch take.
  static func size(_ tiling: Tiling) -> Int {
    reber_strided_planes(tiling.batch, tiling.inputs)
      + reber_strided_planes(tiling.batch, tiling.outputs)
  }

  /// Does a step of each matrix of weights, that of the most points first.
  func eachPoint(_ body: @Sendable (Int) -> Void) {
    batch.eachPoint { points in
      for point in points { body(Tiling.points - 1 - point) }
    }
  }

  func readInput(_ source: reber_source, _ tiles: Range<Int>) {
    var (source, cut) = (source, tiling.read)
    reber_strided_input(
      &source, &cut, tiles.lowerBound, tiles.count, tiling.precision, input,
      batch.offset(tiles), count)
  }

  func readGradient(_ source: reber_source, _ tiles: Range<Int>) {
    var (source, cut) = (source, tiling.written)
    reber_strided_gradient(
      &source, &cut, tiles.lowerBound, tiles.count, tiling.precision, output,
      batch.offset(tiles), count)
  }

  func multiply(_ point: Int, _ weights: UnsafePointer<Float>) {
    reber_strided_products(
      tiling.precision, input, weights, point, count, tiling.inputs, tiling.outputs, output)
  }

  /// Products of the gradient, in place of the input's planes.
  func multiplyBack(_ point: Int, _ weights: UnsafePointer<Float>) {
    reber_strided_products(
      tiling.precision, output, weights, point, count, tiling.outputs, tiling.inputs, input)
  }

  func addGradient(_ point: Int, isFirst: Bool, to sums: UnsafeMutablePointer<Float>) {
    reber_strided_transposed_products(
      tiling.precision, input, output, point, count, tiling.inputs, tiling.outputs,
      isFirst ? 0 : 1, sums)
  }

  func write(_ tiles: Range<Int>, _ epilogue: reber_epilogue, _ map: FeatureMap) {
    var (epilogue, cut) = (epilogue, tiling.written)
    reber_strided_output(
      output, batch.offset(tiles), count, &cut, tiles.lowerBound, tiles.count, &epilogue, map.base)
  }

  func writeBack(_ tiles: Range<Int>, isAdded: Bool, _ map: FeatureMap) {
    var cut = tiling.read
    reber_strided_input_gradient(
      input, batch.offset(tiles), count, &cut, tiles.lowerBound, tiles.count, isAdded ? 1 : 0,
      map.base)
  }
}
