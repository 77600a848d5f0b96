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
    epilogue.summing(blocks: tiling.blocks, channels: outputs) { epilogue in
      nonisolated(unsafe) let (source, weights, epilogue) = (input.source, weights, epilogue)
      tiling.workers.run(over: tiling.tiles, chunk: tiling.block) { index, range in
        var (source, own) = (source, epilogue.block(index, channels: outputs))
        var (read, written) = (tiling.read, tiling.written)
        withPlanes(of: range.count) { planes, products in
          reber_strided_input(
            &source, &read, range.lowerBound, range.count, precision, planes)
          reber_strided_products(
            precision, planes, weights, range.count, inputs, outputs, products)
          reber_strided_output(
            products, &written, range.lowerBound, range.count, &own, output.base)
        }
      }
    }
  }

  /// Lends memory for the planes of so many tiles, of the input's channels and of the output's.
  private func withPlanes(
    of count: Int,
    _ body: (_ input: UnsafeMutablePointer<Float>, _ output: UnsafeMutablePointer<Float>) -> Void
  ) {
    let size = reber_strided_planes(count, inputs)
    tiling.workers.scratch(size + reber_strided_planes(count, outputs)) { body($0, $0 + size) }
  }

  /// Tiles of an image overlap in the input: the same thread does them all.
  func backward(
    _ gradient: NormalisedGradient, input: Activation, weight: inout Parameter,
    result: InputGradient, in arena: Arena
  ) -> ChannelSums? {
    let target = result.map
    nonisolated(unsafe) let weights = target.map { _ in self.weights(weight.value, in: arena) }
    nonisolated(unsafe) let (behind, source) = (gradient.source, input.source)
    tiling.addGradient(to: &weight.gradient, over: input.map.count, in: arena) { images, sums in
      target?.clear(images)
      let first = images.lowerBound * tiling.tilesPerImage
      let last = images.upperBound * tiling.tilesPerImage
      for start in stride(from: first, to: last, by: tiling.block) {
        add(
          behind, source, start..<min(start + tiling.block, last), isFirst: start == first,
          to: sums, weights: weights, target: target)
      }
    } finish: { sums, groups, rows, target in
      reber_strided_weight_gradient(
        sums, groups, outputs, inputs, rows.lowerBound, rows.upperBound, target)
    }
    return result.completed()
  }

  /// One block of tiles.
  private func add(
    _ gradient: reber_source, _ source: reber_source, _ range: Range<Int>, isFirst: Bool,
    to sums: UnsafeMutablePointer<Float>, weights: UnsafePointer<Float>?, target: FeatureMap?
  ) {
    var (gradient, source, read, written) = (gradient, source, tiling.read, tiling.written)
    let (first, count) = (range.lowerBound, range.count)
    withPlanes(of: count) { planes, gradients in
      reber_strided_input(&source, &read, first, count, precision, planes)
      reber_strided_gradient(&gradient, &written, first, count, precision, gradients)
      reber_strided_transposed_products(
        precision, planes, gradients, count, inputs, outputs, isFirst ? 0 : 1, sums)
      guard let target, let weights else { return }
      reber_strided_products(precision, gradients, weights, count, outputs, inputs, planes)
      reber_strided_input_gradient(planes, &read, first, count, target.base)
    }
  }
}
