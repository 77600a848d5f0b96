internal import Foundation
internal import NeuralNetwork
public import Tensor
internal import Testing

/// Values by PyTorch, from tools/oracles/network.py.
public func golden() throws -> [String: Tensor] {
  let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
  let file = root.appending(path: "tools/oracles/network.safetensors")
  return try decodeSafetensors([UInt8](Data(contentsOf: file))).tensors
}

/// The numbers that the oracle makes too.
public func wave(_ shape: [Int], _ number: Int, scale: Double = 1) -> Tensor {
  let values = (0..<shape.reduce(1, *)).map { index in
    let i = Double(index)
    let phase = 1 + 0.7 * Double(number) + 0.9 * i + 0.013 * i * Double(index % 101)
    return Float(scale * sin(phase))
  }
  return Tensor(shape: shape, values: values)
}

/// The largest difference, relative to the largest value expected.
public func error(_ found: Tensor, _ expected: Tensor?) throws -> Float {
  let expected = try #require(expected)
  #expect(found.values.count == expected.values.count)
  let largest = expected.values.reduce(1e-20) { max($0, abs($1)) }
  return zip(found.values, expected.values).reduce(0) { max($0, abs($1.0 - $1.1)) } / largest
}

/// The sum of products.
public func dot(_ a: Tensor, _ b: Tensor) -> Double {
  zip(a.values, b.values).reduce(0) { $0 + Double($1.0) * Double($1.1) }
}
