internal import CKernels
internal import Tensor

/// A 3×3 convolution of stride 1 in the transform domain of F(4×4, 3×3), which takes a quarter of
/// the multiplications (Lavin & Gray 2016, arXiv:1509.09308).
///
/// A block of tiles at a time is transformed, multiplied with the transformed weights at each of 36
/// points, and transformed back, all of it small enough for the second-level cache.
struct Winograd: TiledWay {
  static let step = 1
  let tiling: Tiling

  /// Numbers from one plane of a block to the next; the odd line keeps planes out of each other's
  /// places in the cache.
  private func plane(_ channels: Int) -> Int {
    tiling.block * channels + (precision == reber_float32 ? 16 : 32)
  }

  /// Numbers of the planes of both ends of a block.
  private var planes: Int { Tiling.points * (plane(inputs) + plane(outputs)) }

  func weights(_ weight: Tensor, in arena: Arena) -> UnsafePointer<Float> {
    tiling.weights(in: arena) { isTransposed, panel, result in
      reber_winograd_weights(
        weight.values, outputs, inputs, isTransposed, panel, precision, result)
    }
  }

  func forward(
    _ input: Activation, weights: UnsafePointer<Float>, epilogue: reber_epilogue,
    output: FeatureMap
  ) -> ChannelSums? {
    epilogue.summing(blocks: tiling.blocks, channels: outputs) { epilogue in
      nonisolated(unsafe) let (source, weights, epilogue) = (input.source, weights, epilogue)
      tiling.workers.run(over: tiling.tiles, chunk: tiling.block) { index, _ in
        tiling.workers.scratch(planes) {
          convolve(source, tiling.read, weights, epilogue, index, $0, into: output)
        }
      }
    }
  }

  /// One block of tiles, forwards or backwards, whose planes are left in `scratch`.
  private func convolve(
    _ source: reber_source, _ from: reber_tiles, _ weights: UnsafePointer<Float>,
    _ epilogue: reber_epilogue, _ index: Int, _ scratch: UnsafeMutablePointer<Float>,
    into target: FeatureMap
  ) {
    let range = tiling.tiles(of: index)
    let (inputs, outputs) = (Int(from.channels), target.channels)
    let (before, behind) = (plane(inputs), plane(outputs))
    let product = scratch + Tiling.points * before
    var (source, read, written) = (source, from, from)
    written.channels = Int32(outputs)
    var own = epilogue.block(index, channels: outputs)
    reber_winograd_input(
      &source, &read, range.lowerBound, range.count, precision, scratch, before)
    reber_products(
      precision, scratch, before, weights, Tiling.points, range.count, inputs, outputs, product,
      behind)
    reber_winograd_output(
      precision, product, behind, &written, range.lowerBound, range.count, &own, target.base)
  }

  /// The gradients of weights and input share the reading of `gradient`.
  func backward(
    _ gradient: NormalisedGradient, input: Activation, weight: inout Parameter,
    result: InputGradient, in arena: Arena
  ) -> ChannelSums? {
    nonisolated(unsafe) let weights = result.map.map { _ in self.weights(weight.value, in: arena) }
    nonisolated(unsafe) let (source, behind) = (input.source, gradient.source)
    return result.epilogue.summing(blocks: tiling.blocks, channels: inputs) { epilogue in
      nonisolated(unsafe) let epilogue = epilogue
      let target = result.map
      tiling.addGradient(to: &weight.gradient, over: tiling.blocks, in: arena) { own, sums in
        tiling.workers.scratch(planes) { scratch in
          for index in own {
            if let target, let weights {
              convolve(behind, tiling.written, weights, epilogue, index, scratch, into: target)
            }
            add(behind, source, index, scratch, isFirst: index == own.lowerBound, to: sums)
          }
        }
      } finish: { sums, groups, rows, target in
        reber_winograd_weight_gradient(
          precision, sums, groups, outputs, inputs, rows.lowerBound, rows.upperBound, target)
      }
    }
  }

  private func add(
    _ gradient: reber_source, _ input: reber_source, _ index: Int,
    _ scratch: UnsafeMutablePointer<Float>, isFirst: Bool, to sums: UnsafeMutablePointer<Float>
  ) {
    let range = tiling.tiles(of: index)
    var (gradient, input, read, written) = (gradient, input, tiling.read, tiling.written)
    let other = scratch + Tiling.points * plane(inputs)
    reber_winograd_input(
      &input, &read, range.lowerBound, range.count, precision, scratch, plane(inputs))
    reber_winograd_gradient(
      &gradient, &written, range.lowerBound, range.count, precision, other, plane(outputs))
    reber_transposed_products(
      precision, scratch, plane(inputs), other, plane(outputs), Tiling.points, range.count, inputs,
      outputs, isFirst ? 0 : 1, sums)
  }
}
