internal import CKernels
package import NeuralNetwork
package import Tensor

/// Batch normalisation (Ioffe & Szegedy 2015, arXiv:1502.03167) of each channel.
///
/// In training z = γ (y − mean) / √(variance + ε) + β with the batch's own mean and variance;
/// otherwise with running averages of them.
package struct BatchNorm: Sendable {
  /// γ, `[channels]`.
  package var weight: Parameter

  /// β, `[channels]`.
  package var bias: Parameter

  /// The running average of batch means.
  package var runningMean: Tensor

  /// The running average of batch variances, each by n − 1.
  package var runningVariance: Tensor

  static let epsilon: Float = 1e-5
  static let momentum: Float = 0.1

  var channels: Int { weight.value.values.count }

  /// Starts with β = 0 and γ = 1, or γ = 0 for a branch that is to begin as nothing.
  init(channels: Int, weight: Float = 1) {
    self.weight = .constant(weight, count: channels)
    bias = .constant(0, count: channels)
    runningMean = Tensor([channels])
    runningVariance = Tensor([channels], repeating: 1)
  }

  /// What the backward pass needs of a forward pass; all views on an arena's memory.
  package struct Statistics: @unchecked Sendable {
    package let mean: UnsafeMutablePointer<Float>

    /// 1 / √(variance + ε).
    let inverse: UnsafeMutablePointer<Float>

    /// z = scale y + shift.
    package let affine: ChannelAffine
  }

  /// Finds the statistics of a batch over all ranks, and lets the running averages follow.
  mutating func statistics(
    of y: FeatureMap, in arena: Arena, among ranks: any Ranks
  ) -> Statistics {
    let pivot = pivot(in: arena)
    let sums = ChannelSums(pixels: y.pixels, channels: channels) { first, count, sums in
      reber_channel_sums(y.at(first), pivot, count, y.channels, sums)
    }
    return statistics(from: sums.over(ranks, pixels: y.pixels), in: arena)
  }

  /// What sums are taken from, to lose no precision where means are large: the running mean.
  package func pivot(in arena: Arena) -> UnsafePointer<Float> {
    let copy = arena.floats(channels)
    copy.update(from: runningMean.values, count: channels)
    return UnsafePointer(copy)
  }

  /// The same from sums of (y − pivot) and its square over all ranks.
  package mutating func statistics(from batch: BatchSums, in arena: Arena) -> Statistics {
    let (sums, count) = (batch.sums, batch.pixels)
    let mean = arena.floats(channels)
    let inverse = arena.floats(channels)
    for c in 0..<channels {
      let offset = sums.first(c) / count
      let variance = max(0, sums.second(c) / count - offset * offset)
      mean[c] = Float(Double(runningMean.values[c]) + offset)
      inverse[c] = Float(1 / (variance + Double(Self.epsilon)).squareRoot())
      let unbiased = Float(variance * count / max(1, count - 1))
      runningMean.values[c] += Self.momentum * (mean[c] - runningMean.values[c])
      runningVariance.values[c] += Self.momentum * (unbiased - runningVariance.values[c])
    }
    let affine = affine(mean: mean, inverse: inverse, in: arena)
    return Statistics(mean: mean, inverse: inverse, affine: affine)
  }

  /// scale and shift by the running averages.
  package func inferenceAffine() -> (scale: [Float], shift: [Float]) {
    let scale = (0..<channels).map {
      weight.value.values[$0] / (runningVariance.values[$0] + Self.epsilon).squareRoot()
    }
    let shift = (0..<channels).map {
      bias.value.values[$0] - runningMean.values[$0] * scale[$0]
    }
    return (scale, shift)
  }

  private func affine(
    mean: UnsafeMutablePointer<Float>, inverse: UnsafeMutablePointer<Float>, in arena: Arena
  ) -> ChannelAffine {
    let affine = ChannelAffine(scale: arena.floats(channels), shift: arena.floats(channels))
    for c in 0..<channels {
      affine.scale[c] = weight.value.values[c] * inverse[c]
      affine.shift[c] = bias.value.values[c] - mean[c] * affine.scale[c]
    }
    return affine
  }

  /// Adds this rank's part to the gradients of γ and β, and gives the gradient of what was normalised,
  /// from the gradient g behind and this rank's sums of g and g (y − mean).
  mutating func backward(
    _ gradient: FeatureMap, _ sums: ChannelSums, through normalised: Normalised, in arena: Arena,
    among ranks: any Ranks
  ) -> NormalisedGradient {
    let slopes = slopes(
      sums, of: normalised.statistics, pixels: gradient.pixels, in: arena, among: ranks)
    return NormalisedGradient(
      gradient: gradient, map: normalised.map, a: slopes.a, b: slopes.b, c: slopes.c)
  }

  /// The gradient of what was normalised, y, as a g + b y + c; views on an arena's memory.
  package struct Slopes: @unchecked Sendable {
    package let a: UnsafeMutablePointer<Float>
    package let b: UnsafeMutablePointer<Float>
    package let c: UnsafeMutablePointer<Float>
  }

  /// Adds to the gradients of γ and β likewise, and gives what `backward` is made of.
  package mutating func slopes(
    _ sums: ChannelSums, of statistics: Statistics, pixels: Int, in arena: Arena,
    among ranks: any Ranks
  ) -> Slopes {
    let batch = sums.over(ranks, pixels: pixels)
    let result = Slopes(
      a: arena.floats(channels), b: arena.floats(channels), c: arena.floats(channels))
    for c in 0..<channels {
      let inverse = Double(statistics.inverse[c])
      let scale = Double(statistics.affine.scale[c])
      bias.gradient.values[c] += Float(sums.first(c))
      weight.gradient.values[c] += Float(inverse * sums.second(c))
      let slope = -scale * inverse * inverse * batch.sums.second(c) / batch.pixels
      result.a[c] = Float(scale)
      result.b[c] = Float(slope)
      let mean = scale * batch.sums.first(c) / batch.pixels
      result.c[c] = Float(-mean - slope * Double(statistics.mean[c]))
    }
    return result
  }
}

/// Pixels that one task passes over.
let pixelChunk = 2048
