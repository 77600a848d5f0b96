public import NeuralNetwork
public import Tensor

extension ViewRecipe {
  /// Draws views of sources into one batch `[copies * n, s, s, 1]`.
  ///
  /// All first views come first, then all second ones. Each view's chance comes from the seed, `coordinates`, its source and its copy.
  package func batch(
    of sources: [(index: Int, image: Prepared)], copies: Int, seed: UInt64,
    coordinates: (Int, Int)
  ) -> Tensor {
    let side = sources.first?.image.preprocessing.size ?? 0
    let pixels = side * side
    return Tensor(shape: [copies * sources.count, side, side, 1]) { target in
      nonisolated(unsafe) let target = target
      parallel(over: copies * sources.count, chunk: 4) { _, items in
        for item in items {
          let (index, image) = sources[item % sources.count]
          let copy = item / sources.count
          var random = RandomStream(seed, coordinates.0, coordinates.1, index, copy)
          let view = view(of: image, using: &random)
          precondition(view.values.count == pixels, "all sources of a batch have one view size")
          for (offset, value) in view.values.enumerated() { target[item * pixels + offset] = value }
        }
      }
    }
  }
}

extension Encoder {
  /// Embeds sources, a few at a time.
  ///
  /// - Parameters:
  ///   - sources: Prepared as they were for training.
  ///   - overOrientations: Whether to take the mean over eight orientations of each plain view,
  ///     which costs eight times as much and hardly depends on how a source lies on the sky.
  /// - Returns: `[n, dimensions]`.
  public func embed(_ sources: [Prepared], overOrientations: Bool = false) -> Tensor {
    let views = overOrientations ? 8 : 1
    return inBlocks(sources, of: 256 / views) { block in
      let single = embed(images(block.map { overOrientations ? $0.orientations() : [$0.plain()] }))
      return views == 1 ? single : means(of: single, over: views)
    }
  }
}

/// The mean of every `count` rows that follow each other.
func means(of rows: Tensor, over count: Int) -> Tensor {
  let width = rows.columns
  var result = Tensor([rows.rows / count, width])
  for (index, value) in rows.values.enumerated() {
    result.values[index / width / count * width + index % width] += value / Float(count)
  }
  return result
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

/// One batch of the images of each source, source by source.
func images(_ views: [[Tensor]]) -> Tensor { batch(views.flatMap(\.self)) }
