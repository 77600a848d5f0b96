internal import CKernels
internal import NeuralNetwork
internal import Tensor
internal import WinogradEngine

/// What a forward pass leaves for the backward pass.
///
/// Unchecked, because only the forward pass that made it changes it.
final class Tape: @unchecked Sendable {
  let step: Step
  let plan: PlannedNetwork
  private let memory: ArenaPool
  var stem: (input: PackedMap, first: NormalisedMap)?

  /// The stem's map before the largest of its windows are taken, where they are.
  var stemMap: PackedMap?

  var records: [BlockRecord] = []

  init(_ memory: ArenaPool, _ step: Step, _ plan: PlannedNetwork) {
    (self.memory, self.step, self.plan) = (memory, step, plan)
  }

  deinit { memory.give(step.arena) }
}

/// What the backward pass of a block needs: maps before normalisation, and the output.
struct BlockRecord: Sendable {
  let input: PackedMap
  let first: NormalisedMap
  let second: NormalisedMap
  let shortcut: NormalisedMap?
  let output: PackedMap

  /// What masks the gradient of the output.
  var behind: Behind { Behind(activation: output, first: second, second: shortcut) }
}

extension OneDNNEncoder {
  mutating func forward(_ images: Tensor, among ranks: any Ranks) -> Tensor {
    checkShape(of: images)
    tape = nil
    let step = Step(arena: memory.take(), ranks: ranks, precision: precision)
    let shape = MapShape(
      count: images.shape[0], height: images.shape[1], width: images.shape[2], channels: 1)
    let tape = Tape(
      memory, step,
      PlannedNetwork(layers, images: shape, precision: precision, library: library, in: step.arena))
    self.tape = tape
    let input = step.map(shape)
    input.become(images)
    var map = forwardStem(input, tape)
    for index in layers.blocks.indices {
      tape.records.append(layers.blocks[index].forward(map, tape.plan.blocks[index], in: step))
      map = tape.records[index].output
    }
    return map.pooled(as: architecture, borrowing: step.arena.workers)
  }

  private mutating func forwardStem(_ input: PackedMap, _ tape: Tape) -> PackedMap {
    let step = tape.step
    let first = step.convolve(tape.plan.stem, &layers.stemNorm) { images, _ in
      UnsafeRawPointer(input.at(images.lowerBound))
    }
    tape.stem = (input, first)
    let map = step.map(first.map.shape)
    tape.plan.stem.each { _, images in first.rectify(images, into: map.at(images.lowerBound)) }
    guard architecture.stem != nil else { return map }
    tape.stemMap = map
    let largest = step.map(map.shape.halved)
    largest.becomeLargest(of: map, borrowing: step.arena.workers)
    return largest
  }

  mutating func backward(_ gradient: Tensor, into sums: GradientSums?) {
    guard let tape, let last = tape.records.last else {
      preconditionFailure("backward needs a forward pass of the same value before it")
    }
    self.tape = nil
    let (step, workers) = (tape.step, tape.step.arena.workers)
    // Two maps of the largest size take turns.
    let size =
      tape.records.map { max($0.input.shape.elements, $0.output.shape.elements) }.max() ?? 0
    var (own, other) = (
      step.arena.bytes(size * precision.bytes), step.arena.bytes(size * precision.bytes)
    )
    let start = PackedMap(base: own, shape: last.output.shape, precision: precision)
    start.become(gradient, ofEmbeddingsOf: last.output, as: architecture, borrowing: workers)
    var current = step.masked(start, by: last.behind, images: 16)
    for index in layers.blocks.indices.reversed() {
      let record = tape.records[index]
      let result = PackedMap(base: other, shape: record.input.shape, precision: precision)
      let behind = index > 0 ? tape.records[index - 1].behind : tape.behindStem
      current = layers.blocks[index].backward(
        current, record, tape.plan.blocks[index], to: result, masking: behind, in: step)
      sums?.begin(&layers.blocks[index])
      swap(&own, &other)
    }
    backwardStem(current, tape)
    sums?.begin(&layers.stem)
    sums?.begin(&layers.stemNorm)
  }

  private mutating func backwardStem(_ gradient: MaskedGradient, _ tape: Tape) {
    guard let (input, first) = tape.stem else { preconditionFailure("a tape without a stem") }
    let step = tape.step
    var current = gradient
    if let map = tape.stemMap {
      let wide = step.map(map.shape)
      wide.become(
        gradient.map, ofLargest: tape.records[0].input, of: map, borrowing: step.arena.workers)
      current = step.masked(wide, by: Behind(activation: nil, first: first, second: nil), images: 4)
    }
    let slopes = layers.stemNorm.slopes(
      current.first, of: first.statistics, pixels: first.map.shape.pixels, in: step.arena,
      among: step.ranks)
    step.backward(
      tape.plan.stem, OutputGradient(gradient: current.map, output: first.map, slopes: slopes),
      reading: { images, _ in UnsafeRawPointer(input.at(images.lowerBound)) },
      weight: &layers.stem.weight)
  }

  mutating func take(_ sums: GradientSums) { layers.take(sums) }
}

extension Tape {
  /// What masks the gradient of the stem's output; nothing where the largest of windows stand between.
  fileprivate var behindStem: Behind? {
    guard stemMap == nil else { return nil }
    return stem.map { Behind(activation: nil, first: $0.first, second: nil) }
  }
}

