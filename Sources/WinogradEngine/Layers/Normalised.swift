internal import CKernels
internal import Tensor

/// A convolution's output and the statistics that normalise it.
struct Normalised {
  let map: FeatureMap
  let statistics: BatchNorm.Statistics

  /// The map as the next convolution reads it.
  var activation: Activation { Activation(map, affine: statistics.affine) }

  /// relu(scale y + shift), stored.
  func rectified(in arena: Arena) -> FeatureMap {
    let output = arena.map(map.shape)
    let affine = statistics.affine
    parallel(over: map.pixels, chunk: pixelChunk) { _, range in
      reber_normalise(
        map.at(range.lowerBound), affine.scale, affine.shift, nil, nil, nil, range.count,
        map.channels, output.at(range.lowerBound))
    }
    return output
  }

  /// Sums of g and g (y − mean), where g is `gradient` masked by the ReLU behind and is written to
  /// `masked`; `activation` is the ReLU's output, unless it is that of this map alone.
  func maskedSums(
    _ gradient: FeatureMap, activation: FeatureMap?, into masked: FeatureMap
  ) -> ChannelSums {
    ChannelSums(pixels: map.pixels, channels: map.channels) { first, count, sums in
      reber_normalise_backward_sums(
        gradient.at(first), activation?.at(first), map.at(first), statistics.affine.scale,
        statistics.affine.shift, statistics.mean, count, map.channels, masked.at(first), sums)
    }
  }

  /// Sums of g and g (y − mean).
  func sums(_ gradient: FeatureMap) -> ChannelSums {
    ChannelSums(pixels: map.pixels, channels: map.channels) { first, count, sums in
      reber_product_sums(
        gradient.at(first), map.at(first), statistics.mean, count, map.channels, sums)
    }
  }
}

/// The gradient of a convolution's output y, as a g + b y + c from the gradient g behind the
/// normalisation.
///
/// Where it can be it is computed while it is read and never stored. Unchecked, because it is a
/// view on an arena's memory that is only read while tasks run.
struct NormalisedGradient: @unchecked Sendable {
  let gradient: FeatureMap
  let map: FeatureMap
  let a: UnsafeMutablePointer<Float>
  let b: UnsafeMutablePointer<Float>
  let c: UnsafeMutablePointer<Float>

  /// As the kernels see it.
  var source: reber_source {
    reber_source(
      x: UnsafePointer(gradient.base), other: UnsafePointer(map.base), first: UnsafePointer(a),
      second: UnsafePointer(b), third: UnsafePointer(c))
  }

  /// Computed and stored.
  func resolved(in arena: Arena) -> FeatureMap {
    let result = arena.map(map.shape)
    parallel(over: map.pixels, chunk: pixelChunk) { _, range in
      resolve(range, into: result.at(range.lowerBound))
    }
    return result
  }

  /// Some pixels computed and stored.
  func resolve(_ range: Range<Int>, into result: UnsafeMutablePointer<Float>) {
    reber_combine(
      gradient.at(range.lowerBound), map.at(range.lowerBound), a, b, c, range.count, map.channels,
      result)
  }
}
