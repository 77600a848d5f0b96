internal import CKernels
public import Tensor

extension Encoder {
  /// Embeds images as they are, with running statistics; it changes nothing and may run in many
  /// tasks at once.
  ///
  /// Normalisation is folded into the convolutions, and a few images at a time go through the whole
  /// network on one core, so that maps stay in the cache.
  ///
  /// - Parameter images: `[n, height, width, 1]`.
  /// - Returns: `[n, embeddingDimension]`.
  public func embed(_ images: Tensor) -> Tensor {
    checkShape(of: images)
    guard images.rows > 0 else { return Tensor([0, architecture.embeddingDimension]) }
    return memory.lend { embed(images, by: FoldedEncoder(self, in: $0)) }
  }

  private func embed(_ images: Tensor, by network: FoldedEncoder) -> Tensor {
    let width = architecture.embeddingDimension
    return Tensor(shape: [images.rows, width]) { target in
      nonisolated(unsafe) let target = target
      let chunk = FoldedEncoder.images(architecture, side: images.shape[1])
      parallel(over: images.rows, chunk: chunk) { _, rows in
        let means = memory.lend { network.embed(images.rows(at: rows), in: $0) }
        for (offset, value) in means.values.enumerated() {
          target[rows.lowerBound * width + offset] = value
        }
      }
    }
  }
}
