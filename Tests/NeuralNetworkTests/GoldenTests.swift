import Foundation
import Tensor
import Testing

@testable import NeuralNetwork

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
    let result = arena.map(like: input.map)
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
    var encoder = Encoder(architecture, seed: 1)
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
    var head = Head(dimensions: [6, 5, 4], normalised: true, seed: 1)
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

  @Test("Cross-entropy with weights and smoothing")
  func crossEntropy() throws {
    let gold = try golden()
    let logits = wave([6, 4], 8, scale: 2)
    let variants: [(String, [Float]?, Float)] = [
      ("plain.", nil, 0), ("smooth.", nil, 0.2), ("weighted.", [0.5, 1, 2, 1.5], 0.1),
    ]
    for (name, weights, smoothing) in variants {
      let (loss, gradient) = softmaxCrossEntropy(
        logits, classes: [0, 1, 2, 3, 1, 0], weights: weights, smoothing: smoothing)
      #expect(try error(Tensor([1], repeating: loss), gold[name + "loss"]) < 1e-6)
      #expect(try error(gradient, gold[name + "gradient"]) < 2e-6)
    }
  }

  @Test("NT-Xent")
  func contrast() throws {
    let gold = try golden()
    let (loss, gradient) = ntXent(wave([8, 5], 9), temperature: 0.2)
    #expect(try error(Tensor([1], repeating: loss), gold["ntxent.loss"]) < 1e-6)
    #expect(try error(gradient, gold["ntxent.gradient"]) < 1e-5)
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
    var optimiser = Optimiser(rule: rule, weightDecay: 0.1)
    for step in 0..<4 {
      pair.weight.gradient = wave([3, 4], 20 + step)
      pair.bias.gradient = wave([3], 30 + step)
      // Half way, the state goes through bytes.
      if step == 2 {
        let saved = encodeSafetensors(optimiser.state)
        optimiser = Optimiser(rule: rule, weightDecay: 0.1)
        try optimiser.load(decodeSafetensors(saved).tensors)
      }
      optimiser.step(&pair, rate: 0.1 * Float(step + 1))
    }
    #expect(try error(pair.weight.value, gold[name + "w"]) < 2e-6)
    #expect(try error(pair.bias.value, gold[name + "b"]) < 2e-6)
  }
}

private struct Pair: Trainable {
  var weight = Parameter(wave([3, 4], 10), decays: true)
  var bias = Parameter(wave([3], 11), decays: false)

  mutating func visit(_ body: (String, inout Parameter) -> Void) {
    body("w", &weight)
    body("b", &bias)
  }

  var state: [String: Tensor] { ["w": weight.value, "b": bias.value] }

  mutating func load(_ state: [String: Tensor]) throws {}
}
