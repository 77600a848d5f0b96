internal import Foundation
internal import Tensor

/// The principal axes of points, with deviations along them made more even.
struct PrincipalAxes: Sendable, Equatable {
  /// What is subtracted, `[dimensions]`.
  let mean: Tensor

  /// `[components, dimensions]`.
  private(set) var axes: Tensor

  /// Makes each deviation σ of components σ^(1 − whitening); components without any get 0.
  init(_ pca: PCA, whitening: Double) {
    let least = (pca.variances.first ?? 0) * 1e-10
    mean = pca.mean
    axes = pca.components.scalingRows(
      by: pca.variances.map { $0 > least ? pow($0, -whitening / 2) : 0 })
  }

  /// The axes over which a linear classifier of points `[n, dimensions]` learns, each coordinate of mean square 1 in
  /// the mean.
  ///
  /// A penalty holds back most what varies least: over points as they are the few directions in which most of them
  /// differ would decide alone.
  init(forLearningOver points: Tensor, options: PrincipalSpace.Options = .init()) {
    let pca = PCA(fitting: points, components: min(options.components, max(1, points.rows - 1)))
    self.init(pca, whitening: options.whitening)
    let squares = zip(pca.variances, 0..<axes.rows).map { variance, row in
      variance * axes.row(row).reduce(0) { $0 + Double($1) * Double($1) }
    }
    let mean = squares.reduce(0, +) / Double(axes.rows)
    guard mean > 0 else { return }
    axes = axes.scalingRows(by: squares.map { _ in 1 / mean.squareRoot() })
  }

  /// Restores what was saved; `nil` for tensors that do not go together.
  init?(mean: Tensor?, axes: Tensor?) {
    guard let mean, let axes, mean.shape == [axes.columns] else { return nil }
    (self.mean, self.axes) = (mean, axes)
  }

  /// The coordinates of points `[n, dimensions]`, `[n, components]`.
  func coordinates(of points: Tensor) -> Tensor {
    multiply(points.less(mean), transposed: false, axes, transposed: true)
  }

  /// A layer that learned over coordinates, made to give the same over points as they are.
  func absorbed(into layer: LinearLayer) -> LinearLayer {
    let weights = multiply(layer.weights, transposed: false, axes, transposed: false)
    let shifts = multiply(
      mean.reshaped([1, mean.rows]), transposed: false, weights, transposed: true)
    return LinearLayer(
      weights: weights,
      biases: Tensor(
        shape: layer.biases.shape, values: zip(layer.biases.values, shifts.values).map { $0 - $1 }))
  }
}

extension Tensor {
  /// Every row multiplied by a factor of its own.
  func scalingRows(by factors: [Double]) -> Tensor {
    var result = self
    for (row, factor) in factors.enumerated() {
      for place in row * columns..<(row + 1) * columns { result.values[place] *= Float(factor) }
    }
    return result
  }
}
