internal import Foundation
internal import Tensor

/// Sources in a classifier's space, and how far others lie from them.
///
/// It is told in two ways, since each sees what the other does not: by the distance to the nearest of
/// a few centres, in units of the scatter about them, and by how thin the crowd is there.
struct Surroundings: Sendable, Equatable {
  /// The axes of the scatter, each divided by its width, `[dimensions, dimensions]`.
  let axes: Tensor

  /// The centres along those axes, `[centres, dimensions]`.
  let centres: Tensor

  /// The sources as the crowd is looked at, `[n, components]`.
  let crowd: Tensor

  /// How far the widths of the axes are drawn to their mean, since sources are few.
  private static let shrinkage = 0.1

  /// Takes features on the unit sphere.
  ///
  /// - Parameters:
  ///   - points: `[n, dimensions]`.
  ///   - classes: Which centre each belongs to.
  ///   - view: How the crowd is looked at.
  init(_ points: Tensor, classes: [Int], view: CrowdView) {
    var members: [Int: [Int]] = [:]
    for (row, index) in classes.enumerated() { members[index, default: []].append(row) }
    let means = members.keys.sorted().map {
      points.columnMeans(of: members[$0] ?? []).map(Float.init)
    }
    let places = Dictionary(uniqueKeysWithValues: zip(members.keys.sorted(), means.indices))
    var scatter = points
    for (row, index) in classes.enumerated() {
      guard let place = places[index] else { continue }
      for (column, value) in means[place].enumerated() {
        scatter.values[row * points.columns + column] -= value
      }
    }
    axes = Self.scaledAxes(of: scatter)
    let centres = Tensor(shape: [means.count, points.columns], values: means.flatMap(\.self))
    self.centres = multiply(centres, transposed: false, axes, transposed: true)
    crowd = view.points(points)
  }

  /// Restores what was saved; `nil` for tensors that do not go together.
  init?(axes: Tensor?, centres: Tensor?, crowd: Tensor?) {
    guard let axes, let centres, let crowd, axes.shape == [centres.columns, centres.columns] else {
      return nil
    }
    (self.axes, self.centres, self.crowd) = (axes, centres, crowd)
  }

  private static func scaledAxes(of scatter: Tensor) -> Tensor {
    let pca = PCA(fitting: scatter, components: scatter.columns)
    let mean = pca.variances.reduce(0, +) / Double(max(1, pca.variances.count))
    let factors = pca.variances.map {
      1 / max((1 - shrinkage) * $0 + shrinkage * mean, 1e-12).squareRoot()
    }
    return pca.components.scalingRows(by: factors)
  }

  /// The squared Mahalanobis distances of points of the unit sphere to the nearest centre.
  func distances(of points: Tensor) -> [Float] {
    let along = multiply(points, transposed: false, axes, transposed: true)
    return nearestNeighbours(of: along, in: centres, count: 1).distances.values.map { $0 * $0 }
  }

  /// How thin the crowd is about points of its view: less the logarithm of its density, by a Gaussian
  /// kernel.
  ///
  /// A source of the crowd does not count for itself.
  func thinness(of points: Tensor) -> [Float] {
    let products = multiply(points, transposed: false, crowd, transposed: true)
    let factor = -1 / (Self.reach * Self.reach)
    return (0..<points.rows).map { row in
      var sum: Float = 0
      for product in products.row(row) where product < Self.same {
        sum += exp(factor * (1 - product))
      }
      return -log(sum / Float(max(1, crowd.rows)) + Self.leastDensity)
    }
  }

  /// The σ of the kernel, on the unit sphere.
  private static let reach: Float = 0.4

  /// The product from which two points are one image seen twice.
  private static let same: Float = 1 - 5e-6

  private static let leastDensity: Float = 1e-7
}

/// How a crowd is looked at: on the unit sphere of its principal axes.
struct CrowdView: Sendable, Equatable {
  let axes: PrincipalAxes

  /// The most axes kept.
  private static let components = 32

  /// Finds the axes of features on the unit sphere, `[n, dimensions]`.
  init(_ points: Tensor) {
    let pca = PCA(fitting: points, components: min(Self.components, max(1, points.rows - 1)))
    axes = PrincipalAxes(pca, whitening: PrincipalSpace.Options().whitening)
  }

  /// Restores what was saved; `nil` for tensors that do not go together.
  init?(mean: Tensor?, axes: Tensor?) {
    guard let axes = PrincipalAxes(mean: mean, axes: axes) else { return nil }
    self.axes = axes
  }

  /// Points of the unit sphere as they are looked at, `[n, components]`, of length 1 again.
  func points(_ points: Tensor) -> Tensor { axes.coordinates(of: points).onUnitSphere() }
}
