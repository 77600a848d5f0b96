import NeuralNetwork
import References
import Tensor
import Testing
import WinogradEngine

@Suite("Against the reference engine")
struct ReferenceTests {
  @Test(
    "A network of the same weights embeds, judges and learns the same, to 2e-4",
    arguments: checkedWidths, checkedRules)
  func learns(_ width: Int, _ rule: Optimiser.Rule) throws {
    try checkLearning(of: WinogradEngine(), width, rule)
  }

  @Test(
    "A network that begins or ends otherwise than usual embeds and learns the same, to 2e-4",
    arguments: checkedEnds)
  func otherEnds(stem: Architecture.Stem?, pooling: Architecture.Pooling?) throws {
    try checkEnds(of: WinogradEngine(), stem: stem, pooling: pooling)
  }

  @Test("An encoder adapts to images alike, and another precision is refused")
  func adapts() throws {
    try checkAdapting(of: WinogradEngine())
    #expect(throws: NetworkError.noInstructions("bfloat16")) {
      try ReferenceEngine().encoder(Architecture(), precision: .bfloat16, seed: 1)
    }
  }
}
