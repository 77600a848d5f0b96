import Foundation
import Tensor

/// The cloud of points of tools/oracles/metrics.py: three loose groups.
func points(_ count: Int, _ dimensions: Int) -> Tensor {
  var values: [Float] = []
  for i in 0..<count {
    for j in 0..<dimensions {
      let (x, y) = (Double(i), Double(j))
      let wobble = sin(1.3 * x + 0.7 * x * y + 0.11 * y * y) * (1 + 0.1 * y)
      values.append(Float(wobble + (i % 3 == j % 3 ? 2 : 0)))
    }
  }
  return Tensor(shape: [count, dimensions], values: values)
}

/// Whether two numbers agree to `tolerance` of the larger of them and 1.
func agree<Number: BinaryFloatingPoint>(_ a: Number, _ b: Number, _ tolerance: Number) -> Bool {
  abs(a - b) <= tolerance * max(1, abs(a), abs(b))
}
