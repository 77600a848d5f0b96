internal import CKernels
internal import Tensor

/// A convolution without bias, padded so that stride 1 keeps the size of a map.
struct Convolution: Sendable {
  /// `[outputs, inputs, kernel, kernel]`.
  var weight: Parameter

  let stride: Int

  var outputs: Int { weight.value.shape[0] }
  var inputs: Int { weight.value.shape[1] }
  var kernel: Int { weight.value.shape[2] }

  /// Draws weights by He's rule.
  init(inputs: Int, outputs: Int, kernel: Int, stride: Int, using random: inout RandomStream) {
    weight = .normal(
      [outputs, inputs, kernel, kernel], fan: outputs * kernel * kernel, using: &random)
    self.stride = stride
  }

  /// The shape of the output for an input.
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

  /// Convolves a batch.
  func forward(_ input: Activation, in arena: Arena) -> FeatureMap {
    let output = output(of: input.map, in: arena)
    let weights = matrix(in: arena)
    Im2col(window: window(over: input.map), outputs: outputs)
      .forward(input, weights: weights, output: output)
    return output
  }

  /// Adds to the weights' gradient, and writes that of the activation it read to `result`, unless
  /// nothing needs it.
  mutating func backward(
    _ gradient: FeatureMap, input: Activation, result: FeatureMap?, in arena: Arena
  ) {
    let product = Im2col(window: window(over: input.map), outputs: outputs)
    let mark = arena.position
    let parts = product.weightGradient(gradient, input: input, in: arena)
    addGradient(parts)
    if let result {
      product.inputGradient(gradient, weights: matrix(in: arena), result: result)
    }
    arena.position = mark
  }

  /// The weights as a matrix `[kernel * kernel * inputs, outputs]`.
  func matrix(in arena: Arena) -> UnsafePointer<Float> {
    let (outputs, inputs, area) = (outputs, inputs, kernel * kernel)
    let matrix = arena.floats(weight.value.values.count)
    weight.value.values.withUnsafeBufferPointer { values in
      guard let values = values.baseAddress else { return }
      reber_weights_matrix(values, outputs, inputs, area, matrix)
    }
    return UnsafePointer(matrix)
  }

  private mutating func addGradient(_ matrix: UnsafePointer<Float>) {
    let (outputs, inputs, area) = (outputs, inputs, kernel * kernel)
    weight.gradient.values.withUnsafeMutableBufferPointer { gradient in
      guard let gradient = gradient.baseAddress else { return }
      reber_add_weights_matrix(matrix, outputs, inputs, area, gradient)
    }
  }
}
