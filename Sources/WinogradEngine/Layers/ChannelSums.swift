package import NeuralNetwork
internal import Tensor

/// Two sums a channel over all pixels of a batch, in double precision.
///
/// Each block of pixels has sums of its own, which are added in order: the result does not depend
/// on the number of cores.
package struct ChannelSums {
  private let channels: Int
  private var sums: [Double]

  /// Adds up what `body` adds for each block of pixels to its two times `channels` sums.
  init(
    pixels: Int, channels: Int,
    _ body: (_ first: Int, _ count: Int, _ sums: UnsafeMutablePointer<Double>) -> Void
  ) {
    let blocks = (pixels + pixelChunk - 1) / pixelChunk
    self.init(blocks: blocks, channels: channels) { sums in
      nonisolated(unsafe) let sums = sums
      nonisolated(unsafe) let body = body
      parallel(over: pixels, chunk: pixelChunk) { block, range in
        body(range.lowerBound, range.count, sums + block * 2 * channels)
      }
    }
  }

  /// Adds up the sums that `body` leaves, two times `channels` of them a block.
  package init(blocks: Int, channels: Int, _ body: (UnsafeMutablePointer<Double>) -> Void) {
    var parts = [Double](repeating: 0, count: max(1, blocks) * 2 * channels)
    parts.withUnsafeMutableBufferPointer { parts in
      if let base = parts.baseAddress { body(base) }
    }
    self.channels = channels
    sums = Array(parts.prefix(2 * channels))
    for block in stride(from: 1, to: blocks, by: 1) {
      for index in sums.indices { sums[index] += parts[block * 2 * channels + index] }
    }
  }

  /// The first sum of a channel.
  func first(_ channel: Int) -> Double { sums[channel] }

  /// The second sum of a channel.
  func second(_ channel: Int) -> Double { sums[channels + channel] }

  /// Sums of this rank's `pixels` and of those of all others.
  package func over(_ ranks: any Ranks, pixels: Int) -> BatchSums {
    guard ranks.count > 1 else { return BatchSums(pixels: Double(pixels), sums: self) }
    var all = self
    all.sums.append(Double(pixels))
    all.sums.withUnsafeMutableBufferPointer { ranks.sum($0) }
    return BatchSums(pixels: all.sums.removeLast(), sums: all)
  }
}

/// Sums over all ranks.
package struct BatchSums {
  /// The pixels of the whole batch.
  let pixels: Double

  let sums: ChannelSums
}
