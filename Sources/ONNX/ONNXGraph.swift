internal import Tensor

/// A graph of operators over named tensors, on its way to a file of ONNX.
///
/// The numbers of the fields are those of onnx.proto, version 1.12, which has operator set 17.
struct ONNXGraph {
  /// The version of the operators' definitions.
  static let operatorSet = 17

  private var nodes: [ProtobufMessage] = []
  private var weights: [ProtobufMessage] = []
  private var inputs: [ProtobufMessage] = []
  private var outputs: [ProtobufMessage] = []

  /// Declares an input of float32, whose first axis is free.
  mutating func take(_ name: String, _ shape: [Int]) { inputs.append(value(name, shape)) }

  /// Declares that a tensor is an output, float32, whose first axis is free.
  mutating func give(_ name: String, _ shape: [Int]) { outputs.append(value(name, shape)) }

  /// Adds a tensor of numbers that stay.
  mutating func keep(_ name: String, _ tensor: Tensor) {
    weights.append(
      message {
        $0.add(1, tensor.shape)
        $0.add(2, Self.float)
        $0.add(8, name)
        $0.add(raw: 9, tensor.values)
      })
  }

  /// Adds an operator, which makes the tensor `output`; gives that name.
  mutating func apply(
    _ kind: String, to inputs: [String], as output: String, _ attributes: ONNXAttribute...
  ) -> String {
    nodes.append(
      message { node in
        for input in inputs { node.add(1, input) }
        node.add(2, output)
        node.add(3, output)
        node.add(4, kind)
        for attribute in attributes { node.add(5, attribute.message) }
      })
    return output
  }

  /// The file: the graph under a name, and texts by their keys.
  func encoded(name: String, producer: String, metadata: [String: String]) -> [UInt8] {
    let graph = message { graph in
      for node in nodes { graph.add(1, node) }
      graph.add(2, name)
      for tensor in weights { graph.add(5, tensor) }
      for input in inputs { graph.add(11, input) }
      for output in outputs { graph.add(12, output) }
    }
    return message { model in
      model.add(1, 8)
      model.add(2, producer)
      model.add(7, graph)
      model.add(8, message { $0.add(2, Self.operatorSet) })
      for (key, text) in metadata.sorted(by: { $0.key < $1.key }) {
        model.add(
          14,
          message {
            $0.add(1, key)
            $0.add(2, text)
          })
      }
    }.bytes
  }

  /// `TensorProto.FLOAT`.
  private static let float = 1

  private func value(_ name: String, _ shape: [Int]) -> ProtobufMessage {
    let axes = message { axes in
      axes.add(1, message { $0.add(2, "n") })
      for extent in shape { axes.add(1, message { $0.add(1, extent) }) }
    }
    let tensor = message {
      $0.add(1, Self.float)
      $0.add(2, axes)
    }
    return message {
      $0.add(1, name)
      $0.add(2, message { $0.add(1, tensor) })
    }
  }
}

/// An option of an operator.
enum ONNXAttribute {
  case float(String, Float)
  case integer(String, Int)
  case integers(String, [Int])

  fileprivate var message: ProtobufMessage {
    ONNX.message { message in
      switch self {
      case .float(let name, let value):
        message.add(1, name)
        message.add(2, value)
        message.add(20, 1)
      case .integer(let name, let value):
        message.add(1, name)
        message.add(3, value)
        message.add(20, 2)
      case .integers(let name, let values):
        message.add(1, name)
        message.add(8, values)
        message.add(20, 7)
      }
    }
  }
}
