import CKernels
import Engines
import NeuralNetwork
import Testing

@Suite("The engine that fits the processor")
struct FittingEngineTests {
  @Test("What is chosen can be computed, is always the same, and bfloat16 for matrix units alone")
  func choice() throws {
    let engine = FittingEngine()
    try engine.check(engine.fastest)
    #expect(engine.advice(on: engine.fastest) == nil)
    #expect(engine.fastest == .float32 || reber_has_matrix_units() != 0)
    #expect(FittingEngine().way(of: engine.fastest) == engine.way(of: engine.fastest))
    #expect(engine.sparingMemory.way(of: .bfloat16) == engine.way(of: .bfloat16))
  }

  @Test("A run can say what computed it")
  func ways() {
    let engine = FittingEngine()
    #expect(engine.way(of: .float32).wholeMatch(of: /float32 by \d+-bit kernels/) != nil)
    #expect(engine.way(of: .bfloat16).hasPrefix("bfloat16 by "))
  }
}
