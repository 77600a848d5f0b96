import NeuralNetwork
import References
import Tensor
import Testing

@Suite("Losses")
struct LossTests {
  @Test("Cross-entropy with weights and smoothing")
  func crossEntropy() throws {
    let gold = try golden()
    let logits = wave([6, 4], 8, scale: 2)
    let variants: [(String, [Float]?, Float)] = [
      ("plain.", nil, 0), ("smooth.", nil, 0.2), ("weighted.", [0.5, 1, 2, 1.5], 0.1),
    ]
    for (name, weights, smoothing) in variants {
      let (loss, gradient) = CrossEntropy(
        classes: [0, 1, 2, 3, 1, 0], weights: weights, smoothing: smoothing)(logits)
      #expect(try error(Tensor([1], repeating: loss), gold[name + "loss"]) < 1e-6)
      #expect(try error(gradient, gold[name + "gradient"]) < 2e-6)
    }
  }

  @Test("NT-Xent")
  func contrast() throws {
    let gold = try golden()
    let (loss, gradient) = NTXent(temperature: 0.2)(wave([8, 5], 9))
    #expect(try error(Tensor([1], repeating: loss), gold["ntxent.loss"]) < 1e-6)
    #expect(try error(gradient, gold["ntxent.gradient"]) < 1e-5)
  }

  @Test("Gradients against finite differences")
  func gradients() {
    let z = wave([6, 4], 1)
    let direction = wave([6, 4], 2)
    let losses: [any Loss] = [
      NTXent(temperature: 0.5),
      CrossEntropy(classes: [0, 3, 1, 1, 2, 0], weights: [1, 2, 3, 4], smoothing: 0.1),
    ]
    for loss in losses {
      let values = [-1, 1].map { (side: Float) in
        var moved = z
        for index in moved.values.indices {
          moved.values[index] += side * 1e-2 * direction.values[index]
        }
        return Double(loss(moved).value)
      }
      let slope = dot(loss(z).gradient, direction)
      #expect(abs((values[1] - values[0]) / 2e-2 - slope) < 2e-3)
    }
  }
}
