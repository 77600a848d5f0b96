internal import CKernels
internal import Tensor

/// An encoder for inference: normalisation is folded into the convolutions' weights.
///
/// Unchecked, because its weights are views on an arena's memory that is only read.
struct FoldedEncoder: @unchecked Sendable {
  private let stem: FoldedConvolution
  private let blocks: [Stage]

  private struct Stage {
    let first: FoldedConvolution
    let second: FoldedConvolution
    let shortcut: FoldedConvolution?
  }

  /// Images that go through the network together on one core, given the side of the first map.
  ///
  /// Few enough for maps to stay in the last-level cache, and a multiple of the 14 tiles that the
  /// product's registers hold, as the last map of an image may be one tile.
  static func images(_ architecture: Architecture, side: Int) -> Int {
    let map = side * side * architecture.width / (architecture.stemStride * architecture.stemStride)
    return max(1, min(4, (1 << 20) / max(1, 14 * map))) * 14
  }

  /// Folds an encoder, its weights in the memory of `arena`.
  init(_ encoder: Encoder, in arena: Arena) {
    stem = FoldedConvolution(encoder.stem, encoder.stemNorm, in: arena)
    blocks = encoder.blocks.map { block in
      Stage(
        first: FoldedConvolution(block.first, block.firstNorm, in: arena),
        second: FoldedConvolution(block.second, block.secondNorm, in: arena),
        shortcut: block.shortcut.map { FoldedConvolution($0.convolution, $0.norm, in: arena) })
    }
  }

  /// Embeds a few images on the calling thread.
  func embed(_ images: Tensor, in arena: Arena) -> Tensor {
    var map = stem.apply(arena.map(copying: images), rectified: true, in: arena)
    for block in blocks {
      let residual = block.shortcut?.apply(map, rectified: false, in: arena) ?? map
      let inner = block.first.apply(map, rectified: true, in: arena)
      map = block.second.apply(inner, residual: residual, rectified: true, in: arena)
    }
    return map.means()
  }
}

/// A convolution with the normalisation behind it folded in.
struct FoldedConvolution {
  private let convolution: Convolution
  private let bias: UnsafeMutablePointer<Float>

  /// The weights as each way to convolve needs them.
  private let transformed: UnsafePointer<Float>?
  private let strided: UnsafePointer<Float>?
  private let panels: UnsafePointer<Float>

  init(_ convolution: Convolution, _ norm: BatchNorm, in arena: Arena) {
    let (scale, shift) = norm.inferenceAffine()
    var scaled = convolution
    let size = scaled.weight.value.columns
    for index in scaled.weight.value.values.indices {
      scaled.weight.value.values[index] *= scale[index / size]
    }
    self.convolution = scaled
    bias = arena.floats(shift.count)
    bias.update(from: shift, count: shift.count)
    let any = FeatureMap(base: bias, count: 1, height: 8, width: 8, channels: convolution.inputs)
    transformed = Winograd(scaled, over: any, tiles: 14, workers: arena.workers)?
      .weights(scaled.weight.value, transposed: false, in: arena)
    strided = StridedWinograd(scaled, over: any, tiles: 14, workers: arena.workers)?
      .weights(scaled.weight.value, transposed: false, in: arena)
    panels = Im2col(
      window: scaled.window(over: any), outputs: scaled.outputs, workers: arena.workers
    ).panels(scaled.weight.value, in: arena)
  }

  /// Convolves, adds bias and residual, and applies a ReLU if asked.
  func apply(
    _ input: FeatureMap, residual: FeatureMap? = nil, rectified: Bool, in arena: Arena
  ) -> FeatureMap {
    let output = convolution.output(of: input, in: arena)
    var epilogue = reber_epilogue()
    (epilogue.bias, epilogue.residual) = (UnsafePointer(bias), UnsafePointer(residual?.base))
    epilogue.rectified = rectified ? 1 : 0
    let (source, workers) = (Activation(input).source, arena.workers)
    let tiles = convolution.kernels.tiles(.forward, convolution)
    let winograd = Winograd(
      convolution, over: input, tiles: tiles, workers: workers, isAlone: true)
    if let winograd, let transformed {
      winograd.forward(source, weights: transformed, epilogue: epilogue, output: output)
      return output
    }
    let odd = StridedWinograd(
      convolution, over: input, tiles: tiles, workers: workers, isAlone: true)
    if let odd, let strided {
      odd.forward(source, weights: strided, epilogue: epilogue, output: output)
      return output
    }
    let product = Im2col(
      window: convolution.window(over: input), outputs: convolution.outputs,
      workers: arena.workers, isAlone: true)
    product.forward(Activation(input), weights: panels, output: output)
    reber_bias(
      output.base, bias, residual?.base, output.pixels, output.channels, rectified ? 1 : 0)
    return output
  }
}
