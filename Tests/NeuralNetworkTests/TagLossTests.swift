import Foundation
import NeuralNetwork
import Tensor
import Testing

@Suite("Losses of tags and of shares") struct TagLossTests {
  private let logits = Tensor(shape: [2, 3], values: [0.5, -1.2, 2, -0.3, 0.7, -2.5])

  /// The derivative is that of small steps.
  private func check(_ loss: some Loss, _ columns: [Int] = Array(0..<6)) {
    let gradient = loss(logits).gradient
    for index in 0..<6 {
      var (up, down) = (logits, logits)
      up.values[index] += 0.01
      down.values[index] -= 0.01
      let slope = (loss(up).value - loss(down).value) / 0.02
      #expect(abs(slope - gradient.values[index]) < 2e-4, "\(index)")
    }
  }

  @Test func binaryCrossEntropyIsItsFormulaAndSlope() {
    let targets = Tensor(shape: [2, 3], values: [1, 0, .nan, 0.25, 1, 0])
    let loss = BinaryCrossEntropy(targets: targets)
    var sum = 0.0
    for (target, logit) in zip(targets.values, logits.values) where !target.isNaN {
      let p = 1 / (1 + exp(-Double(logit)))
      sum -= Double(target) * log(p) + (1 - Double(target)) * log(1 - p)
    }
    #expect(abs(Double(loss(logits).value) - sum / 2) < 1e-5)
    #expect(loss(logits).gradient.values[2] == 0)
    check(loss)
    check(BinaryCrossEntropy(targets: targets, smoothing: 0.2))
    // Large logits cost what they should, not infinity.
    let far = BinaryCrossEntropy(targets: Tensor(shape: [1, 2], values: [0, 1]))
    #expect(abs(far(Tensor(shape: [1, 2], values: [200, -200])).value - 400) < 1e-3)
  }

  @Test func sharesOfOneClassAreItsCrossEntropy() {
    let hard = SharesCrossEntropy(shares: Tensor(shape: [2, 3], values: [0, 1, 0, 0, 0, 1]))
    let same = CrossEntropy(classes: [1, 2])
    #expect(abs(hard(logits).value - same(logits).value) < 1e-5)
    for (a, b) in zip(hard(logits).gradient.values, same(logits).gradient.values) {
      #expect(abs(a - b) < 1e-6)
    }
    check(SharesCrossEntropy(shares: Tensor(shape: [2, 3], values: [0.2, 0.5, 0.3, 1, 0, 0])))
    let smooth = SharesCrossEntropy(
      shares: Tensor(shape: [2, 3], values: [0, 1, 0, 0, 0, 1]), smoothing: 0.1)
    #expect(
      abs(smooth(logits).value - CrossEntropy(classes: [1, 2], smoothing: 0.1)(logits).value) < 1e-5
    )
  }
}
