internal import NeuralNetwork
internal import Tensor
internal import WinogradEngine

/// What decides how a convolution goes over one map, besides its weights.
struct Geometry: Hashable {
  let height: Int
  let width: Int
  let inputs: Int
  let outputs: Int
  let kernel: Int
  let stride: Int

  init(_ convolution: Convolution, over map: MapShape) {
    (height, width, inputs) = (map.height, map.width, map.channels)
    (outputs, kernel, stride) = (convolution.outputs, convolution.kernel, convolution.stride)
  }

  /// The shape of the output over so many maps.
  func output(_ count: Int) -> MapShape {
    func size(_ size: Int) -> Int { (size + 2 * (kernel / 2) - kernel) / stride + 1 }
    return MapShape(count: count, height: size(height), width: size(width), channels: outputs)
  }

  /// The numbers of the larger of input and output, of one map.
  var largest: Int { max(height * width * inputs, output(1).elements) }
}

/// A convolution over a batch: in which parts it goes over it, and its weights as oneDNN reads them.
///
/// Unchecked, because its weights are views on an arena's memory that is only read.
struct PlannedConvolution: @unchecked Sendable {
  let geometry: Geometry
  let count: Int
  let precision: Precision
  let library: Library

  /// Images that one task takes through: few enough for their maps to stay in the second-level cache.
  let images: Int

  private(set) var weights: [PassKind: UnsafeMutableRawPointer] = [:]

  /// Plans it, with memory for the weights of some passes.
  init(
    _ geometry: Geometry, count: Int, images: Int? = nil, precision: Precision, library: Library,
    passes: [PassKind], in arena: Arena
  ) {
    (self.geometry, self.count) = (geometry, count)
    (self.precision, self.library) = (precision, library)
    let fitting = (1 << 20) / (geometry.largest * precision.bytes)
    self.images = images ?? max(1, min(32, fitting, count))
    for kind in passes {
      weights[kind] = UnsafeMutableRawPointer(arena.floats(library.weightFloats(of: pass(kind))))
    }
  }

  /// The tasks that it takes.
  var tasks: Int { (count + images - 1) / images }

  var output: MapShape { geometry.output(count) }

  private func pass(_ kind: PassKind, over images: Int? = nil) -> Library.Pass {
    Library.Pass(
      kind: kind, geometry: geometry, precision: precision, count: images ?? self.images,
      whole: self.images)
  }

  /// Copies weights `[outputs, inputs, kernel, kernel]` to where its passes read them.
  func prepare(_ weights: Tensor, borrowing memory: Arena) {
    weights.values.withUnsafeBytes { values in
      guard let values = values.baseAddress else { return }
      for (kind, place) in self.weights {
        library.copyWeights(for: pass(kind), from: values, to: place, borrowing: memory)
      }
    }
  }

  /// Runs a body for each task, all at once.
  func each(_ body: @Sendable (_ task: Int, _ images: Range<Int>) -> Void) {
    parallel(over: count, chunk: images, body)
  }

  /// Convolves some maps, by the pass `kind`.
  func apply(
    _ kind: PassKind, to input: UnsafeRawPointer, images: Int, bias: UnsafePointer<Float>? = nil,
    output: UnsafeMutableRawPointer, borrowing memory: Arena
  ) {
    var arguments = [
      (Argument.input, input), (Argument.weights, read(kind)),
      (Argument.output, UnsafeRawPointer(output)),
    ]
    if let bias { arguments.append((Argument.bias, UnsafeRawPointer(bias))) }
    library.primitive(pass(kind, over: images)).run(arguments, borrowing: memory)
  }

  /// Finds the gradient of some maps from that of their output.
  func inputGradient(
    of gradient: UnsafeRawPointer, images: Int, result: UnsafeMutableRawPointer,
    borrowing memory: Arena
  ) {
    library.primitive(pass(.inputGradient, over: images)).run(
      [
        (Argument.outputGradient, gradient), (Argument.weights, read(.inputGradient)),
        (Argument.inputGradient, UnsafeRawPointer(result)),
      ], borrowing: memory)
  }

  /// Finds the gradient of the weights from some maps and that of their output.
  func weightGradient(
    _ input: UnsafeRawPointer, _ gradient: UnsafeRawPointer, images: Int,
    result: UnsafeMutablePointer<Float>, borrowing memory: Arena
  ) {
    library.primitive(pass(.weightGradient, over: images)).run(
      [
        (Argument.input, input), (Argument.outputGradient, gradient),
        (Argument.weightGradient, UnsafeRawPointer(result)),
      ], borrowing: memory)
  }

  /// The numbers that `weightGradient` leaves.
  var gradientFloats: Int { library.weightFloats(of: pass(.weightGradient)) }

  /// Sets a gradient `[outputs, inputs, kernel, kernel]` to what `weightGradient` left.
  func set(_ gradient: inout Tensor, to found: UnsafePointer<Float>, borrowing memory: Arena) {
    gradient.values.withUnsafeMutableBytes { target in
      guard let target = target.baseAddress else { return }
      library.copyWeights(for: pass(.weightGradient), from: found, to: target, borrowing: memory)
    }
  }

  private func read(_ kind: PassKind) -> UnsafeRawPointer {
    guard let weights = weights[kind] else { preconditionFailure("no weights for \(kind)") }
    return UnsafeRawPointer(weights)
  }
}

/// The convolutions of an encoder over a batch.
struct PlannedNetwork: Sendable {
  let stem: PlannedConvolution
  let blocks: [PlannedBlock]

  struct PlannedBlock: Sendable {
    let first: PlannedConvolution
    let second: PlannedConvolution
    let shortcut: PlannedConvolution?
  }

  /// Plans training on a batch of images, and prepares the weights.
  init(
    _ encoder: ResidualEncoder, images: MapShape, precision: Precision, library: Library,
    in arena: Arena
  ) {
    var tasks: [(PlannedConvolution, Tensor)] = []
    func plan(
      _ convolution: Convolution, over map: MapShape,
      _ passes: [PassKind] = [.plain, .inputGradient]
    ) -> PlannedConvolution {
      let planned = PlannedConvolution(
        Geometry(convolution, over: map), count: map.count, precision: precision, library: library,
        passes: passes, in: arena)
      tasks.append((planned, convolution.weight.value))
      return planned
    }
    stem = plan(encoder.stem, over: images, [.plain])
    var map = encoder.architecture.stem == nil ? stem.output : stem.output.halved
    blocks = encoder.blocks.map { block in
      let first = plan(block.first, over: map)
      let shortcut = block.shortcut.map { plan($0.convolution, over: map) }
      map = first.output
      return PlannedBlock(
        first: first, second: plan(block.second, over: map), shortcut: shortcut)
    }
    let all = tasks
    parallel(over: all.count, chunk: 1) { index, _ in
      arena.workers.lend { all[index].0.prepare(all[index].1, borrowing: $0) }
    }
  }
}
