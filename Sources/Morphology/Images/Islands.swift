package import Tensor

extension Tensor {
  /// Sets to 0 every island of pixels above `floor` that does not reach into the central circle.
  ///
  /// Where none does, nothing changes. Pixels are connected across sides and corners.
  package mutating func maskNeighbours(floor: Float, radius: Float) {
    let (height, width) = (shape[0], shape[1])
    let islands = Islands(self, floor: floor)
    var central: Set<Int32> = []
    for row in 0..<height {
      for column in 0..<width {
        let dy = Float(row) - Float(height - 1) / 2
        let dx = Float(column) - Float(width - 1) / 2
        let label = islands.labels[row * width + column]
        if label > 0, dx * dx + dy * dy <= radius * radius { central.insert(label) }
      }
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

  /// Finds the islands of pixels above `floor`.
  init(_ image: Tensor, floor: Float) {
    labels = [Int32](repeating: 0, count: image.values.count)
    var count: Int32 = 0
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
