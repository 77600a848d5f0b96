internal import CKernels
internal import Tensor

/// A convolution without bias, padded so that stride 1 keeps the size of a map.
///
/// Batch normalisation always stands behind it, and is built into both of its passes: forwards the
/// output's sums are found while it is written, backwards the normalisation's gradient is computed
/// while it is read.
struct Convolution: Sendable {
  /// `[outputs, inputs, kernel, kernel]`.
  var weight: Parameter

  let stride: Int

  /// Chooses the way by the shape.
  var kernels = KernelTable.measured

  /// What products are computed from, but those of gathered windows, which are always float32.
  var precision = Precision.float32

  var outputs: Int { weight.value.shape[0] }
  var inputs: Int { weight.value.shape[1] }
  var kernel: Int { weight.value.shape[2] }

  /// Draws weights by He's rule.
  init(inputs: Int, outputs: Int, kernel: Int, stride: Int, using random: inout RandomStream) {
    weight = .normal(
      [outputs, inputs, kernel, kernel], fan: outputs * kernel * kernel, using: &random)
    self.stride = stride
  }

  /// Memory for the output over an input.
  func output(of input: FeatureMap, in arena: Arena) -> FeatureMap {
    let window = window(over: input)
    return arena.map(input.count, Int(window.rows), Int(window.columns), outputs)
  }

  func window(over input: FeatureMap) -> reber_window {
    let padding = kernel / 2
    func size(_ size: Int) -> Int32 { Int32((size + 2 * padding - kernel) / stride + 1) }
    return reber_window(
      count: Int32(input.count), height: Int32(input.height), width: Int32(input.width),
      channels: Int32(input.channels), kernel: Int32(kernel), stride: Int32(stride),
      padding: Int32(padding), rows: size(input.height), columns: size(input.width))
  }

  /// Convolves a batch, and gives sums of (y − pivot) and its square over the output y.
  func forward(_ input: Activation, pivot: UnsafePointer<Float>, in arena: Arena)
    -> (output: FeatureMap, sums: ChannelSums)
  {
    let output = output(of: input.map, in: arena)
    let mark = arena.position
    defer { arena.position = mark }
    let tiles = kernels.tiles(.forward, self)
    if let winograd = Winograd(self, over: input.map, tiles: tiles, workers: arena.workers) {
      let weights = winograd.weights(weight.value, transposed: false, in: arena)
      let sums = winograd.sums(outputs) { sums in
        var epilogue = reber_epilogue()
        (epilogue.pivot, epilogue.sums) = (pivot, sums)
        winograd.forward(input.source, weights: weights, epilogue: epilogue, output: output)
      }
      return (output, sums)
    }
    if let strided = StridedWinograd(self, over: input.map, tiles: tiles, workers: arena.workers) {
      let weights = strided.weights(weight.value, transposed: false, in: arena)
      let sums = strided.sums { sums in
        var epilogue = reber_epilogue()
        (epilogue.pivot, epilogue.sums) = (pivot, sums)
        strided.forward(input.source, weights: weights, epilogue: epilogue, output: output)
      }
      return (output, sums)
    }
    let product = Im2col(
      window: window(over: input.map), outputs: outputs, workers: arena.workers)
    product.forward(input, weights: product.panels(weight.value, in: arena), output: output)
    let sums = ChannelSums(pixels: output.pixels, channels: outputs) { first, count, sums in
      reber_channel_sums(output.at(first), pivot, count, outputs, sums)
    }
    return (output, sums)
  }
}

/// What a convolution's backward pass gives besides the gradient of its weights.
enum InputGradient {
  /// Nothing: nothing before it learns.
  case none

  /// The gradient of the input, plus another map if there is one.
  case plain(FeatureMap, plus: FeatureMap?)

  /// The gradient before the ReLU that the input is of a normalised map, and sums with that map.
  case masked(FeatureMap, by: Normalised)

  /// Where it goes.
  var map: FeatureMap? {
    switch self {
    case .none: nil
    case .plain(let map, _), .masked(let map, _): map
    }
  }

