public import Tensor

/// Something with parameters to learn and a state to save.
public protocol Trainable {
  /// Calls `body` with the name of every parameter and the parameter, always in the same order.
  mutating func visit(_ body: (String, inout Parameter) -> Void)

  /// Everything that decides what it computes: parameters and running statistics, by name.
  var state: [String: Tensor] { get }

  /// Takes a saved state.
  ///
  /// - Throws: `NetworkError` for a tensor that is missing, unknown or of another shape; nothing is
  ///   changed then.
  mutating func load(_ state: [String: Tensor]) throws
}

/// A layer or a network of layers whose state is made of parameters and running statistics.
protocol Layered: Trainable {
  /// Calls `body` with the name of everything that is saved.
  mutating func visitState(_ body: (String, inout Tensor) -> Void)
}

extension Layered {
  public var state: [String: Tensor] {
    var state: [String: Tensor] = [:]
    var copy = self
    copy.visitState { state[$0] = $1 }
    return state
  }

  public mutating func load(_ state: [String: Tensor]) throws {
    try check(state)
    visitState { name, tensor in
      if let loaded = state[name] { tensor = loaded }
    }
  }

  private func check(_ state: [String: Tensor]) throws {
    let own = self.state
    for (name, tensor) in own.sorted(by: { $0.key < $1.key }) {
      guard let other = state[name] else { throw NetworkError.missingTensor(name) }
      guard other.shape == tensor.shape else {
        throw NetworkError.wrongShape(name, expected: tensor.shape, found: other.shape)
      }
    }
    if let unknown = state.keys.filter({ own[$0] == nil }).min() {
      throw NetworkError.unknownTensor(unknown)
    }
  }
}
