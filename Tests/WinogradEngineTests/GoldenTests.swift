import Foundation
import NeuralNetwork
import References
import Tensor
import Testing

@testable import WinogradEngine

@Suite("Against PyTorch")
struct GoldenTests {
  @Test(
    "Convolutions and their gradients, to 2e-6",
    arguments: [(3, 1), (3, 2), (1, 1), (1, 2)])
  func convolution(_ kernel: Int, _ stride: Int) throws {
    let gold = try golden()
    var random = RandomStream(1)
    var layer = Convolution(inputs: 3, outputs: 5, kernel: kernel, stride: stride, using: &random)
    layer.weight.value = wave([5, 3, kernel, kernel], 2)
    let arena = Arena()
    let input = Activation(arena.map(copying: wave([2, 7, 9, 3], 1)))
    let zero = UnsafePointer(arena.floats(5))
    for index in 0..<5 { UnsafeMutablePointer(mutating: zero)[index] = 0 }
    let (output, sums) = layer.forward(input, pivot: zero, in: arena)
    let name = "conv\(kernel)\(stride)."
    #expect(try error(output.tensor(), gold[name + "y"]) < 2e-6)
    let shape = [output.count, output.height, output.width, output.channels]
    let result = arena.map(input.map.shape)
    let ones = arena.floats(5)
    ones.update(repeating: 1, count: 5)
    let zeros = UnsafeMutablePointer(mutating: zero)
    let gradient = NormalisedGradient(
      gradient: arena.map(copying: wave(shape, 3)), map: output, a: ones, b: zeros, c: zeros)
    layer.backward(gradient, input: input, result: .plain(result, plus: nil), in: arena)
    #expect(
      abs(sums.first(0) - Double((0..<output.pixels).map { output.base[$0 * 5] }.reduce(0, +)))
        < 1e-3)
    #expect(try error(result.tensor(), gold[name + "dx"]) < 2e-6)
    #expect(try error(layer.weight.gradient, gold[name + "dw"]) < 2e-6)
  }

  @Test("The encoder, its gradients and running statistics", arguments: ["encoder.", "strided."])
  func encoder(_ name: String) throws {
    let gold = try golden()
    var architecture = Architecture()
    (architecture.width, architecture.blocks) = (16, [1, 1])
    architecture.stemStride = name == "encoder." ? 1 : 2
    var encoder = ResidualEncoder(architecture, seed: 1)
    fill(&encoder)
    let images = wave([6, 12, 12, 1], 4)
    let embedding = encoder.forward(images)
    #expect(try error(embedding, gold[name + "embedding"]) < 1e-5)
    encoder.backward(wave(embedding.shape, 5))
    var checked = 0
    encoder.visit { key, parameter in
      guard let expected = gold[name + "gradient." + key] else { return }
      let error = try? error(parameter.gradient, expected)
      #expect(error ?? 1 < 2e-4, "\(key)")
      checked += 1
    }
    #expect(checked == (name == "encoder." ? 18 : 12))
    for (key, value) in encoder.state where key.contains("running") {
      #expect(try error(value, gold[name + key]) < 1e-5, "\(key)")
    }
    #expect(try error(encoder.embed(images), gold[name + "inference"]) < 1e-5)
  }

  @Test("The projector")
  func head() throws {
    let gold = try golden()
    var head = Head(HeadShape([5, 4], isNormalised: true), inputs: 6, seed: 1)
    fill(&head)
    let x = wave([7, 6], 6)
    #expect(try error(head.forward(x), gold["head.y"]) < 2e-6)
    #expect(try error(head.backward(wave([7, 4], 7)), gold["head.dx"]) < 1e-5)
    head.visit { key, parameter in
      let expected = gold["head.gradient." + key]
      // The bias before a normalisation has no effect, and its gradient is rounding.
      guard key != "0.bias" else { return }
      #expect((try? error(parameter.gradient, expected)) ?? 1 < 1e-5, "\(key)")
    }
    #expect(try error(head.apply(x), gold["head.inference"]) < 2e-6)
  }

  @Test(
    "Steps of the optimisers",
    arguments: [
      ("sgd.", Optimiser.Rule.sgd(momentum: 0.9)),
      ("lars.", .lars(momentum: 0.9, trust: 0.02)), ("adam.", .adam),
    ])
  func optimiser(_ name: String, _ rule: Optimiser.Rule) throws {
    let gold = try golden()
    var pair = Pair()
    var moments = Moments(Optimiser(rule, weightDecay: 0.1))
    for step in 0..<4 {
      pair.weight.gradient = wave([3, 4], 20 + step)
      pair.bias.gradient = wave([3], 30 + step)
      // Half way, the state goes through bytes.
      if step == 2 {
        let saved = encodeSafetensors(moments.state)
        moments = Moments(Optimiser(rule, weightDecay: 0.1))
        try moments.load(decodeSafetensors(saved).tensors)
      }
      moments.step(&pair, rate: 0.1 * Float(step + 1))
    }
    #expect(try error(pair.weight.value, gold[name + "w"]) < 2e-6)
    #expect(try error(pair.bias.value, gold[name + "b"]) < 2e-6)
  }
}

private struct Pair: Layered {
  var weight = Parameter(wave([3, 4], 10), decays: true)
  var bias = Parameter(wave([3], 11), decays: false)

  mutating func visit(
    _ parameter: (String, inout Parameter) -> Void, statistic: (String, inout Tensor) -> Void
  ) {
    parameter("w", &weight)
    parameter("b", &bias)
  }
}
