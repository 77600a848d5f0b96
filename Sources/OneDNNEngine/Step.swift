internal import CKernels
internal import NeuralNetwork
internal import Tensor
internal import WinogradEngine

/// A convolution's output and the statistics that normalise it.
struct NormalisedMap: Sendable {
  let map: PackedMap
  let statistics: BatchNorm.Statistics

  /// Writes relu(scale y + shift) of some images.
  func rectify(_ images: Range<Int>, into target: UnsafeMutableRawPointer) {
    let affine = statistics.affine
    reber_map_normalise(
      map.precision.kernel, map.at(images.lowerBound), affine.scale, affine.shift, nil, nil, nil,
      map.pixels(of: images), map.shape.channels, target)
  }

  /// The same in memory of `arena`.
  func rectified(_ images: Range<Int>, in arena: Arena) -> UnsafeRawPointer {
    let result = arena.bytes(images.count * map.imageBytes)
    rectify(images, into: result)
    return UnsafeRawPointer(result)
  }
}

/// What stands behind the gradient of a map: the ReLU that masks it, and the normalised maps whose sums of
/// g and g (y − mean) are wanted.
struct Behind: Sendable {
  /// The ReLU's output; that of `first` alone where it is `nil`.
  let activation: PackedMap?
  let first: NormalisedMap
  let second: NormalisedMap?

  /// Masks the gradient of some images in place, and adds to the sums of a task.
  func mask(
    _ gradient: PackedMap, _ images: Range<Int>, sums: UnsafeMutablePointer<Double>,
    second other: UnsafeMutablePointer<Double>
  ) {
    let kernel = gradient.precision.kernel
    let (pixels, channels) = (gradient.pixels(of: images), gradient.shape.channels)
    let (start, place) = (images.lowerBound, gradient.at(images.lowerBound))
    let statistics = first.statistics
    reber_map_masked_sums(
      kernel, place, activation?.at(start), first.map.at(start), statistics.affine.scale,
      statistics.affine.shift, statistics.mean, pixels, channels, place, sums)
    guard let second else { return }
    reber_map_product_sums(
      kernel, place, second.map.at(start), second.statistics.mean, pixels, channels, other)
  }
}

/// A masked gradient, and its sums with the normalised maps behind it.
struct MaskedGradient {
  let map: PackedMap
  let first: ChannelSums
  let second: ChannelSums
}

/// The gradient of a convolution's output y, as a g + b y + c.
struct OutputGradient: Sendable {
  let gradient: PackedMap
  let output: PackedMap
  let slopes: BatchNorm.Slopes

  /// That of some images, in memory of `arena`.
  func resolved(_ images: Range<Int>, in arena: Arena) -> UnsafeRawPointer {
    let result = arena.bytes(images.count * output.imageBytes)
    let start = images.lowerBound
    reber_map_combine(
      output.precision.kernel, gradient.at(start), output.at(start), slopes.a, slopes.b, slopes.c,
      output.pixels(of: images), output.shape.channels, result)
    return UnsafeRawPointer(result)
  }
}

/// A step of training: where its maps go, and who has the rest of the batch.
struct Step: Sendable {
  let arena: Arena
  let ranks: any Ranks
  let precision: Precision

  func map(_ shape: MapShape) -> PackedMap { arena.map(shape, of: precision) }

  /// Convolves a batch, and finds the statistics of the output; the running averages of `norm` follow.
  ///
  /// `input` gives what the convolution reads of some images, perhaps in the memory that it is lent.
  func convolve(
    _ layer: PlannedConvolution, _ norm: inout BatchNorm,
    reading input: @Sendable (Range<Int>, Arena) -> UnsafeRawPointer
  ) -> NormalisedMap {
    let output = map(layer.output)
    let channels = layer.geometry.outputs
    nonisolated(unsafe) let pivot = norm.pivot(in: arena)
    let sums = ChannelSums(blocks: layer.tasks, channels: channels) { sums in
      nonisolated(unsafe) let sums = sums
      layer.each { task, images in
        arena.workers.lend { memory in
          let place = output.at(images.lowerBound)
          layer.apply(
            .plain, to: input(images, memory), images: images.count, output: place,
            borrowing: memory)
          reber_map_sums(
            precision.kernel, place, pivot, output.pixels(of: images), channels,
            sums + task * 2 * channels)
        }
      }
    }
    let pixels = output.shape.pixels
    return NormalisedMap(
      map: output, statistics: norm.statistics(from: sums.over(ranks, pixels: pixels), in: arena))
  }

