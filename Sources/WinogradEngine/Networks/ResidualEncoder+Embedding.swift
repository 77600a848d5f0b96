internal import NeuralNetwork
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
    return memory.lend { arena in
      let chunk = FoldedEncoder.images(architecture, side: images.shape[1])
      let network = FoldedEncoder(
        self, height: images.shape[1], width: images.shape[2], in: arena)
      return Tensor(shape: [images.rows, width]) { target in
        nonisolated(unsafe) let target = target
        parallel(over: images.rows, chunk: chunk) { _, rows in
          let means = memory.lend { network.embed(images.rows(at: rows), in: $0) }
          for (offset, value) in means.values.enumerated() {
            target[rows.lowerBound * width + offset] = value
          }
        }
      }
    }
  }
}
