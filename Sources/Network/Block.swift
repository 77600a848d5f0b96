internal import CKernels
internal import Tensor

/// A basic residual block: relu(norm(conv(relu(norm(conv(x))))) + shortcut(x)).
///
/// He et al. 2016 (arXiv:1512.03385). The shortcut is the input itself, or where the shape changes
/// its normalised 1×1 convolution.
struct Block: Sendable {
  var first: Convolution
  var firstNorm: BatchNorm
  var second: Convolution
  var secondNorm: BatchNorm
  var shortcut: Shortcut?

  /// A 1×1 convolution and its normalisation.
  struct Shortcut: Sendable {
    var convolution: Convolution
    var norm: BatchNorm
  }

  /// Makes a block, which begins as its shortcut alone.
  ///
  /// The last γ is 0 (Goyal et al. 2017, arXiv:1706.02677).
  init(inputs: Int, outputs: Int, stride: Int, using random: inout RandomStream) {
    first = Convolution(
      inputs: inputs, outputs: outputs, kernel: 3, stride: stride, using: &random)
    firstNorm = BatchNorm(channels: outputs)
    second = Convolution(inputs: outputs, outputs: outputs, kernel: 3, stride: 1, using: &random)
    secondNorm = BatchNorm(channels: outputs, weight: 0)
    guard stride != 1 || inputs != outputs else { return }
    shortcut = Shortcut(
      convolution: Convolution(
        inputs: inputs, outputs: outputs, kernel: 1, stride: stride, using: &random),
      norm: BatchNorm(channels: outputs))
  }

  /// What the backward pass needs: maps before normalisation, and the output.
  struct Record {
    let input: FeatureMap
    let first: Normalised
    let second: Normalised
    let shortcut: Normalised?
    let output: FeatureMap
  }

  /// A convolution's output and the statistics that normalise it.
  struct Normalised {
    let map: FeatureMap
    let statistics: BatchNorm.Statistics
  }

  mutating func forward(_ input: FeatureMap, in arena: Arena) -> Record {
    let first = normalised(first.forward(Activation(input), in: arena), &firstNorm, arena)
    let between = Activation(first.map, affine: first.statistics.affine)
    let second = normalised(second.forward(between, in: arena), &secondNorm, arena)
    let shortcut = forwardShortcut(input, in: arena)
    let output = arena.map(like: second.map)
    let residual = shortcut?.map ?? input
    let (own, other) = (second.statistics.affine, shortcut?.statistics.affine)
    parallel(over: output.pixels, chunk: pixelChunk) { _, range in
      let start = range.lowerBound
      reber_normalise(
        second.map.at(start), own.scale, own.shift, residual.at(start), other?.scale, other?.shift,
        range.count, output.channels, output.at(start))
    }
    return Record(input: input, first: first, second: second, shortcut: shortcut, output: output)
  }

  private mutating func forwardShortcut(_ input: FeatureMap, in arena: Arena) -> Normalised? {
    guard var shortcut else { return nil }
    self.shortcut = nil
    defer { self.shortcut = shortcut }
    let map = shortcut.convolution.forward(Activation(input), in: arena)
    return normalised(map, &shortcut.norm, arena)
  }

  private func normalised(_ map: FeatureMap, _ norm: inout BatchNorm, _ arena: Arena) -> Normalised
  {
    Normalised(map: map, statistics: norm.statistics(of: map, in: arena))
  }

  /// Adds to the parameters' gradients, and writes the input's to `result`; `gradient`, that of the
  /// output, is overwritten.
  mutating func backward(
    _ gradient: FeatureMap, _ record: Record, result: FeatureMap, in arena: Arena
  ) {
    let mark = arena.position
    defer { arena.position = mark }
    let secondSums = record.second.maskedSums(gradient, activation: record.output, into: gradient)
    let inner = arena.map(like: record.second.map)
    let between = arena.map(like: record.first.map)
    secondNorm.backward(
      secondSums, record.second.statistics, pixels: inner.pixels, in: arena
    ).apply(to: gradient, record.second.map, into: inner)
    second.backward(inner, input: record.first.activation, result: between, in: arena)
    let firstSums = record.first.maskedSums(between, activation: nil, into: between)
    firstNorm.backward(
      firstSums, record.first.statistics, pixels: between.pixels, in: arena
    ).apply(to: between, record.first.map, into: between)
    first.backward(between, input: Activation(record.input), result: result, in: arena)
    backwardShortcut(gradient, record, inner, result: result, in: arena)
  }

  private mutating func backwardShortcut(
    _ gradient: FeatureMap, _ record: Record, _ scratch: FeatureMap, result: FeatureMap,
    in arena: Arena
  ) {
    guard let normalised = record.shortcut, var shortcut else { return result.add(gradient) }
    self.shortcut = nil
    defer { self.shortcut = shortcut }
    let sums = normalised.sums(gradient)
    shortcut.norm.backward(sums, normalised.statistics, pixels: gradient.pixels, in: arena)
      .apply(to: gradient, normalised.map, into: scratch)
    let part = arena.map(like: result)
    shortcut.convolution.backward(
      scratch, input: Activation(record.input), result: part, in: arena)
    result.add(part)
  }
}

extension Block.Normalised {
  /// The map as the next convolution reads it.
  var activation: Activation { Activation(map, affine: statistics.affine) }

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

extension FeatureMap {
  /// Adds another map of the same shape.
  func add(_ other: FeatureMap) {
    parallel(over: pixels, chunk: pixelChunk) { _, range in
      reber_add(at(range.lowerBound), other.at(range.lowerBound), range.count * channels)
    }
  }
}

extension Arena {
  /// Memory for a map of the same shape.
  func map(like other: FeatureMap) -> FeatureMap {
    map(other.count, other.height, other.width, other.channels)
  }
}
