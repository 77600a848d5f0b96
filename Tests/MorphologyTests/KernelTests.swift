import CKernels
import Foundation
import Morphology
import Tensor
import Testing

@Suite("Kernels of the views against slow references")
struct KernelTests {
  private let image = double()

  @Test("Affine resampling, inside and across the edges, to 1e-4", arguments: 0..<12)
  func resampling(_ number: Int) {
    var random = RandomStream(7, number)
    let map = AffineMap(
      from: (33, 40), to: (80, 80), angle: number == 0 ? 0 : random.uniform(0...6.3),
      scale: random.uniform(0.5...4), mirrored: number % 2 == 1,
      shift: (random.uniform(-9...9), random.uniform(-9...9)))
    let fast = image.resampled(by: map, height: 33, width: 40)
    #expect(difference(fast, slowResampling(image, map, 33, 40)) < 1e-4)
  }

  @Test("A map of whole pixels copies them exactly")
  func identity() {
    let map = AffineMap(from: (80, 80), to: (80, 80), scale: 1)
    #expect(image.resampled(by: map, height: 80, width: 80) == image)
  }

  @Test("Gaussian blur to 1e-5", arguments: [0.3, 1, 2.7, 9] as [Float])
  func blur(_ sigma: Float) {
    #expect(difference(image.blurred(sigma: sigma), slowBlur(image, sigma)) < 1e-5)
  }

  @Test(
    "Stretches to 2e-6",
    arguments: [
      Stretch.linear, .squareRoot, .asinh(softening: 10), .asinh(softening: 300),
      .power(exponent: 0.2), .power(exponent: 2.5),
    ])
  func stretch(_ stretch: Stretch) {
    var fast = image
    stretch.apply(to: &fast, floor: 0.03, peak: 0.9)
    for (value, result) in zip(image.values, fast.values) {
      #expect(abs(result - slowStretch(value, stretch, floor: 0.03, peak: 0.9)) < 2e-6)
    }
  }

  @Test("Structural similarity to 1e-4, of all windows and of bright ones")
  func similarity() {
    var a = image
    Stretch.squareRoot.apply(to: &a, floor: 0.03, peak: 1)
    var b = image.blurred(sigma: 1.2)
    Stretch.linear.apply(to: &b, floor: 0.05, peak: 0.8)
    for floor in [-1, 0.05] as [Float] {
      let slow = slowSimilarity(a, b, floor: floor)
      #expect(abs(Double(structuralSimilarity(a, b, floor: floor)) - slow) < 1e-4)
    }
    #expect(abs(structuralSimilarity(a, a) - 1) < 1e-5)
  }

  @Test("Noise has mean 0, its σ and nearly normal tails")
  func noise() {
    var field = Tensor([300, 300])
    var random = RandomStream(5)
    field.addNoise(sigma: 2, using: &random)
    let count = Double(field.values.count)
    let mean = field.values.reduce(0) { $0 + Double($1) } / count
    let square = field.values.reduce(0) { $0 + Double($1 * $1) } / count
    let fourth = field.values.reduce(0) { $0 + pow(Double($1), 4) } / count
    #expect(abs(mean) < 0.03)
    #expect(abs(square - 4) < 0.08)
    // The sum of eight uniform numbers has kurtosis 3 - 1.2 / 8.
    #expect(abs(fourth / (square * square) - 2.85) < 0.06)
  }

  @Test("Medians are those of sorting", arguments: [1, 2, 3, 10, 1001, 20_000])
  func medians(_ count: Int) {
    var random = RandomStream(3, count)
    let values = (0..<count).map { _ in
      // Some values stand many times, of both signs.
      random.uniform() < 0.3 ? Float(Int.random(in: -2...2, using: &random)) : random.normal()
    }
    #expect(reber_median(values, count) == slowMedian(values))
    #expect(
      reber_median_distance(values, count, 0.25) == slowMedian(values.map { abs($0 - 0.25) }))
    #expect(reber_median([], 0) == 0)
  }

  @Test("The peak looks inside the inscribed circle only")
  func peak() {
    var field = Tensor([20, 20])
    field.values[0] = 9
    field.values[10 * 20] = 3
    #expect(field.peakInCircle == 3)
  }
}

