package import Tensor

extension Tensor {
  /// Sets to 0 every island of pixels above `floor` that does not reach into the central circle.
  ///
  /// Where none does, nothing changes. Pixels are connected across sides and corners.
  package mutating func maskNeighbours(floor: Float, radius: Float) {
    let islands = Islands(self, floor: floor)
    var central: Set<Int32> = []
    for (index, label) in islands.labels.enumerated() where label > 0 {
      if distanceFromMiddle(index) <= radius { central.insert(label) }
    }
    guard !central.isEmpty else { return }
    for (index, label) in islands.labels.enumerated() where label > 0 && !central.contains(label) {
      values[index] = 0
    }
  }
}

/// Connected groups of bright pixels.
struct Islands {
  /// The island of each pixel, from 1; 0 is background.
  var labels: [Int32]

  /// How many there are.
  private var count: Int32 = 0

  /// What is known of an island.
  struct Island {
    /// Its pixels.
    var pixels = 0
    /// The sum of their values.
    var flux: Float = 0
    /// The distances of the nearest and the farthest pixel from the image's middle, pixels.
    var nearest = Float.infinity
    var farthest: Float = 0
  }

  /// What the pixels of an image say of the islands found in it, in the order of their labels.
  func measured(_ image: Tensor) -> [Island] {
    var islands = [Island](repeating: Island(), count: Int(count))
    for (index, label) in labels.enumerated() where label > 0 {
      let distance = image.distanceFromMiddle(index)
      let place = Int(label) - 1
      islands[place].pixels += 1
      islands[place].flux += image.values[index]
      islands[place].nearest = min(islands[place].nearest, distance)
      islands[place].farthest = max(islands[place].farthest, distance)
    }
    return islands
  }

  /// Finds the islands of pixels above `floor`.
  init(_ image: Tensor, floor: Float) {
    labels = [Int32](repeating: 0, count: image.values.count)
    for start in image.values.indices where image.values[start] > floor && labels[start] == 0 {
      count += 1
      flood(image, from: start, floor: floor, label: count)
    }
  }

  private mutating func flood(_ image: Tensor, from start: Int, floor: Float, label: Int32) {
    let (height, width) = (image.shape[0], image.shape[1])
    var open = [start]
    labels[start] = label
    while let pixel = open.popLast() {
      let (row, column) = (pixel / width, pixel % width)
      for y in max(0, row - 1)...min(height - 1, row + 1) {
        for x in max(0, column - 1)...min(width - 1, column + 1) {
          let other = y * width + x
          guard labels[other] == 0, image.values[other] > floor else { continue }
          labels[other] = label
          open.append(other)
        }
      }
    }
  }
}
