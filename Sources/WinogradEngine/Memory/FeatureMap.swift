/// The extents of a batch of images: `[count, height, width, channels]`.
package struct MapShape: Sendable, Hashable {
  package var count: Int
  package var height: Int
  package var width: Int
  package var channels: Int

  /// Pixels of all images.
  package var pixels: Int { count * height * width }

  /// Numbers of all images.
  package var elements: Int { pixels * channels }

  package init(count: Int, height: Int, width: Int, channels: Int) {
    (self.count, self.height) = (count, height)
    (self.width, self.channels) = (width, channels)
  }

  /// With every second row and column, from the first.
  package var halved: MapShape {
    MapShape(
      count: count, height: (height + 1) / 2, width: (width + 1) / 2, channels: channels)
  }
}

/// A batch of images in an arena's memory.
///
/// Unchecked, because it is a view on memory: tasks that run at once write disjoint parts of it.
struct FeatureMap: @unchecked Sendable {
  let base: UnsafeMutablePointer<Float>
  let shape: MapShape

  var count: Int { shape.count }
  var height: Int { shape.height }
  var width: Int { shape.width }
  var channels: Int { shape.channels }
  var pixels: Int { shape.pixels }
  var elements: Int { shape.elements }

  /// Whether little of what is written of it is in the last-level cache when it is read: more than 8 MB.
  var isLarge: Bool { elements > 1 << 21 }

  /// A map of the same shape in other memory.
  func moved(to base: UnsafeMutablePointer<Float>) -> FeatureMap {
    FeatureMap(base: base, shape: shape)
  }

  /// The address of a pixel's first channel.
  func at(_ pixel: Int) -> UnsafeMutablePointer<Float> { base + pixel * channels }

  /// Sets all to 0.
  func clear(by workers: Workers) {
    workers.run(over: count, chunk: 1) { image, _ in clear(image..<image + 1) }
  }

  /// Sets some images to 0.
  func clear(_ images: Range<Int>) {
    let size = elements / max(1, count)
    (base + images.lowerBound * size).update(repeating: 0, count: images.count * size)
  }
}

/// One factor and one summand a channel, applied before a ReLU: relu(scale x + shift).
///
/// Unchecked, because it is a view on memory that is only read while tasks run.
package struct ChannelAffine: @unchecked Sendable {
  package let scale: UnsafeMutablePointer<Float>
  package let shift: UnsafeMutablePointer<Float>
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
