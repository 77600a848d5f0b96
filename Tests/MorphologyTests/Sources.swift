import Foundation
import Morphology
import Tensor

/// A made source: two lobes on an axis at `angle`, over noise of σ 0.01.
func double(
  angle: Float = 0.4, side: Int = 80, separation: Float = 12, seed: UInt64 = 1,
  ratio: Float = 0.8
) -> Tensor {
  var random = RandomStream(seed)
  let centre = Float(side - 1) / 2
  let (dx, dy) = (separation * cos(angle), separation * sin(angle))
  var values: [Float] = []
  for row in 0..<side {
    for column in 0..<side {
      let (x, y) = (Float(column) - centre, Float(row) - centre)
      let one = blob(x - dx, y - dy)
      values.append(one + ratio * blob(x + dx, y + dy) + 0.01 * random.normal())
    }
  }
  return Tensor(shape: [side, side], values: values)
}

/// A made source: one round blob over noise of σ 0.01.
func single(side: Int = 80, seed: UInt64 = 1) -> Tensor {
  double(side: side, separation: 0, seed: seed, ratio: 0)
}

private func blob(_ x: Float, _ y: Float) -> Float { exp(-0.5 * (x * x + y * y) / 9) }

/// A preprocessing small enough for fast tests.
func small(_ size: Int = 32) -> Preprocessing {
  var preprocessing = Preprocessing()
  preprocessing.size = size
  return preprocessing
}

/// Made sources of two classes, 0 single and 1 double, in turn.
func twoClasses(_ count: Int, preprocessing: Preprocessing = small(16)) throws -> [Prepared] {
  try (0..<count).map { index in
    let seed = UInt64(100 + index)
    let image =
      index % 2 == 0
      ? single(side: 48, seed: seed)
      : double(angle: Float(index), side: 48, separation: 9, seed: seed)
    return try preprocessing.prepare(image)
  }
}

/// The largest difference of two tensors.
func difference(_ a: Tensor, _ b: Tensor) -> Float {
  zip(a.values, b.values).reduce(0) { max($0, abs($1.0 - $1.1)) }
}
