import Foundation
import NeuralNetwork
import References
import Tensor
import Testing

@testable import WinogradEngine

@Suite("Gradients against finite differences")
struct GradientTests {
  private func tiny(stride: Int, width: Int) -> ResidualEncoder {
    var architecture = Architecture()
    (architecture.width, architecture.blocks) = (width, [1, 1, 1])
    architecture.stemStride = stride
    var encoder = ResidualEncoder(architecture, seed: 3)
    fill(&encoder)
    return encoder
  }

  @Test("Every parameter of the encoder, along a direction, to 2%", arguments: [1, 2], [4, 16])
  func encoder(_ stride: Int, _ width: Int) {
    let start = tiny(stride: stride, width: width)
    let images = wave([5, 13, 13, 1], 1)
    let weights = wave([5, start.architecture.embeddingDimension], 2)
    var encoder = start
    _ = encoder.forward(images)
    encoder.backward(weights)
    var names: [String] = []
    encoder.visit { name, _ in names.append(name) }
    for name in names {
      var slope = 0.0
      var losses: [Double] = []
      for side in [-1, 1] as [Float] {
        var moved = start
        moved.visit { other, parameter in
          guard other == name else { return }
          let direction = wave(parameter.value.shape, 7)
          for index in direction.values.indices {
            parameter.value.values[index] += side * 4e-4 * direction.values[index]
          }
        }
        losses.append(dot(moved.forward(images), weights))
      }
      var scale = 0.0
      encoder.visit { other, parameter in
        guard other == name else { return }
        let direction = wave(parameter.value.shape, 7)
        slope = dot(parameter.gradient, direction)
        scale =
          (dot(parameter.gradient, parameter.gradient) * dot(direction, direction)).squareRoot()
      }
      let difference = (losses[1] - losses[0]) / 8e-4
      #expect(abs(difference - slope) < 0.02 * scale + 0.02, "\(name): \(difference) or \(slope)")
    }
  }

  @Test("The head's input and parameters", arguments: [true, false])
  func head(_ normalised: Bool) {
    var start = Head(HeadShape([6, 4, 3], isNormalised: normalised), inputs: 5, seed: 2)
    start.visit { _, parameter in
      parameter.value = wave(parameter.value.shape, 3, scale: 0.8)
    }
    let x = wave([9, 5], 1)
    let weights = wave([9, 3], 2)
    var head = start
    _ = head.forward(x)
    let gradient = head.backward(weights)
    let direction = wave([9, 5], 4)
    let losses = [-1, 1].map { (side: Float) in
      var moved = x
      for index in moved.values.indices {
        moved.values[index] += side * 1e-3 * direction.values[index]
      }
      var copy = start
      return dot(copy.forward(moved), weights)
    }
    let slope = dot(gradient, direction)
    #expect(abs((losses[1] - losses[0]) / 2e-3 - slope) < 0.02 * max(1, abs(slope)))
  }
}
