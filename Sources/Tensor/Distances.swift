/// The squared distance of two points, by differences.
///
/// Exact to rounding also for points that lie close together, unlike that by products.
///
/// The longer of the two is cut.
@inlinable
public func squaredDistance<Value: FloatingPoint>(
  _ a: some Sequence<Value>, _ b: some Sequence<Value>
) -> Value {
  var sum: Value = 0
  for (x, y) in zip(a, b) { sum += (x - y) * (x - y) }
  return sum
}

/// Squared distances of every point to every other of a second cloud, by a matrix product.
///
/// Of nearly equal points the rounding shows; `squaredDistance` is exact to its own.
///
/// - Parameters:
///   - a: `[n, dimensions]`.
///   - b: `[m, dimensions]`.
/// - Returns: `[n, m]`, none below 0.
public func squaredDistances(_ a: Tensor, _ b: Tensor) -> Tensor {
  let (own, other) = (squaredNorms(a), squaredNorms(b))
  var products = multiply(a, transposed: false, b, transposed: true)
  products.values.withUnsafeMutableBufferPointer { values in
    for row in own.indices {
      for column in other.indices {
        let index = row * other.count + column
        values[index] = max(0, own[row] + other[column] - 2 * values[index])
      }
    }
  }
  return products
}

/// The sum of squares of every row.
package func squaredNorms(_ points: Tensor) -> [Float] {
  (0..<points.rows).map { points.row($0).reduce(0) { $0 + $1 * $1 } }
}
