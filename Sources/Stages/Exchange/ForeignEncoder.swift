import Files
import NeuralNetwork
import Tensor

/// A residual network that another program saved, as one that Reber's engines have.
struct ForeignEncoder {
  /// Its shape.
  let architecture: Architecture
  /// Parameters and running statistics, by the names that an `Encoder` has too.
  let state: [String: Tensor]
  /// Tensors of the file that an encoder has no place for.
  let leftOut: [String]
  /// Channels of the images that it saw; their weights are added, which is what a grey image in all of them sees.
  let channels: Int

  /// Reads safetensors by torchvision's names.
  ///
  /// - Parameters:
  ///   - bytes: The file's content.
  ///   - path: The file, to name it.
  ///   - shape: What weights do not tell: the stride of the first convolution, and how the last map is pooled.
  ///   - size: The side of the images that it is to see, in pixels.
  ///   - engine: What it is to compute with.
  /// - Throws: `FileError`, which says of the tensor that does not fit its shape and the one that is wanted.
  init(
    _ bytes: [UInt8], path: String, like shape: Architecture, size: Int, on engine: any Engine
  ) throws {
    do {
      let tensors = try decodeSafetensors(bytes) { $0.hasSuffix(".num_batches_tracked") }.tensors
      let foreign = tensors.filter { $0.key.hasPrefix("fc.") }
      leftOut = foreign.keys.sorted()
      var state = tensors.filter { foreign[$0.key] == nil }
      channels = try Self.takeGrey(&state)
      architecture = try Self.shape(of: state, like: shape, size: size)
      var encoder = try engine.encoder(architecture, precision: .float32, seed: 0)
      try encoder.load(state)
      self.state = encoder.state
    } catch let error as NetworkError {
      throw FileError(
        path, error.description,
        advice: "Give the weights of a ResNet-18 or -34 as torchvision names them (conv1.weight, …)"
      )
    }
  }

  /// Adds up what the first convolution makes of the channels; gives their number.
  private static func takeGrey(_ state: inout [String: Tensor]) throws -> Int {
    let name = "conv1.weight"
    guard let weight = state[name] else { throw NetworkError.missingTensor(name) }
    guard weight.shape.count == 4, weight.shape[1] > 0,
      [[3, 3], [7, 7]].contains(weight.shape.suffix(2))
    else {
      throw NetworkError.wrongShape(
        name, expected: [weight.rows, 1, 3, 3], found: weight.shape)
    }
    let (outputs, channels, side) = (weight.rows, weight.shape[1], weight.shape[3])
    state[name] = Tensor(shape: [outputs, 1, side, side]) { target in
      for place in 0..<outputs * side * side {
        let (output, pixel) = (place / (side * side), place % (side * side))
        target[place] = (0..<channels).reduce(0) {
          $0 + weight.values[(output * channels + $1) * side * side + pixel]
        }
      }
    }
    return channels
  }

  /// The shape that the names tell.
  private static func shape(
    of state: [String: Tensor], like shape: Architecture, size: Int
  ) throws -> Architecture {
    if let bottleneck = state["layer1.0.conv3.weight"] {
      throw NetworkError.badArchitecture(
        "tensor 'layer1.0.conv3.weight' of shape \(bottleneck.shape) is that of blocks of three "
          + "convolutions, as ResNet-50 has them; those of two, as ResNet-18 has them, are wanted")
    }
    var architecture = Architecture()
    architecture.inputSize = size
    architecture.width = state["conv1.weight"]?.rows ?? 0
    (architecture.stemStride, architecture.pooling) = (shape.stemStride, shape.pooling)
    if state["conv1.weight"]?.shape.last == 7 { architecture.stem = .photograph }
    architecture.blocks = []
    while let count = blocks(of: architecture.blocks.count + 1, in: state) {
      architecture.blocks.append(count)
    }
    return architecture
  }

  /// How many blocks a stage has; `nil` where it has none.
  private static func blocks(of stage: Int, in state: [String: Tensor]) -> Int? {
    var count = 0
    while state["layer\(stage).\(count).conv1.weight"] != nil { count += 1 }
    return count > 0 ? count : nil
  }
}
