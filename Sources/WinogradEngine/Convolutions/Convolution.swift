internal import CKernels
internal import NeuralNetwork
internal import Tensor

/// A convolution without bias, padded so that stride 1 keeps the size of a map.
///
/// Batch normalisation always stands behind it, and is built into both of its passes: forwards the
/// output's sums are found while it is written, backwards the normalisation's gradient is computed
/// while it is read.
package struct Convolution: Sendable {
  /// `[outputs, inputs, kernel, kernel]`.
  package var weight: Parameter

  package let stride: Int

  /// What products are computed from, but those of gathered windows, which are always float32.
  let precision: Precision

  /// Says how large the blocks of its way are.
  var kernels = KernelTable.measured

  package var outputs: Int { weight.value.shape[0] }
  package var inputs: Int { weight.value.shape[1] }
  package var kernel: Int { weight.value.shape[2] }

  /// Draws weights by He's rule.
  init(
    inputs: Int, outputs: Int, kernel: Int, stride: Int, precision: Precision = .float32,
    using random: inout RandomStream
  ) {
    weight = .normal(
      [outputs, inputs, kernel, kernel], fan: outputs * kernel * kernel, using: &random)
    (self.stride, self.precision) = (stride, precision)
  }

  /// The shape of the output over an input.
  func output(of input: MapShape) -> MapShape {
    let window = window(over: input)
    return MapShape(
      count: input.count, height: Int(window.rows), width: Int(window.columns), channels: outputs)
  }

  func window(over input: MapShape) -> reber_window {
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
    let output = arena.map(output(of: input.map.shape))
    let mark = arena.position
    defer { arena.position = mark }
    let way = way(
      .forward, over: input.map.shape, by: Workers(memory: arena.workers, isAlone: false))
    var epilogue = reber_epilogue()
    epilogue.pivot = pivot
    epilogue.streamed = output.isLarge ? 1 : 0
    let sums = way.forward(
      input, weights: way.weights(weight.value, in: arena), epilogue: epilogue, output: output)
    guard let sums else { preconditionFailure("a pivot without sums") }
    return (output, sums)
  }

  /// Adds to the weights' gradient, and writes that of the input.
  ///
  /// - Returns: Sums of g and g (y − mean) for a masked result g.
  @discardableResult
  mutating func backward(
    _ gradient: NormalisedGradient, input: Activation, result: InputGradient, in arena: Arena
  ) -> ChannelSums? {
    let mark = arena.position
    defer { arena.position = mark }
    return way(
      .backward, over: input.map.shape, by: Workers(memory: arena.workers, isAlone: false)
    ).backward(gradient, input: input, weight: &weight, result: result, in: arena)
  }
}