private func slowMedian(_ values: [Float]) -> Float {
  let sorted = values.sorted()
  let upper = sorted[sorted.count / 2]
  return sorted.count % 2 == 1 ? upper : (sorted[sorted.count / 2 - 1] + upper) / 2
}

private func slowResampling(_ image: Tensor, _ map: AffineMap, _ height: Int, _ width: Int)
  -> Tensor
{
  func at(_ row: Int, _ column: Int) -> Double {
    guard row >= 0, column >= 0, row < image.shape[0], column < image.shape[1] else { return 0 }
    return Double(image.values[row * image.shape[1] + column])
  }
  var values: [Float] = []
  for r in 0..<height {
    for c in 0..<width {
      let x = Double(map.x.column * Float(c) + map.x.row * Float(r) + map.x.offset)
      let y = Double(map.y.column * Float(c) + map.y.row * Float(r) + map.y.offset)
      let (column, row) = (Int(x.rounded(.down)), Int(y.rounded(.down)))
      let (u, v) = (x - Double(column), y - Double(row))
      let top = at(row, column) * (1 - u) + at(row, column + 1) * u
      let bottom = at(row + 1, column) * (1 - u) + at(row + 1, column + 1) * u
      values.append(Float(top * (1 - v) + bottom * v))
    }
  }
  return Tensor(shape: [height, width], values: values)
}

private func slowBlur(_ image: Tensor, _ sigma: Float) -> Tensor {
  let radius = Int((3 * sigma).rounded(.up))
  let taps = (-radius...radius).map { exp(-0.5 * Double($0 * $0) / Double(sigma * sigma)) }
  let sum = taps.reduce(0, +)
  func pass(_ values: [Double], _ dy: Int, _ dx: Int) -> [Double] {
    (0..<6400).map { index in
      var total = 0.0
      for (tap, weight) in taps.enumerated() {
        let (row, column) = (index / 80 + (tap - radius) * dy, index % 80 + (tap - radius) * dx)
        guard (0..<80).contains(row), (0..<80).contains(column) else { continue }
        total += weight / sum * values[row * 80 + column]
      }
      return total
    }
  }
  let blurred = pass(pass(image.values.map(Double.init), 0, 1), 1, 0)
  return Tensor(shape: [80, 80], values: blurred.map(Float.init))
}

private func slowStretch(_ value: Float, _ stretch: Stretch, floor: Float, peak: Float) -> Float {
  guard value >= floor else { return 0 }
  let x = min(1, Double(value) / Double(peak))
  switch stretch {
  case .linear: return Float(x)
  case .squareRoot: return Float(x.squareRoot())
  case .asinh(let softening): return Float(asinh(Double(softening) * x) / asinh(Double(softening)))
  case .power(let exponent): return Float(pow(x, Double(exponent)))
  }
}

/// Structural similarity straight from the formula.
private func slowSimilarity(_ a: Tensor, _ b: Tensor, floor: Float) -> Double {
  let taps = (-5...5).map { exp(-Double($0 * $0) / 4.5) }
  let sum = taps.reduce(0, +)
  var total = 0.0
  var count = 0.0
  for row in 0...69 {
    for column in 0...69 {
      var (ma, mb, aa, bb, ab) = (0.0, 0.0, 0.0, 0.0, 0.0)
      for i in 0..<11 {
        for j in 0..<11 {
          let w = taps[i] * taps[j] / (sum * sum)
          let x = Double(a.values[(row + i) * 80 + column + j])
          let y = Double(b.values[(row + i) * 80 + column + j])
          (ma, mb) = (ma + w * x, mb + w * y)
          (aa, bb, ab) = (aa + w * x * x, bb + w * y * y, ab + w * x * y)
        }
      }
      guard ma > Double(floor) || mb > Double(floor) else { continue }
      let luminance = (2 * ma * mb + 1e-4) / (ma * ma + mb * mb + 1e-4)
      let structure = (2 * (ab - ma * mb) + 9e-4) / (aa - ma * ma + bb - mb * mb + 9e-4)
      total += luminance * structure
      count += 1
    }
  }
  return total / count
}
