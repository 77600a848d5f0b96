internal import COpenBLAS

/// The principal components of a cloud of points (Pearson 1901), by the eigenvectors of the
/// covariance in double precision.
public struct PCA: Sendable, Equatable {
  /// The centre of the points, `[dimensions]`.
  public let mean: Tensor

  /// Unit vectors by falling variance, `[components, dimensions]`; the largest element of each is
  /// positive.
  public let components: Tensor

  /// The variance along each component, with `n - 1` in the denominator.
  public let variances: [Double]

  /// The part of the whole variance that each component holds.
  public let varianceRatios: [Double]

  /// Finds the components of `points`.
  ///
  /// - Parameters:
  ///   - points: `[n, dimensions]`, all finite.
  ///   - components: How many to keep, at most `dimensions`.
  public init(fitting points: Tensor, components: Int) {
    let dimensions = points.columns
    let kept = min(max(1, components), dimensions)
    let mean = points.columnMeans(of: 0..<points.rows)
    var matrix = covariance(points, mean: mean)
    let eigenvalues = eigenvectors(of: &matrix, order: dimensions)
    let whole = max(eigenvalues.reduce(0, +), .leastNormalMagnitude)
    self.mean = Tensor(shape: [dimensions], values: mean.map(Float.init))
    self.variances = (0..<kept).map { max(0, eigenvalues[dimensions - 1 - $0]) }
    self.varianceRatios = variances.map { $0 / whole }
    var rows: [Float] = []
    for index in 0..<kept {
      let start = (dimensions - 1 - index) * dimensions
      let vector = matrix[start..<start + dimensions]
      let sign = (vector.max { abs($0) < abs($1) } ?? 1) < 0 ? -1.0 : 1.0
      rows.append(contentsOf: vector.map { Float($0 * sign) })
    }
    self.components = Tensor(shape: [kept, dimensions], values: rows)
  }

  /// The coordinates of `points` along the components, `[n, components]`.
  ///
  /// `points` are `[n, dimensions]`, and are centred first.
  public func project(_ points: Tensor) -> Tensor {
    multiply(points.less(mean), transposed: false, components, transposed: true)
  }
}

/// The lower triangle of the covariance, in the column-major order that LAPACK reads.
private func covariance(_ points: Tensor, mean: [Double]) -> [Double] {
  _ = oneThread
  let dimensions = mean.count
  let block = 2048
  var matrix = [Double](repeating: 0, count: dimensions * dimensions)
  var centred = [Double](repeating: 0, count: block * dimensions)
  let scale = 1 / Double(max(1, points.rows - 1))
  for start in stride(from: 0, to: points.rows, by: block) {
    let rows = min(block, points.rows - start)
    for index in 0..<rows * dimensions {
      centred[index] = Double(points.values[start * dimensions + index]) - mean[index % dimensions]
    }
    cblas_dsyrk(
      CblasColMajor, CblasLower, CblasNoTrans, Int32(dimensions), Int32(rows), scale, centred,
      Int32(dimensions), 1, &matrix, Int32(dimensions))
  }
  return matrix
}

/// Replaces a symmetric matrix by its eigenvectors, one after the other, by rising eigenvalue.
private func eigenvectors(of matrix: inout [Double], order: Int) -> [Double] {
  _ = oneThread
  var eigenvalues = [Double](repeating: 0, count: order)
  var size = Int32(order)
  var workCount = Int32(1 + 6 * order + 2 * order * order)
  var integerCount = Int32(3 + 5 * order)
  var work = [Double](repeating: 0, count: Int(workCount))
  var integers = [Int32](repeating: 0, count: Int(integerCount))
  var leading = size
  var info: Int32 = 0
  dsyevd_(
    "V", "L", &size, &matrix, &leading, &eigenvalues, &work, &workCount, &integers, &integerCount,
    &info)
  precondition(info == 0, "dsyevd failed with \(info): are all values finite?")
  return eigenvalues
}