  /// Adds or masks, where the map holds the plain gradient of the input.
  func completed() -> ChannelSums? {
    switch self {
    case .none: return nil
    case .plain(let map, let other):
      if let other { map.add(other) }
      return nil
    case .masked(let map, let behind):
      return behind.maskedSums(map, activation: nil, into: map)
    }
  }
}

extension Convolution {
  /// Adds to the weights' gradient, and writes that of the input.
  ///
  /// - Returns: Sums of g and g (y − mean) for a masked result g.
  @discardableResult
  mutating func backward(
    _ gradient: NormalisedGradient, input: Activation, result: InputGradient, in arena: Arena
  ) -> ChannelSums? {
    let mark = arena.position
    defer { arena.position = mark }
    let tiles = kernels.tiles(.backward, self)
    if let winograd = Winograd(self, over: input.map, tiles: tiles, workers: arena.workers) {
      return backward(by: winograd, gradient, input, result, arena)
    }
    if let strided = StridedWinograd(self, over: input.map, tiles: tiles, workers: arena.workers) {
      return backward(by: strided, gradient, input, result, arena)
    }
    return backwardByGathering(gradient, input, result, arena)
  }

  private mutating func backward(
    by winograd: Winograd, _ gradient: NormalisedGradient, _ input: Activation,
    _ result: InputGradient, _ arena: Arena
  ) -> ChannelSums? {
    var epilogue = reber_epilogue()
    var target: FeatureMap?
    var isMasked = false
    switch result {
    case .none: break
    case .plain(let map, let other): (target, epilogue.residual) = (map, UnsafePointer(other?.base))
    case .masked(let map, let behind):
      target = map
      isMasked = true
      epilogue.mapped = UnsafePointer(behind.map.base)
      epilogue.scale = UnsafePointer(behind.statistics.affine.scale)
      epilogue.shift = UnsafePointer(behind.statistics.affine.shift)
      epilogue.pivot = UnsafePointer(behind.statistics.mean)
    }
    let weights = target.map { _ in
      winograd.weights(weight.value, transposed: true, in: arena)
    }
    let sums = winograd.sums(inputs) { sums in
      epilogue.sums = isMasked ? sums : nil
      winograd.backward(
        gradient.source, input: input.source, weights: weights, epilogue: epilogue,
        target: target, into: &weight.gradient, in: arena)
    }
    return isMasked ? sums : nil
  }

  private mutating func backward(
    by strided: StridedWinograd, _ gradient: NormalisedGradient, _ input: Activation,
    _ result: InputGradient, _ arena: Arena
  ) -> ChannelSums? {
    strided.backward(
      gradient.source, input: input.source,
      weights: strided.weights(weight.value, transposed: true, in: arena), target: result.map,
      into: &weight.gradient, in: arena)
    return result.completed()
  }

  private mutating func backwardByGathering(
    _ gradient: NormalisedGradient, _ input: Activation, _ result: InputGradient, _ arena: Arena
  ) -> ChannelSums? {
    let product = Im2col(
      window: window(over: input.map), outputs: outputs, workers: arena.workers)
    let own = gradient.resolved(in: arena)
    addGradient(product.weightGradient(own, input: input, in: arena))
    if let map = result.map {
      product.inputGradient(
        own, weights: product.panels(weight.value, transposed: true, in: arena), result: map)
    }
    return result.completed()
  }

  private mutating func addGradient(_ matrix: UnsafePointer<Float>) {
    let (outputs, inputs, area) = (outputs, inputs, kernel * kernel)
    weight.gradient.values.withUnsafeMutableBufferPointer { gradient in
      guard let gradient = gradient.baseAddress else { return }
      reber_add_weights_matrix(matrix, outputs, inputs, area, gradient)
    }
  }
}

extension Activation {
  /// As the kernels see it.
  var source: reber_source {
    var source = reber_source()
    source.x = UnsafePointer(map.base)
    source.first = UnsafePointer(affine?.scale)
    source.second = UnsafePointer(affine?.shift)
    return source
  }
}
