public import NeuralNetwork
public import Tensor

/// How a classifier's outputs become probabilities.
public struct ONNXProbabilities: Sendable {
  /// Divides the logits.
  public var temperature: Float

  /// Whether each class has a probability of its own, by the sigmoid, or all together have 1, by the softmax.
  public var areTags: Bool

  /// Describes the end of a classifier: what divides its logits, and whether its classes are tags.
  public init(temperature: Float, areTags: Bool) {
    (self.temperature, self.areTags) = (temperature, areTags)
  }
}

/// Writes a residual network as a file of ONNX, operator set 17.
///
/// Its input `images` is `[n, 1, size, size]`, where n is free; its outputs are `embedding`,
/// `[n, embeddingDimension]`, and of a classifier `probabilities`, `[n, classes]`. The same network gives
/// the same bytes.
///
/// - Parameters:
///   - architecture: The encoder's shape.
///   - weights: Parameters and running statistics by torchvision's names; of a classifier also `fc.weight`,
///     `[classes, embeddingDimension]`, and `fc.bias`, `[classes]`.
///   - probabilities: How a classifier's outputs become probabilities; `nil` of an encoder.
///   - metadata: Texts that stand in the file by their keys.
/// - Returns: The file.
/// - Throws: `NetworkError.missingTensor`.
public func encodeONNX(
  _ architecture: Architecture, weights: [String: Tensor], probabilities: ONNXProbabilities?,
  metadata: [String: String] = [:]
) throws -> [UInt8] {
  var graph = ResidualGraph(architecture, weights)
  let embedding = try graph.embed()
  if let probabilities { try graph.judge(embedding, by: probabilities) }
  return graph.graph.encoded(name: "network", producer: "Reber", metadata: metadata)
}

/// The graph of a residual network, made layer by layer.
private struct ResidualGraph {
  private(set) var graph = ONNXGraph()
  private let architecture: Architecture
  private let weights: [String: Tensor]

  init(_ architecture: Architecture, _ weights: [String: Tensor]) {
    (self.architecture, self.weights) = (architecture, weights)
  }

  /// Adds the encoder; gives its output's name.
  mutating func embed() throws -> String {
    let (size, width) = (architecture.inputSize, architecture.embeddingDimension)
    graph.take("images", [1, size, size])
    var map = try convolve(
      "images", "conv1", "bn1", stride: architecture.stemStride, isRectified: true)
    if architecture.stem != nil {
      map = graph.apply(
        "MaxPool", to: [map], as: "maxpool", .integers("kernel_shape", [3, 3]),
        .integers("pads", [1, 1, 1, 1]), .integers("strides", [2, 2]))
    }
    for (stage, count) in architecture.blocks.enumerated() {
      for index in 0..<count {
        map = try block(
          map, "layer\(stage + 1).\(index).", stride: stage > 0 && index == 0 ? 2 : 1)
      }
    }
    var pooled = graph.apply("GlobalAveragePool", to: [map], as: "avgpool")
    if architecture.pooling == .meanAndLargest {
      let largest = graph.apply("GlobalMaxPool", to: [map], as: "maxpool2d")
      pooled = graph.apply("Concat", to: [pooled, largest], as: "pooled", .integer("axis", 1))
    }
    graph.give("embedding", [width])
    return graph.apply("Flatten", to: [pooled], as: "embedding", .integer("axis", 1))
  }

  /// Adds what makes probabilities of an embedding.
  mutating func judge(_ embedding: String, by rule: ONNXProbabilities) throws {
    let logits = graph.apply(
      "Gemm", to: [embedding, try kept("fc.weight"), try kept("fc.bias")], as: "logits",
      .integer("transB", 1))
    graph.keep("temperature", Tensor([1], repeating: rule.temperature))
    let scaled = graph.apply("Div", to: [logits, "temperature"], as: "scaled")
    _ =
      rule.areTags
      ? graph.apply("Sigmoid", to: [scaled], as: "probabilities")
      : graph.apply("Softmax", to: [scaled], as: "probabilities", .integer("axis", 1))
    graph.give("probabilities", [weights["fc.bias"]?.values.count ?? 0])
  }

  private mutating func block(_ map: String, _ name: String, stride: Int) throws -> String {
    let inner = try convolve(
      map, name + "conv1", name + "bn1", stride: stride, isRectified: true)
    let own = try convolve(inner, name + "conv2", name + "bn2", stride: 1)
    let isPlain = weights[name + "downsample.0.weight"] == nil
    let other =
      isPlain
      ? map : try convolve(map, name + "downsample.0", name + "downsample.1", stride: stride)
    let sum = graph.apply("Add", to: [own, other], as: name + "sum")
    return graph.apply("Relu", to: [sum], as: name + "relu")
  }

  /// Adds a convolution and the normalisation behind it.
  private mutating func convolve(
    _ map: String, _ convolution: String, _ norm: String, stride: Int, isRectified: Bool = false
  ) throws -> String {
    let weight = try kept(convolution + ".weight")
    let kernel = weights[weight]?.shape.last ?? 1
    let sums = graph.apply(
      "Conv", to: [map, weight], as: convolution, .integers("kernel_shape", [kernel, kernel]),
      .integers("pads", [Int](repeating: kernel / 2, count: 4)),
      .integers("strides", [stride, stride]))
    let statistics = try ["weight", "bias", "running_mean", "running_var"].map {
      try kept(norm + "." + $0)
    }
    let normalised = graph.apply(
      "BatchNormalization", to: [sums] + statistics, as: norm, .float("epsilon", 1e-5))
    return isRectified
      ? graph.apply("Relu", to: [normalised], as: norm + ".relu") : normalised
  }

  private mutating func kept(_ name: String) throws -> String {
    guard let tensor = weights[name] else { throw NetworkError.missingTensor(name) }
    graph.keep(name, tensor)
    return name
  }
}
