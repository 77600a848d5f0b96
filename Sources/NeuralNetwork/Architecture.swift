/// The shape of an encoder: a residual network for small images of one channel.
///
/// The network is that of He et al. 2016 (CVPR, arXiv:1512.03385) with basic blocks; its stem is one
/// 3×3 convolution and no pooling behind it, as is usual for small images, or that of the paper
/// (``Stem/photograph``). The default, `blocks = [2, 2, 2, 2]`, has the shape of ResNet-18.
public struct Architecture: Codable, Sendable, Hashable {
  /// The side of the images that it is meant for, in pixels.
  public var inputSize = 64

  /// The channels of the first stage; every later stage has twice as many as the one before.
  public var width = 32

  /// The number of residual blocks in each stage.
  public var blocks = [2, 2, 2, 2]

  /// The stride of the stem: 1 keeps the full resolution in the first stage, 2 halves it.
  public var stemStride = 2

  /// How the network begins where it is not by a 3×3 convolution alone.
  public var stem: Stem?

  /// A beginning of a network.
  public enum Stem: String, Codable, Sendable {
    /// A 7×7 convolution, and then the largest value of every 3×3 window, two pixels apart, as
    /// networks for photographs have it (He et al. 2016).
    case photograph
  }

  /// What an embedding says of the last map; its means alone where nothing is said.
  public var pooling: Pooling?

  /// What is said of a map.
  public enum Pooling: String, Codable, Sendable, CaseIterable {
    /// The mean of each channel over the pixels, and behind them the largest of each: how much there is of
    /// something, and whether there is any.
    case meanAndLargest = "mean-largest"
  }

  /// The side of the first convolution's windows.
  public var stemKernel: Int { stem == nil ? 3 : 7 }

  /// The default: ResNet-18 of width 32 for images of 64 pixels.
  public init() {}

  /// Refuses numbers of which no network can be made.
  ///
  /// - Throws: `NetworkError.badArchitecture`.
  public func check() throws {
    func require(_ condition: Bool, _ reason: String) throws {
      guard condition else { throw NetworkError.badArchitecture(reason) }
    }
    try require(1...1024 ~= width, "width \(width), where 1 to 1024 channels can be")
    try require(1...6 ~= blocks.count, "\(blocks.count) stages, where 1 to 6 can be")
    try require(blocks.allSatisfy { 1...64 ~= $0 }, "stages of \(blocks) blocks")
    try require(1...4 ~= stemStride, "stem stride \(stemStride), where 1 to 4 can be")
    let last = (inputSize / stemStride / (stem == nil ? 1 : 2)) >> (blocks.count - 1)
    try require(
      last >= 1 && inputSize <= 1024,
      "images of \(inputSize) pixels: its strides leave \(last) pixels of them, 1 is the least, "
        + "and 1024 pixels are the most")
  }

  /// What to know of a shape that works but takes long; `nil` of others.
  public var advice: String? {
    guard !width.isMultiple(of: 16) else { return nil }
    let next = (width + 15) / 16 * 16
    return "a network of width \(width) is slower than one of \(next), a multiple of 16"
  }

  /// The channels of the last map.
  var lastChannels: Int { width << max(0, blocks.count - 1) }

  /// The length of an embedding: the channels of the last map, as often as it is pooled.
  public var embeddingDimension: Int { pooling == nil ? lastChannels : 2 * lastChannels }
}

/// The shape of a head: a perceptron over embeddings, with a ReLU between its linear layers.
///
/// A projector is one with an inner layer and normalisation, as in SimCLR (Chen et al. 2020,
/// arXiv:2002.05709); a classifier is one linear layer, whose outputs are the classes' logits.
public struct HeadShape: Sendable, Hashable {
  /// The lengths of the inner layers and of the output, at least one.
  public var widths: [Int]

  /// Whether batch normalisation stands before each ReLU.
  public var isNormalised: Bool

  /// A head of so many layers; by itself a linear one.
  public init(_ widths: [Int], isNormalised: Bool = false) {
    (self.widths, self.isNormalised) = (widths, isNormalised)
  }
}
