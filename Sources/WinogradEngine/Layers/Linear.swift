internal import CKernels
internal import Tensor

/// y = x Wᵀ + b over rows.
struct Linear: Sendable {
  /// W, `[outputs, inputs]`.
  var weight: Parameter

  /// b, `[outputs]`.
  var bias: Parameter

  var outputs: Int { weight.value.shape[0] }

  /// Draws weights by He's rule, from the number of inputs.
  init(inputs: Int, outputs: Int, using random: inout RandomStream) {
    weight = .normal([outputs, inputs], fan: inputs, using: &random)
    bias = .constant(0, count: outputs)
  }

  /// Takes what was learned elsewhere.
  init(weights: Tensor, biases: Tensor) {
    weight = Parameter(weights, decays: true)
    bias = Parameter(biases, decays: false)
  }

  /// Applies it to rows `[n, inputs]`.
  func apply(_ x: Tensor) -> Tensor {
    var y = multiply(x, transposed: false, weight.value, transposed: true)
    let outputs = outputs
    y.values.withUnsafeMutableBufferPointer { y in
      guard let y = y.baseAddress else { return }
      for row in 0..<x.rows { reber_add(y + row * outputs, bias.value.values, outputs) }
    }
    return y
  }

  /// Adds to the parameters' gradients, and gives the input's.
  mutating func backward(_ gradient: Tensor, input: Tensor) -> Tensor {
    weight.add(multiply(gradient, transposed: true, input, transposed: false))
    let ones = Tensor([1, gradient.rows], repeating: 1)
    bias.add(multiply(ones, transposed: false, gradient, transposed: false))
    return multiply(gradient, transposed: false, weight.value, transposed: false)
  }
}

extension Parameter {
  fileprivate mutating func add(_ part: Tensor) {
    gradient.values.withUnsafeMutableBufferPointer { target in
      if let target = target.baseAddress { reber_add(target, part.values, part.values.count) }
    }
  }
}
