import Tensor
import Testing

/// Numbers of a normal distribution.
func noise(_ count: Int, _ seed: UInt64) -> [Float] {
  var random = RandomStream(seed)
  return (0..<count).map { _ in random.normal() }
}

/// The largest difference.
func largest(_ a: [Float], _ b: [Double]) -> Double {
  #expect(a.count == b.count)
  return zip(a, b).reduce(0) { max($0, abs(Double($1.0) - $1.1)) }
}

/// Products at `points`, `[points, rows, outputs]`, of `a`, `[points, rows, inputs]` with `gap`
/// numbers behind each point, and `b`, `[points, inputs, outputs]`.
func slowProducts(
  _ a: [Double], gap: Int, _ b: [Double], points: Int, rows: Int, inputs: Int, outputs: Int
) -> [Double] {
  (0..<points * rows * outputs).map { index in
    let (p, r, k) = (index / outputs / rows, index / outputs % rows, index % outputs)
    return (0..<inputs).reduce(0) {
      $0 + a[p * (rows * inputs + gap) + r * inputs + $1] * b[(p * inputs + $1) * outputs + k]
    }
  }
}
