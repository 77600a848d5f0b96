internal import CKernels
internal import NeuralNetwork
internal import Tensor

extension Arena {
  /// A copy of images `[n, height, width, channels]` or of rows `[n, channels]`; of all, or of some.
  func map(copying tensor: Tensor, _ rows: Range<Int>? = nil) -> FeatureMap {
    let (shape, rows) = (tensor.shape, rows ?? 0..<tensor.rows)
    precondition(shape.count == 4 || shape.count == 2, "neither images nor rows: \(shape)")
    let isImages = shape.count == 4
    let map = map(
      MapShape(
        count: rows.count, height: isImages ? shape[1] : 1, width: isImages ? shape[2] : 1,
        channels: shape[shape.count - 1]))
    tensor.values.withUnsafeBufferPointer { values in
      guard let base = values.baseAddress else { return }
      map.base.update(from: base + rows.lowerBound * tensor.columns, count: map.elements)
    }
    return map
  }
}

extension FeatureMap {
  /// All numbers as rows, `[pixels, channels]`.
  func tensor() -> Tensor {
    Tensor(shape: [pixels, channels]) { target in
      target.baseAddress?.update(from: base, count: elements)
    }
  }

  /// The largest of every 3×3 window, two pixels apart and padded by one.
  func largest(by workers: Workers, in arena: Arena) -> FeatureMap {
    let output = arena.map(shape.halved)
    let (own, other) = (elements / count, output.elements / count)
    workers.run(over: count, chunk: 1) { image, _ in
      reber_largest(base + image * own, height, width, channels, output.base + image * other)
    }
    return output
  }

  /// Becomes the gradient of `map`, whose `largest` has the gradient `gradient`.
  func become(_ gradient: FeatureMap, ofLargest largest: FeatureMap, of map: FeatureMap) {
    let (own, other) = (elements / count, largest.elements / count)
    parallel(over: count, chunk: 1) { image, _ in
      reber_largest_backward(
        map.base + image * own, largest.base + image * other, gradient.base + image * other,
        height, width, channels, base + image * own)
    }
  }

  /// Each image's embedding, `[count, embeddingDimension]`: the means over its pixels, and behind them the
  /// largest where the architecture says so.
  func pooled(as architecture: Architecture) -> Tensor {
    let length = architecture.embeddingDimension
    return Tensor(shape: [count, length]) { target in
      guard let target = target.baseAddress else { return }
      reber_pool(base, count, height * width, channels, length, target)
      if architecture.pooling == .meanAndLargest {
        reber_pool_largest(base, count, height * width, channels, length, target + channels)
      }
    }
  }

  /// Becomes the gradient of the embeddings of `map`.
  func become(_ gradient: Tensor, ofEmbeddingsOf map: FeatureMap, as architecture: Architecture) {
    let length = architecture.embeddingDimension
    precondition(gradient.shape == [count, length], "a gradient of shape \(gradient.shape)")
    gradient.values.withUnsafeBufferPointer { values in
      guard let values = values.baseAddress else { return }
      reber_pool_backward(values, count, height * width, channels, length, base)
      if architecture.pooling == .meanAndLargest {
        reber_pool_largest_backward(
          values + channels, map.base, count, height * width, channels, length, base)
      }
    }
  }
}
