internal import Foundation
internal import Tensor

/// The principal axes of points, with deviations along them made more even.
struct PrincipalAxes: Sendable, Equatable {
  /// What is subtracted, `[dimensions]`.
  let mean: Tensor

  /// `[components, dimensions]`.
  let axes: Tensor

  /// Makes each deviation σ of components σ^(1 − whitening); components without any get 0.
  init(_ pca: PCA, whitening: Double) {
    let least = (pca.variances.first ?? 0) * 1e-10
    mean = pca.mean
    axes = pca.components.scalingRows(
      by: pca.variances.map { $0 > least ? pow($0, -whitening / 2) : 0 })
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
