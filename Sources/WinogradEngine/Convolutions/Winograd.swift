internal import CKernels
internal import Tensor

/// A 3×3 convolution of stride 1 in the transform domain of F(4×4, 3×3), which takes a quarter of
/// the multiplications (Lavin & Gray 2016, arXiv:1509.09308).
///
/// A batch of tiles at a time is transformed, multiplied with the transformed weights at each of 36
/// points, and transformed back; see `TileBatch` for who does it.
struct Winograd: TiledWay {
  static let step = 1
  let tiling: Tiling

  func weights(_ weight: Tensor, in arena: Arena) -> UnsafePointer<Float> {
    tiling.weights(in: arena) { isTransposed, panel, result in
      reber_winograd_weights(
        weight.values, outputs, inputs, isTransposed, panel, precision, result)
    }
  }

  /// Tiles of the batch of a number.
  private func tiles(of index: Int) -> Range<Int> {
    index * tiling.batch..<min(tiling.tiles, (index + 1) * tiling.batch)
  }

  func forward(
    _ input: Activation, weights: UnsafePointer<Float>, epilogue: reber_epilogue,
    output: FeatureMap
  ) -> ChannelSums? {
    epilogue.summing(blocks: tiling.batches * tiling.parts, channels: outputs) { epilogue in
      nonisolated(unsafe) let (source, weights, epilogue) = (input.source, weights, epilogue)
      tiling.batchWorkers.run(
        over: tiling.tiles, chunk: tiling.batch, scratch: WinogradPlanes.size(tiling)
      ) { index, range, scratch in
        let planes = WinogradPlanes(tiling, range, scratch)
        planes.batch.eachPart { _, tiles in planes.readInput(source, tiles) }
        planes.batch.eachPoint { planes.multiply($0, weights) }
        planes.batch.eachPart { part, tiles in
          planes.write(
            tiles, epilogue.block(index * tiling.parts + part, channels: outputs), output)
        }
      }
    }
  }

  /// The gradients of weights and input share the reading of `gradient`.
  func backward(
    _ gradient: NormalisedGradient, input: Activation, weight: inout Parameter,
    result: InputGradient, in arena: Arena
  ) -> ChannelSums? {
    nonisolated(unsafe) let weights = result.map.map { _ in self.weights(weight.value, in: arena) }
    nonisolated(unsafe) let (source, behind) = (input.source, gradient.source)
    return result.epilogue.summing(blocks: tiling.batches * tiling.parts, channels: inputs) {
      epilogue in
      nonisolated(unsafe) let epilogue = epilogue
      tiling.addGradient(
        to: &weight.gradient, over: tiling.batches, in: arena,
        scratch: WinogradPlanes.size(tiling)
      ) { own, scratch, sums in
        nonisolated(unsafe) let sums = sums
        for index in own {
          let planes = WinogradPlanes(tiling, tiles(of: index), scratch)
          if let target = result.map {
            planes.batch.eachPart { _, tiles in planes.readBehind(behind, tiles) }
            planes.batch.eachPoint { points in
              if let weights { planes.multiplyBack(points, weights) }
            }
            planes.batch.eachPart { part, tiles in
              let own = epilogue.block(index * tiling.parts + part, channels: inputs)
              planes.writeBack(tiles, own, target)
            }
          }
          planes.batch.eachPart { _, tiles in
            planes.readInput(source, tiles)
            planes.readGradient(behind, tiles)
          }
          planes.batch.eachPoint {
            planes.addGradient($0, isFirst: index == own.lowerBound, to: sums)
          }
        }
      } finish: { sums, groups, rows, target in
        reber_winograd_weight_gradient(
          precision, sums, groups, outputs, inputs, rows.lowerBound, rows.upperBound, target)
      }
    }
  }
}

/// The planes of a batch of tiles, of both ends of a convolution.
///
/// Unchecked, because it is a view on memory: tasks that run at once write disjoint parts of it.
private struct WinogradPlanes: @unchecked Sendable {
  let batch: TileBatch
  private let input: UnsafeMutablePointer<Float>
  private let output: UnsafeMutablePointer<Float>
  private var tiling: Tiling { batch.tiling }

