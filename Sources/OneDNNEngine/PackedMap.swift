internal import CKernels
internal import NeuralNetwork
internal import Tensor
internal import WinogradEngine

/// A batch of images in an arena's memory, of numbers of either precision: `[count, height, width, channels]`.
///
/// Unchecked, because it is a view on memory: tasks that run at once write disjoint parts of it.
struct PackedMap: @unchecked Sendable {
  let base: UnsafeMutableRawPointer
  let shape: MapShape
  let precision: Precision

  /// The bytes of one image.
  var imageBytes: Int { shape.height * shape.width * shape.channels * precision.bytes }

  /// The pixels of so many images.
  func pixels(of images: Range<Int>) -> Int { images.count * shape.height * shape.width }

  /// Where an image begins.
  func at(_ image: Int) -> UnsafeMutableRawPointer { base + image * imageBytes }

  /// Becomes images `[count, height, width, 1]`.
  func become(_ images: Tensor) {
    parallel(over: shape.count, chunk: 16) { _, range in
      images.values.withUnsafeBufferPointer { values in
        guard let values = values.baseAddress else { return }
        reber_map_from(
          precision.kernel, values + range.lowerBound * images.columns,
          range.count * images.columns, at(range.lowerBound))
      }
    }
  }

  /// Some images as float32 numbers, in memory of `arena`.
  func floats(of images: Range<Int>, in arena: Arena) -> UnsafeMutablePointer<Float> {
    let count = pixels(of: images) * shape.channels
    let result = arena.floats(count)
    reber_map_to(precision.kernel, at(images.lowerBound), count, result)
    return result
  }

  /// Sets some images from float32 numbers.
  func set(_ images: Range<Int>, to numbers: UnsafePointer<Float>) {
    reber_map_from(
      precision.kernel, numbers, pixels(of: images) * shape.channels, at(images.lowerBound))
  }
}

extension PackedMap {
  /// Each image's embedding, `[count, embeddingDimension]`.
  func pooled(as architecture: Architecture, borrowing pool: ArenaPool) -> Tensor {
    let length = architecture.embeddingDimension
    let (area, channels) = (shape.height * shape.width, shape.channels)
    return Tensor(shape: [shape.count, length]) { target in
      guard let base = target.baseAddress else { return }
      nonisolated(unsafe) let target = base
      parallel(over: shape.count, chunk: 16) { _, range in
        pool.lend { arena in
          let numbers = floats(of: range, in: arena)
          let place = target + range.lowerBound * length
          reber_pool(numbers, range.count, area, channels, length, place)
          if architecture.pooling == .meanAndLargest {
            reber_pool_largest(numbers, range.count, area, channels, length, place + channels)
          }
        }
      }
    }
  }

  /// Becomes the gradient of the embeddings of `map`.
  func become(
    _ gradient: Tensor, ofEmbeddingsOf map: PackedMap, as architecture: Architecture,
    borrowing pool: ArenaPool
  ) {
    let length = architecture.embeddingDimension
    let (area, channels) = (shape.height * shape.width, shape.channels)
    precondition(gradient.shape == [shape.count, length], "a gradient of shape \(gradient.shape)")
    parallel(over: shape.count, chunk: 16) { _, range in
      pool.lend { arena in
        gradient.values.withUnsafeBufferPointer { values in
          guard let values = values.baseAddress else { return }
          let own = values + range.lowerBound * length
          let numbers = arena.floats(range.count * area * channels)
          reber_pool_backward(own, range.count, area, channels, length, numbers)
          if architecture.pooling == .meanAndLargest {
            reber_pool_largest_backward(
              own + channels, map.floats(of: range, in: arena), range.count, area, channels, length,
              numbers)
          }
          set(range, to: numbers)
        }
      }
    }
  }

  /// Becomes the largest of every 3×3 window of `map`, two pixels apart and padded by one.
  func becomeLargest(of map: PackedMap, borrowing pool: ArenaPool) {
    parallel(over: shape.count, chunk: 1) { image, range in
      pool.lend { arena in
        let result = arena.floats(pixels(of: range) * shape.channels)
        reber_largest(
          map.floats(of: range, in: arena), map.shape.height, map.shape.width, shape.channels,
          result)
        set(range, to: result)
      }
    }
  }

  /// Becomes the gradient of `map`, whose `largest` has the gradient `gradient`.
  func become(
    _ gradient: PackedMap, ofLargest largest: PackedMap, of map: PackedMap,
    borrowing pool: ArenaPool
  ) {
    parallel(over: shape.count, chunk: 1) { _, range in
      pool.lend { arena in
        let result = arena.floats(pixels(of: range) * shape.channels)
        reber_largest_backward(
          map.floats(of: range, in: arena), largest.floats(of: range, in: arena),
          gradient.floats(of: range, in: arena), shape.height, shape.width, shape.channels, result)
        set(range, to: result)
      }
    }
  }
}

extension Arena {
  /// Memory for so many bytes, not set to anything.
  func bytes(_ count: Int) -> UnsafeMutableRawPointer {
    UnsafeMutableRawPointer(floats((count + 3) / 4))
  }

  /// Memory for a map.
  func map(_ shape: MapShape, of precision: Precision) -> PackedMap {
    PackedMap(base: bytes(shape.elements * precision.bytes), shape: shape, precision: precision)
  }
}

extension Precision {
  /// As kernels have it.
  var kernel: reber_precision { self == .float32 ? reber_float32 : reber_bfloat16 }

  /// The bytes of a number.
  var bytes: Int { self == .float32 ? 4 : 2 }
}