  /// Finds the gradient of a convolution's weights from that of its output.
  ///
  /// `input` gives what it read of some images. The gradient of that goes to `result`, where it is wanted, and
  /// `finish` does the rest of it, task by task.
  func backward(
    _ layer: PlannedConvolution, _ gradient: OutputGradient,
    reading input: @Sendable (Range<Int>, Arena) -> UnsafeRawPointer,
    weight: inout Parameter, to result: PackedMap? = nil,
    _ finish: @Sendable (Int, Range<Int>, Arena) -> Void = { _, _, _ in }
  ) {
    let mark = arena.position
    defer { arena.position = mark }
    let parts = WeightGradientParts(layer, in: arena)
    layer.each { task, images in
      arena.workers.lend { memory in
        let outer = gradient.resolved(images, in: memory)
        parts.add(task, input(images, memory), outer, images: images.count, borrowing: memory)
        guard let result else { return }
        layer.inputGradient(
          of: outer, images: images.count, result: result.at(images.lowerBound), borrowing: memory)
        finish(task, images, memory)
      }
    }
    parts.sum(into: &weight, borrowing: arena.workers)
  }

  /// Sums of two normalised maps, which `body` adds to task by task.
  func sums(
    _ tasks: Int, channels: Int,
    _ body: (UnsafeMutablePointer<Double>, UnsafeMutablePointer<Double>) -> Void
  ) -> (ChannelSums, ChannelSums) {
    var second: ChannelSums?
    let first = ChannelSums(blocks: tasks, channels: channels) { first in
      second = ChannelSums(blocks: tasks, channels: channels) { body(first, $0) }
    }
    return (first, second ?? first)
  }

  /// Masks the gradient of a map by what stands behind it.
  func masked(_ gradient: PackedMap, by behind: Behind, images: Int) -> MaskedGradient {
    let channels = gradient.shape.channels
    let count = gradient.shape.count
    let (first, second) = sums((count + images - 1) / images, channels: channels) { first, second in
      nonisolated(unsafe) let (first, second) = (first, second)
      parallel(over: count, chunk: images) { task, range in
        let place = task * 2 * channels
        behind.mask(gradient, range, sums: first + place, second: second + place)
      }
    }
    return MaskedGradient(map: gradient, first: first, second: second)
  }
}

/// The gradients of weights that tasks find, each that of its images.
struct WeightGradientParts: @unchecked Sendable {
  private let layer: PlannedConvolution
  private let base: UnsafeMutablePointer<Float>
  private let length: Int

  init(_ layer: PlannedConvolution, in arena: Arena) {
    self.layer = layer
    length = (layer.gradientFloats + 15) / 16 * 16
    base = arena.floats(length * layer.tasks)
  }

  func add(
    _ task: Int, _ input: UnsafeRawPointer, _ gradient: UnsafeRawPointer, images: Int,
    borrowing memory: Arena
  ) {
    layer.weightGradient(
      input, gradient, images: images, result: base + task * length, borrowing: memory)
  }

  /// Sets the gradient of weights to their sum, added in order.
  func sum(into weight: inout Parameter, borrowing pool: ArenaPool) {
    parallel(over: layer.gradientFloats, chunk: 1 << 14) { _, range in
      for task in stride(from: 1, to: layer.tasks, by: 1) {
        reber_add(
          base + range.lowerBound, base + task * length + range.lowerBound, range.count)
      }
    }
    pool.lend { layer.set(&weight.gradient, to: base, borrowing: $0) }
  }
}
