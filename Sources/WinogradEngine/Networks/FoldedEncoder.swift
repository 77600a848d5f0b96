internal import CKernels
internal import NeuralNetwork
internal import Tensor

/// An encoder for inference over images of one size: normalisation is folded into the convolutions'
/// weights.
///
/// Unchecked, because its weights are views on an arena's memory that is only read.
struct FoldedEncoder: @unchecked Sendable {
  private let architecture: Architecture

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

  /// Folds an encoder over images of a height and width, its weights in the memory of `arena`.
  init(_ encoder: ResidualEncoder, height: Int, width: Int, in arena: Arena) {
    architecture = encoder.architecture
    let images = MapShape(count: 1, height: height, width: width, channels: 1)
    stem = FoldedConvolution(encoder.stem, encoder.stemNorm, over: images, in: arena)
    var shape = stem.output(of: images)
    if architecture.stem != nil { shape = shape.halved }
    blocks = encoder.blocks.map { block in
      let first = FoldedConvolution(block.first, block.firstNorm, over: shape, in: arena)
      let shortcut = block.shortcut.map {
        FoldedConvolution($0.convolution, $0.norm, over: shape, in: arena)
      }
      shape = first.output(of: shape)
      let second = FoldedConvolution(block.second, block.secondNorm, over: shape, in: arena)
      return Stage(first: first, second: second, shortcut: shortcut)
    }
  }

  /// Embeds a few of some images on the calling thread.
  func embed(_ images: Tensor, _ rows: Range<Int>, in arena: Arena) -> Tensor {
    var map = stem.apply(arena.map(copying: images, rows), rectified: true, in: arena)
    if architecture.stem != nil {
      map = map.largest(by: Workers(memory: arena.workers, isAlone: true), in: arena)
    }
    for block in blocks {
      let residual = block.shortcut?.apply(map, rectified: false, in: arena) ?? map
      let inner = block.first.apply(map, rectified: true, in: arena)
      map = block.second.apply(inner, residual: residual, rectified: true, in: arena)
    }
    return map.pooled(as: architecture)
  }
}

/// A convolution with the normalisation behind it folded in, over maps of one height and width.
struct FoldedConvolution {
  private let convolution: Convolution
  private let bias: UnsafePointer<Float>
  private let weights: UnsafePointer<Float>

  init(_ convolution: Convolution, _ norm: BatchNorm, over shape: MapShape, in arena: Arena) {
    let (scale, shift) = norm.inferenceAffine()
    var scaled = convolution
    let size = scaled.weight.value.columns
    for index in scaled.weight.value.values.indices {
      scaled.weight.value.values[index] *= scale[index / size]
    }
    self.convolution = scaled
    let bias = arena.floats(shift.count)
    bias.update(from: shift, count: shift.count)
    self.bias = UnsafePointer(bias)
    weights = scaled.way(
      .forward, over: shape, by: Workers(memory: arena.workers, isAlone: false)
    ).weights(scaled.weight.value, in: arena)
  }

  /// The shape of its output.
  func output(of shape: MapShape) -> MapShape { convolution.output(of: shape) }

  /// Convolves, adds bias and residual, and applies a ReLU if asked.
  func apply(
    _ input: FeatureMap, residual: FeatureMap? = nil, rectified: Bool, in arena: Arena
  ) -> FeatureMap {
    let output = arena.map(output(of: input.shape))
    var epilogue = reber_epilogue()
    (epilogue.bias, epilogue.residual) = (bias, UnsafePointer(residual?.base))
    epilogue.rectified = rectified ? 1 : 0
    let workers = Workers(memory: arena.workers, isAlone: true)
    _ = convolution.way(.forward, over: input.shape, by: workers)
      .forward(Activation(input), weights: weights, epilogue: epilogue, output: output)
    return output
  }
}
