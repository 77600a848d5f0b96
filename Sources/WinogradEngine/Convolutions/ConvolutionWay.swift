internal import CKernels
internal import Tensor

/// Every way to convolve, the best first.
///
/// A new one stands here with its own file and its kernels in C; the last fits everything.
private let ways: [any ConvolutionWay.Type] = [
  Winograd.self, StridedWinograd.self, Pointwise.self, Im2col.self,
]

extension Convolution {
  /// The first way that fits maps of a shape.
  func way(
    _ pass: ConvolutionPass, over shape: MapShape, by workers: Workers
  ) -> any ConvolutionWay {
    for way in ways {
      if let fitting = way.init(self, pass, over: shape, by: workers) { return fitting }
    }
    preconditionFailure("no way to convolve maps of shape \(shape)")
  }
}

/// The two directions of a convolution.
enum ConvolutionPass: Sendable {
  case forward
  case backward
}

/// A way to convolve maps of one shape in one direction.
protocol ConvolutionWay: Sendable {
  /// Fits a convolution over maps of a shape; `nil` where another way must serve or is faster.
  init?(
    _ convolution: Convolution, _ pass: ConvolutionPass, over shape: MapShape, by workers: Workers)

  /// The weights `[outputs, inputs, kernel, kernel]` as the way reads them in its direction.
  func weights(_ weight: Tensor, in arena: Arena) -> UnsafePointer<Float>

  /// Convolves.
  ///
  /// - Parameters:
  ///   - input: What is convolved.
  ///   - weights: What `weights` made.
  ///   - epilogue: What becomes of the output while it is written; its `sums` are the way's own.
  ///   - output: Where it goes.
  /// - Returns: Sums of (y − pivot) and its square over the output y, if there is a pivot.
  func forward(
    _ input: Activation, weights: UnsafePointer<Float>, epilogue: reber_epilogue,
    output: FeatureMap
  ) -> ChannelSums?

  /// Adds to the gradient of the weights, and writes that of the input.
  ///
  /// - Parameters:
  ///   - gradient: That of the output.
  ///   - input: What was convolved.
  ///   - weight: The weights, whose gradient grows.
  ///   - result: What is wanted of the input's gradient.
  ///   - arena: Memory, which is free again afterwards.
  /// - Returns: Sums of g and g (y − mean) for a masked result g.
  func backward(
    _ gradient: NormalisedGradient, input: Activation, weight: inout Parameter,
    result: InputGradient, in arena: Arena
  ) -> ChannelSums?
}

/// What a convolution's backward pass gives besides the gradient of its weights.
enum InputGradient {
  /// Nothing: nothing before it learns.
  case none

  /// The gradient of the input, plus another map if there is one.
  case plain(FeatureMap, plus: FeatureMap?)

  /// The gradient of the input, added to what a map holds.
  case added(to: FeatureMap)

  /// The gradient before the ReLU that the input is of a normalised map, and sums with that map.
  case masked(FeatureMap, by: Normalised)

  /// Where it goes.
  var map: FeatureMap? {
    switch self {
    case .none: nil
    case .plain(let map, _), .added(let map), .masked(let map, _): map
    }
  }

  /// Whether it is added to what its map holds.
  var isAdded: Bool {
    if case .added = self { true } else { false }
  }

  /// What is done with it while it is written.
  var epilogue: reber_epilogue {
    var epilogue = reber_epilogue()
    switch self {
    case .none: break
    case .plain(_, let other): epilogue.residual = UnsafePointer(other?.base)
    case .added(let map): epilogue.residual = UnsafePointer(map.base)
    case .masked(let map, let behind):
      epilogue.streamed = map.isLarge ? 1 : 0
      epilogue.mapped = UnsafePointer(behind.map.base)
      epilogue.scale = UnsafePointer(behind.statistics.affine.scale)
      epilogue.shift = UnsafePointer(behind.statistics.affine.shift)
      epilogue.pivot = UnsafePointer(behind.statistics.mean)
    }
    return epilogue
  }

  /// Adds or masks afterwards, where the map holds the gradient of the input, or has had it added.
  func completed() -> ChannelSums? {
    switch self {
    case .none, .added: return nil
    case .plain(let map, let other):
      if let other { map.add(other) }
      return nil
    case .masked(let map, let behind):
      return behind.maskedSums(map, activation: nil, into: map)
    }
  }
}

extension reber_epilogue {
  /// Runs a body that leaves sums, a block each, if there is a pivot to take them from.
  func summing(
    blocks: Int, channels: Int, _ body: (reber_epilogue) -> Void
  ) -> ChannelSums? {
    guard pivot != nil else {
      body(self)
      return nil
    }
    return ChannelSums(blocks: blocks, channels: channels) { sums in
      var own = self
      own.sums = sums
      body(own)
    }
  }

  /// The same with the sums of one block.
  func block(_ index: Int, channels: Int) -> reber_epilogue {
    var own = self
    if let sums { own.sums = sums + index * 2 * channels }
    return own
  }
}

extension reber_epilogue {
  /// Finishes pixels that are stored: takes their sums, or adds to them.
  func finish(_ output: FeatureMap, _ range: Range<Int>) {
    let (base, channels) = (output.at(range.lowerBound), output.channels)
    if let pivot, let sums {
      reber_channel_sums(base, pivot, range.count, channels, sums)
    } else {
      let residual = self.residual.map { $0 + range.lowerBound * channels }
      reber_bias(base, bias, residual, range.count, channels, rectified)
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
