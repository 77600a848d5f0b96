internal import CKernels
internal import NeuralNetwork
internal import Tensor
internal import WinogradEngine

/// An encoder for inference over images of one size: normalisation is folded into the convolutions' weights,
/// and a few images at a time go through the whole network on one core.
///
/// Unchecked, because its weights are views on its own memory, which is only read.
struct FoldedNetwork: @unchecked Sendable {
  let height: Int
  let width: Int
  private let architecture: Architecture
  private let precision: Precision
  private let stem: Layer
  private let blocks: [Stage]
  private let images: Int
  private let arena: Arena

  private struct Layer: @unchecked Sendable {
    let kind: PassKind
    let convolution: PlannedConvolution
    let bias: UnsafePointer<Float>

    /// Convolves so many images.
    func apply(to input: PackedMap, into output: PackedMap? = nil, in arena: Arena) -> PackedMap {
      let count = input.shape.count
      let output =
        output ?? arena.map(convolution.geometry.output(count), of: convolution.precision)
      convolution.apply(
        kind, to: input.base, images: count, bias: bias, output: output.base, borrowing: arena)
      return output
    }
  }

  private struct Stage: Sendable {
    let first: Layer
    let second: Layer
    let shortcut: Layer?
  }

  init(_ encoder: OneDNNEncoder, height: Int, width: Int) {
    (self.height, self.width) = (height, width)
    (architecture, precision) = (encoder.architecture, encoder.precision)
    let images = Self.images(architecture, side: max(height, width), encoder.precision)
    self.images = images
    var tasks: [(PlannedConvolution, Tensor)] = []
    let arena = Arena()
    self.arena = arena
    func fold(_ kind: PassKind, _ convolution: Convolution, _ norm: BatchNorm, over map: MapShape)
      -> Layer
    {
      let planned = PlannedConvolution(
        Geometry(convolution, over: map), count: images, images: images,
        precision: encoder.precision, library: encoder.library, passes: [kind], in: arena)
      let (scale, shift) = norm.inferenceAffine()
      var weights = convolution.weight.value
      let size = weights.columns
      for index in weights.values.indices { weights.values[index] *= scale[index / size] }
      tasks.append((planned, weights))
      let bias = arena.floats(shift.count)
      bias.update(from: shift, count: shift.count)
      return Layer(kind: kind, convolution: planned, bias: UnsafePointer(bias))
    }
    let layers = encoder.layers
    var map = MapShape(count: images, height: height, width: width, channels: 1)
    stem = fold(.rectified, layers.stem, layers.stemNorm, over: map)
    map = stem.convolution.output
    if architecture.stem != nil { map = map.halved }
    blocks = layers.blocks.map { block in
      let first = fold(.rectified, block.first, block.firstNorm, over: map)
      let shortcut = block.shortcut.map { fold(.biased, $0.convolution, $0.norm, over: map) }
      map = first.convolution.output
      return Stage(
        first: first, second: fold(.added, block.second, block.secondNorm, over: map),
        shortcut: shortcut)
    }
    let all = tasks
    parallel(over: all.count, chunk: 1) { index, _ in
      arena.workers.lend { all[index].0.prepare(all[index].1, borrowing: $0) }
    }
  }

  /// Images that go through together: few enough for maps to stay in the last-level cache, and enough for the
  /// weights of the last stages to be read seldom.
  private static func images(_ architecture: Architecture, side: Int, _ precision: Precision) -> Int
  {
    let map = side * side * architecture.width / (architecture.stemStride * architecture.stemStride)
    return max(4, min(32, (1 << 21) / max(1, map * precision.bytes)))
  }

  /// Embeds images `[n, height, width, 1]`.
  func embed(_ images: Tensor, borrowing memory: ArenaPool) -> Tensor {
    let length = architecture.embeddingDimension
    return Tensor(shape: [images.rows, length]) { target in
      nonisolated(unsafe) let target = target
      parallel(over: images.rows, chunk: self.images) { _, rows in
        let embeddings = memory.lend { embed(images, rows, in: $0, borrowing: memory) }
        for (offset, value) in embeddings.values.enumerated() {
          target[rows.lowerBound * length + offset] = value
        }
      }
    }
  }

  /// Embeds some of the images on the calling thread.
  private func embed(
    _ images: Tensor, _ rows: Range<Int>, in arena: Arena, borrowing memory: ArenaPool
  ) -> Tensor {
    let input = arena.map(
      MapShape(count: rows.count, height: height, width: width, channels: 1), of: precision)
    images.values.withUnsafeBufferPointer { values in
      guard let values = values.baseAddress else { return }
      input.set(0..<rows.count, to: values + rows.lowerBound * images.columns)
    }
    var map = stem.apply(to: input, in: arena)
    if architecture.stem != nil {
      let largest = arena.map(map.shape.halved, of: precision)
      largest.becomeLargest(of: map, borrowing: memory)
      map = largest
    }
    for block in blocks {
      // The second convolution adds to what is there: the shortcut's output, or the block's input.
      let result = block.shortcut?.apply(to: map, in: arena) ?? map
      let inner = block.first.apply(to: map, in: arena)
      map = block.second.apply(to: inner, into: result, in: arena)
    }
    return map.pooled(as: architecture, borrowing: memory)
  }
}
