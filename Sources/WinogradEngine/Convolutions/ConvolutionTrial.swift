package import NeuralNetwork
internal import Tensor

/// One convolution alone, forwards and backwards, for benchmarks.
package struct ConvolutionTrial {
  private var convolution: Convolution
  private let arena = Arena()
  private let input: FeatureMap
  private let statistics: BatchNorm.Statistics
  private let gradient: FeatureMap
  private let result: FeatureMap

  /// A convolution over `count` maps of `side` by `side` pixels, all of them noise.
  ///
  /// `tiles` is the way of a `KernelTable`; `nil` is what the measured one says.
  package init(
    inputs: Int, outputs: Int, kernel: Int, stride: Int, side: Int, count: Int, tiles: Int? = nil,
    precision: Precision = .float32
  ) {
    var random = RandomStream(1)
    convolution = Convolution(
      inputs: inputs, outputs: outputs, kernel: kernel, stride: stride, precision: precision,
      using: &random)
    if let tiles { convolution.kernels = .always(tiles) }
    input = arena.map(
      MapShape(count: count, height: side, width: side, channels: inputs))
    for index in 0..<input.elements { input.base[index] = random.uniform(-1...1) }
    var norm = BatchNorm(channels: outputs)
    statistics = convolution.forward(Activation(input), &norm, in: arena, map: arena).statistics
    gradient = arena.map(convolution.output(of: input.shape))
    gradient.base.update(repeating: 0.01, count: gradient.elements)
    result = arena.map(input.shape)
  }

  /// Convolves once.
  package mutating func forward() {
    let mark = arena.position
    defer { arena.position = mark }
    _ = convolution.forward(Activation(input), pivot: UnsafePointer(statistics.mean), in: arena)
  }

  /// Finds the gradients of input and weights once.
  package mutating func backward() {
    let mark = arena.position
    defer { arena.position = mark }
    let normalised = NormalisedGradient(
      gradient: gradient, map: gradient, a: statistics.affine.scale, b: statistics.affine.shift,
      c: statistics.mean)
    convolution.backward(
      normalised, input: Activation(input), result: .plain(result, plus: nil), in: arena)
  }
}
