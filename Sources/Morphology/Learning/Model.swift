internal import NeuralNetwork
internal import Tensor

/// An encoder and the head over it, trained as one.
struct Model: Trainable, Sendable {
  var encoder: Encoder
  var head: Head

  mutating func visit(_ body: (String, inout Parameter) -> Void) {
    encoder.visit { body("encoder." + $0, &$1) }
    head.visit { body("head." + $0, &$1) }
  }

  var state: [String: Tensor] {
    encoder.state.prefixed("encoder.").merging(head.state.prefixed("head.")) { first, _ in first }
  }

  mutating func load(_ state: [String: Tensor]) throws {
    try encoder.load(state.part("encoder."))
    try head.load(state.part("head."))
  }

  /// Sets all gradients to 0.
  mutating func forgetGradients() {
    visit { _, parameter in
      parameter.gradient = Tensor(parameter.value.shape)
    }
  }
}

extension [String: Tensor] {
  /// The same tensors under longer names.
  func prefixed(_ prefix: String) -> [String: Tensor] {
    [String: Tensor](uniqueKeysWithValues: map { (prefix + $0.key, $0.value) })
  }

  /// The tensors whose names begin with `prefix`, under the rest of their names.
  func part(_ prefix: String) -> [String: Tensor] {
    let chosen = filter { $0.key.hasPrefix(prefix) }
    return [String: Tensor](
      uniqueKeysWithValues: chosen.map { (String($0.key.dropFirst(prefix.count)), $0.value) })
  }
}
