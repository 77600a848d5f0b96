internal import NeuralNetwork
internal import Synchronization
package import Tensor

extension ResidualEncoder {
  /// Embeds images with running statistics.
  ///
  /// Normalisation is folded into the convolutions, and a few images at a time go through the whole
  /// network on one core, so that maps stay in the cache.
  package func embed(_ images: Tensor) -> Tensor {
    checkShape(of: images)
    let width = architecture.embeddingDimension
    guard images.rows > 0 else { return Tensor([0, width]) }
    let network = folded.of(self, height: images.shape[1], width: images.shape[2])
    let chunk = FoldedEncoder.images(architecture, side: images.shape[1])
    return Tensor(shape: [images.rows, width]) { target in
      nonisolated(unsafe) let target = target
      parallel(over: images.rows, chunk: chunk) { _, rows in
        let means = folded.memory.lend { network.embed(images, rows, in: $0) }
        for (offset, value) in means.values.enumerated() {
          target[rows.lowerBound * width + offset] = value
        }
      }
    }
  }
}

/// What embeds with an encoder's weights, one for each size of images, made when it is first asked for.
final class FoldedEncoders: Sendable {
  /// Memory for weights and passes.
  let memory: ArenaPool

  private let made = Mutex<[[Int]: (encoder: FoldedEncoder, weights: Arena)]>([:])

  init(memory: ArenaPool) { self.memory = memory }

  deinit {
    for (_, weights) in made.withLock({ $0.values }) { memory.give(weights) }
  }

  /// That of an encoder, which is always the same.
  func of(_ encoder: ResidualEncoder, height: Int, width: Int) -> FoldedEncoder {
    made.withLock { made in
      if let known = made[[height, width]] { return known.encoder }
      let weights = memory.take()
      let folded = FoldedEncoder(encoder, height: height, width: width, in: weights)
      made[[height, width]] = (folded, weights)
      return folded
    }
  }
}
