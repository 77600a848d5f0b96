internal import CKernels
internal import NeuralNetwork
internal import Tensor

/// A basic residual block: relu(norm(conv(relu(norm(conv(x))))) + shortcut(x)).
///
/// He et al. 2016 (arXiv:1512.03385). The shortcut is the input itself, or where the shape changes
/// its normalised 1×1 convolution.
package struct Block: Sendable {
  package var first: Convolution
  package var firstNorm: BatchNorm
  package var second: Convolution
  package var secondNorm: BatchNorm
  package var shortcut: Shortcut?

  /// A 1×1 convolution and its normalisation.
  package struct Shortcut: Sendable {
    package var convolution: Convolution
    package var norm: BatchNorm
  }

  /// Makes a block, which begins as its shortcut alone.
  ///
  /// The last γ is 0 (Goyal et al. 2017, arXiv:1706.02677).
  init(
    inputs: Int, outputs: Int, stride: Int, precision: Precision, using random: inout RandomStream
  ) {
    first = Convolution(
      inputs: inputs, outputs: outputs, kernel: 3, stride: stride, precision: precision,
      using: &random)
    firstNorm = BatchNorm(channels: outputs)
    second = Convolution(
      inputs: outputs, outputs: outputs, kernel: 3, stride: 1, precision: precision, using: &random)
    secondNorm = BatchNorm(channels: outputs, weight: 0)
    guard stride != 1 || inputs != outputs else { return }
    shortcut = Shortcut(
      convolution: Convolution(
        inputs: inputs, outputs: outputs, kernel: 1, stride: stride, precision: precision,
        using: &random),
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

  /// Finds the output, in the memory of `arena`, and the maps before it, in that of `inner`.
  mutating func forward(
    _ input: FeatureMap, in arena: Arena, inner: Arena, among ranks: any Ranks
  ) -> Record {
    let first = first.forward(
      Activation(input), &firstNorm, in: arena, map: inner, among: ranks)
    let second = second.forward(
      first.activation, &secondNorm, in: arena, map: inner, among: ranks)
    let shortcut = forwardShortcut(input, in: arena, map: inner, among: ranks)
    let output = arena.map(second.map.shape)
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

  private mutating func forwardShortcut(
    _ input: FeatureMap, in arena: Arena, map inner: Arena, among ranks: any Ranks
  ) -> Normalised? {
    guard var shortcut else { return nil }
    self.shortcut = nil
    defer { self.shortcut = shortcut }
    return shortcut.convolution.forward(
      Activation(input), &shortcut.norm, in: arena, map: inner, among: ranks)
  }

  /// The same record with its maps before the output computed again, to the bit, in the memory of
  /// `inner`.
  func recomputed(_ record: Record, inner: Arena) -> Record {
    let first = record.first.recomputed(by: first, from: Activation(record.input), in: inner)
    let second = record.second.recomputed(by: second, from: first.activation, in: inner)
    let shortcut = shortcut.flatMap { shortcut in
      record.shortcut?.recomputed(
        by: shortcut.convolution, from: Activation(record.input), in: inner)
    }
    return Record(
      input: record.input, first: first, second: second, shortcut: shortcut, output: record.output)
  }

  /// Adds to the parameters' gradients, and writes the input's to `result`; `gradient`, that of the
  /// output, is overwritten.
  mutating func backward(
    _ gradient: FeatureMap, _ record: Record, result: FeatureMap, in arena: Arena,
    among ranks: any Ranks
  ) {
    let mark = arena.position
    defer { arena.position = mark }
    let (first, second) = (record.first, record.second)
    let sums = second.maskedSums(gradient, activation: record.output, into: gradient)
    let inner = secondNorm.backward(gradient, sums, through: second, in: arena, among: ranks)
    let between = arena.map(first.map.shape)
    let innerSums = self.second.backward(
      inner, input: first.activation, result: .masked(between, by: first), in: arena)
    guard let innerSums else { preconditionFailure("a masked gradient without sums") }
    let outer = firstNorm.backward(
      between, innerSums, through: first, in: arena, among: ranks)
    let isPlain = shortcut == nil
    self.first.backward(
      outer, input: Activation(record.input),
      result: .plain(result, plus: isPlain ? gradient : nil),
      in: arena)
    backwardShortcut(gradient, record, result: result, in: arena, among: ranks)
  }

  private mutating func backwardShortcut(
    _ gradient: FeatureMap, _ record: Record, result: FeatureMap, in arena: Arena,
    among ranks: any Ranks
  ) {
    guard let normalised = record.shortcut, var shortcut else { return }
    self.shortcut = nil
    defer { self.shortcut = shortcut }
    let sums = normalised.sums(gradient)
    let outer = shortcut.norm.backward(
      gradient, sums, through: normalised, in: arena, among: ranks)
    shortcut.convolution.backward(
      outer, input: Activation(record.input), result: .added(to: result), in: arena)
  }
}

extension Convolution {
  /// Convolves, into the memory of `inner`, and finds the statistics that normalise the output.
  func forward(
    _ input: Activation, _ norm: inout BatchNorm, in arena: Arena, map inner: Arena,
    among ranks: any Ranks = Alone()
  ) -> Normalised {
    let (map, sums) = forward(input, pivot: norm.pivot(in: arena), in: inner)
    let batch = sums.over(ranks, pixels: map.pixels)
    return Normalised(map: map, statistics: norm.statistics(from: batch, in: arena))
  }
}

extension Normalised {
  /// The same with its map computed again; the statistics stay, and so do running averages.
  fileprivate func recomputed(
    by convolution: Convolution, from input: Activation, in inner: Arena
  ) -> Normalised {
    let (map, _) = convolution.forward(input, pivot: UnsafePointer(statistics.mean), in: inner)
    return Normalised(map: map, statistics: statistics)
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
