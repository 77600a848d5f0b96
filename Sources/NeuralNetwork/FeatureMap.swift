/// A batch of images in an arena's memory: `[count, height, width, channels]`.
///
/// Unchecked, because it is a view on memory: tasks that run at once write disjoint parts of it.
struct FeatureMap: @unchecked Sendable {
  let base: UnsafeMutablePointer<Float>
  let count: Int
  let height: Int
  let width: Int
  let channels: Int

  /// Pixels of all images.
  var pixels: Int { count * height * width }

  /// Numbers of all images.
  var elements: Int { pixels * channels }

  /// A map of the same shape in other memory.
  func moved(to base: UnsafeMutablePointer<Float>) -> FeatureMap {
    FeatureMap(base: base, count: count, height: height, width: width, channels: channels)
  }

  /// The address of a pixel's first channel.
  func at(_ pixel: Int) -> UnsafeMutablePointer<Float> { base + pixel * channels }
}

/// One factor and one summand a channel, applied before a ReLU: relu(scale x + shift).
///
/// Unchecked, because it is a view on memory that is only read while tasks run.
struct ChannelAffine: @unchecked Sendable {
  let scale: UnsafeMutablePointer<Float>
  let shift: UnsafeMutablePointer<Float>
}

/// A map as the next convolution reads it: plain, or relu(scale x + shift) of it.
///
/// The activation between two convolutions is computed while it is read and never stored.
struct Activation: Sendable {
  let map: FeatureMap
  let affine: ChannelAffine?

  init(_ map: FeatureMap, affine: ChannelAffine? = nil) {
    self.map = map
    self.affine = affine
  }
}
