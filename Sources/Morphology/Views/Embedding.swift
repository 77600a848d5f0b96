public import NeuralNetwork
public import Tensor

extension ViewRecipe {
  /// Draws views of sources, one batch `[copies * n, size, size, 1]`.
  ///
  /// All first views come first, then all second ones. Each view's chance comes from the seed,
  /// `coordinates`, its source and its copy.
  package func views(
    of sources: [(index: Int, image: Prepared)], copies: Int, seed: UInt64,
    coordinates: (Int, Int)
  ) -> Tensor {
    images(copies * sources.count, side: sources.first?.image.preprocessing.size ?? 0) { item in
      let (index, image) = sources[item % sources.count]
      var random = RandomStream(
        seed, coordinates.0, coordinates.1, index, item / sources.count)
      return view(of: image, using: &random)
    }
  }
}

/// One batch `[count, side, side, 1]` of images that `draw` makes by number, in parallel.
func images(_ count: Int, side: Int, draw: @Sendable (Int) -> Tensor) -> Tensor {
  let pixels = side * side
  return Tensor(shape: [count, side, side, 1]) { target in
    nonisolated(unsafe) let target = target
    parallel(over: count, chunk: 4) { _, items in
      for item in items {
        let view = draw(item)
        precondition(view.values.count == pixels, "all sources of a batch have one view size")
        for (offset, value) in view.values.enumerated() { target[item * pixels + offset] = value }
      }
    }
  }
}

extension Encoder {
  /// Embeds sources, a few at a time, each as the mean over its views, so that it hardly depends on
  /// how a source lies on the sky.
  ///
  /// - Parameters:
  ///   - sources: Prepared as they were for training.
  ///   - views: The views of each.
  /// - Returns: `[n, dimensions]`.
  public func embed(_ sources: [Prepared], by views: TestViews = TestViews()) -> Tensor {
    meanOverViews(features(of: sources, by: views))
  }

  /// The embeddings of every view of sources, `[n, views, dimensions]`.
  func features(of sources: [Prepared], by views: TestViews) -> Tensor {
    inBlocks(sources, of: max(1, 256 / views.count)) { block in
      let features = embed(views.all(of: block))
      return features.reshaped([block.count, views.count, features.columns])
    }
  }
}

/// The mean over the second axis, `[n, dimensions]` of `[n, views, dimensions]`.
func meanOverViews(_ features: Tensor) -> Tensor {
  let (count, views, width) = (features.shape[0], features.shape[1], features.shape[2])
  return features.reshaped([count * views, width]).meanOfEvery(views)
}

/// Puts the rows that `body` makes of every block of sources below each other.
func inBlocks(_ sources: [Prepared], of size: Int, _ body: (ArraySlice<Prepared>) -> Tensor)
  -> Tensor
{
  var shape: [Int] = []
  var values: [Float] = []
  for start in stride(from: 0, to: sources.count, by: size) {
    let rows = body(sources[start..<min(start + size, sources.count)])
    shape = Array(rows.shape.dropFirst())
    values += rows.values
  }
  let columns = max(1, shape.reduce(1, *))
  return Tensor(shape: [values.count / columns] + (shape.isEmpty ? [1] : shape), values: values)
}