  init(_ tiling: Tiling, _ tiles: Range<Int>, _ memory: UnsafeMutablePointer<Float>) {
    (batch, input) = (TileBatch(tiling: tiling, tiles: tiles), memory)
    output = memory + Tiling.points * Self.plane(tiling, tiling.inputs)
  }

  /// The numbers that the planes of a batch take.
  static func size(_ tiling: Tiling) -> Int {
    Tiling.points * (plane(tiling, tiling.inputs) + plane(tiling, tiling.outputs))
  }

  /// Numbers from one plane of a batch to the next; the odd line keeps planes out of each other's
  /// places in the cache.
  private static func plane(_ tiling: Tiling, _ channels: Int) -> Int {
    tiling.batch * channels + (tiling.precision == reber_float32 ? 16 : 32)
  }

  private var inputPlane: Int { Self.plane(tiling, tiling.inputs) }
  private var outputPlane: Int { Self.plane(tiling, tiling.outputs) }

  /// Where the numbers of some tiles of a plane of the multiplied precision begin.
  private func at(
    _ planes: UnsafeMutablePointer<Float>, _ number: Int
  ) -> UnsafeMutableRawPointer {
    UnsafeMutableRawPointer(planes) + number * (tiling.precision == reber_float32 ? 4 : 2)
  }

  func readInput(_ source: reber_source, _ tiles: Range<Int>) {
    var (source, cut) = (source, tiling.read)
    reber_winograd_input(
      &source, &cut, tiles.lowerBound, tiles.count, tiling.precision,
      at(input, batch.offset(tiles) * tiling.inputs), inputPlane)
  }

  /// The gradient as the input of the convolution that leads back.
  func readBehind(_ source: reber_source, _ tiles: Range<Int>) {
    var (source, cut) = (source, tiling.written)
    reber_winograd_input(
      &source, &cut, tiles.lowerBound, tiles.count, tiling.precision,
      at(output, batch.offset(tiles) * tiling.outputs), outputPlane)
  }

  func readGradient(_ source: reber_source, _ tiles: Range<Int>) {
    var (source, cut) = (source, tiling.written)
    reber_winograd_gradient(
      &source, &cut, tiles.lowerBound, tiles.count, tiling.precision,
      at(output, batch.offset(tiles) * tiling.outputs), outputPlane)
  }

  func multiply(_ points: Range<Int>, _ weights: UnsafePointer<Float>) {
    let first = points.lowerBound
    reber_products(
      tiling.precision, at(input, first * inputPlane), inputPlane, tiling.matrix(weights, first),
      points.count, batch.tiles.count, tiling.inputs, tiling.outputs,
      output + first * outputPlane, outputPlane)
  }

  func multiplyBack(_ points: Range<Int>, _ weights: UnsafePointer<Float>) {
    let first = points.lowerBound
    reber_products(
      tiling.precision, at(output, first * outputPlane), outputPlane,
      tiling.matrix(weights, first), points.count, batch.tiles.count, tiling.outputs,
      tiling.inputs, input + first * inputPlane, inputPlane)
  }

  func addGradient(
    _ points: Range<Int>, isFirst: Bool, to sums: UnsafeMutablePointer<Float>
  ) {
    let first = points.lowerBound
    reber_transposed_products(
      tiling.precision, at(input, first * inputPlane), inputPlane,
      at(output, first * outputPlane), outputPlane, points.count, batch.tiles.count,
      tiling.inputs, tiling.outputs, isFirst ? 0 : 1,
      sums + first * tiling.inputs * tiling.outputs)
  }

  func write(_ tiles: Range<Int>, _ epilogue: reber_epilogue, _ map: FeatureMap) {
    var (epilogue, cut) = (epilogue, tiling.written)
    reber_winograd_output(
      tiling.precision, output + batch.offset(tiles) * tiling.outputs, outputPlane, &cut,
      tiles.lowerBound, tiles.count, &epilogue, map.base)
  }

  func writeBack(_ tiles: Range<Int>, _ epilogue: reber_epilogue, _ map: FeatureMap) {
    var (epilogue, cut) = (epilogue, tiling.read)
    reber_winograd_output(
      tiling.precision, input + batch.offset(tiles) * tiling.inputs, inputPlane, &cut,
      tiles.lowerBound, tiles.count, &epilogue, map.base)
  }
}
