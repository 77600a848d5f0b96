internal import Tensor

/// The mean and deviation of every column of some points, by which all columns are made alike.
///
/// A linear classifier learns at one rate over columns of one scale.
struct Standardisation {
  let means: [Float]
  let deviations: [Float]

  /// Measures points `[n, dimensions]`; a column without deviation keeps its scale.
  init(_ points: Tensor) {
    let (count, width) = (Double(max(1, points.rows)), points.columns)
    let centre = points.columnMeans(of: 0..<points.rows)
    var squares = [Double](repeating: 0, count: width)
    for row in 0..<points.rows {
      for (column, value) in points.row(row).enumerated() {
        squares[column] += (Double(value) - centre[column]) * (Double(value) - centre[column])
      }
    }
    means = centre.map { Float($0) }
    deviations = squares.map { $0 > 1e-12 * count ? Float(($0 / count).squareRoot()) : 1 }
  }

  /// A layer that learned over standardised points, made to give the same over points as they are.
  func absorbed(into layer: LinearLayer) -> LinearLayer {
    var layer = layer
    for output in layer.biases.values.indices {
      var shift: Float = 0
      for input in means.indices {
        let place = output * means.count + input
        layer.weights.values[place] /= deviations[input]
        shift += layer.weights.values[place] * means[input]
      }
      layer.biases.values[output] -= shift
    }
    return layer
  }

  /// The points with mean 0 and deviation 1 in every column.
  func applied(to points: Tensor) -> Tensor {
    let width = points.columns
    return Tensor(shape: points.shape) { target in
      for (index, value) in points.values.enumerated() {
        let column = index % width
        target[index] = (value - means[column]) / deviations[column]
      }
    }
  }
}