extension Block {
  /// Finds the output, and the maps before it.
  fileprivate mutating func forward(
    _ input: PackedMap, _ plan: PlannedNetwork.PlannedBlock, in step: Step
  ) -> BlockRecord {
    let reading: @Sendable (Range<Int>, Arena) -> UnsafeRawPointer = { images, _ in
      UnsafeRawPointer(input.at(images.lowerBound))
    }
    let first = step.convolve(plan.first, &firstNorm, reading: reading)
    let second = step.convolve(plan.second, &secondNorm) { first.rectified($0, in: $1) }
    var side: NormalisedMap?
    if let planned = plan.shortcut, var own = shortcut {
      side = step.convolve(planned, &own.norm, reading: reading)
      shortcut = own
    }
    let output = step.map(second.map.shape)
    let (own, other) = (second.statistics.affine, side?.statistics.affine)
    let residual = side?.map ?? input
    plan.second.each { _, images in
      let start = images.lowerBound
      reber_map_normalise(
        output.precision.kernel, second.map.at(start), own.scale, own.shift, residual.at(start),
        other?.scale, other?.shift, output.pixels(of: images), output.shape.channels,
        output.at(start))
    }
    return BlockRecord(input: input, first: first, second: second, shortcut: side, output: output)
  }

  /// Finds the parameters' gradients, and the input's, which is masked by what stands behind it.
  fileprivate mutating func backward(
    _ gradient: MaskedGradient, _ record: BlockRecord, _ plan: PlannedNetwork.PlannedBlock,
    to result: PackedMap, masking behind: Behind?, in step: Step
  ) -> MaskedGradient {
    let arena = step.arena
    let mark = arena.position
    defer { arena.position = mark }
    let between = backwardSecond(gradient, record, plan, in: step)
    let slopes = firstNorm.slopes(
      between.first, of: record.first.statistics, pixels: record.first.map.shape.pixels, in: arena,
      among: step.ranks)
    let outer = OutputGradient(gradient: between.map, output: record.first.map, slopes: slopes)
    let side = backwardSide(gradient, record, plan, in: step)
    let identity = gradient.map
    let (sums, others) = step.sums(plan.first.tasks, channels: result.shape.channels) {
      sums, others in
      nonisolated(unsafe) let (sums, others) = (sums, others)
      step.backward(
        plan.first, outer,
        reading: { images, _ in UnsafeRawPointer(record.input.at(images.lowerBound)) },
        weight: &first.weight, to: result
      ) { task, images, memory in
        let other =
          side?.add(task, record.input, images, memory)
          ?? UnsafeRawPointer(identity.at(images.lowerBound))
        reber_map_add(
          step.precision.kernel, result.at(images.lowerBound), other,
          result.pixels(of: images) * result.shape.channels)
        let place = task * 2 * result.shape.channels
        behind?.mask(result, images, sums: sums + place, second: others + place)
      }
    }
    if var own = shortcut, let side {
      shortcut = nil
      side.parts.sum(into: &own.convolution.weight, borrowing: arena.workers)
      shortcut = own
    }
    return MaskedGradient(map: result, first: sums, second: others)
  }

  /// The same of the second convolution alone.
  private mutating func backwardSecond(
    _ gradient: MaskedGradient, _ record: BlockRecord, _ plan: PlannedNetwork.PlannedBlock,
    in step: Step
  ) -> MaskedGradient {
    let slopes = secondNorm.slopes(
      gradient.first, of: record.second.statistics, pixels: record.second.map.shape.pixels,
      in: step.arena, among: step.ranks)
    let outer = OutputGradient(gradient: gradient.map, output: record.second.map, slopes: slopes)
    let between = step.map(record.first.map.shape)
    let behind = Behind(activation: nil, first: record.first, second: nil)
    let channels = between.shape.channels
    let (sums, _) = step.sums(plan.second.tasks, channels: channels) { sums, others in
      nonisolated(unsafe) let (sums, others) = (sums, others)
      step.backward(
        plan.second, outer, reading: { record.first.rectified($0, in: $1) }, weight: &second.weight,
        to: between
      ) { task, images, _ in
        let place = task * 2 * channels
        behind.mask(between, images, sums: sums + place, second: others + place)
      }
    }
    return MaskedGradient(map: between, first: sums, second: sums)
  }

  /// The shortcut's part of the backward pass, which goes on with that of the first convolution.
  private mutating func backwardSide(
    _ gradient: MaskedGradient, _ record: BlockRecord, _ plan: PlannedNetwork.PlannedBlock,
    in step: Step
  ) -> Side? {
    guard let planned = plan.shortcut, let normalised = record.shortcut, var own = shortcut else {
      return nil
    }
    let slopes = own.norm.slopes(
      gradient.second, of: normalised.statistics, pixels: normalised.map.shape.pixels,
      in: step.arena, among: step.ranks)
    shortcut = own
    return Side(
      layer: planned,
      gradient: OutputGradient(gradient: gradient.map, output: normalised.map, slopes: slopes),
      parts: WeightGradientParts(planned, in: step.arena))
  }
}

/// The backward pass of a shortcut's convolution.
private struct Side: Sendable {
  let layer: PlannedConvolution
  let gradient: OutputGradient
  let parts: WeightGradientParts

  /// Finds a task's part of the gradient of the weights, and the gradient of its input.
  func add(_ task: Int, _ input: PackedMap, _ images: Range<Int>, _ memory: Arena)
    -> UnsafeRawPointer
  {
    let outer = gradient.resolved(images, in: memory)
    parts.add(
      task, UnsafeRawPointer(input.at(images.lowerBound)), outer, images: images.count,
      borrowing: memory)
    let result = memory.bytes(images.count * input.imageBytes)
    layer.inputGradient(of: outer, images: images.count, result: result, borrowing: memory)
    return UnsafeRawPointer(result)
  }
}
