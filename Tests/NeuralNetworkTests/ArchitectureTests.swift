import NeuralNetwork
import Testing

@Suite("Shapes and schedules")
struct ArchitectureTests {
  @Test("An architecture that cannot be is refused, saying why")
  func architectures() throws {
    var architecture = Architecture()
    try architecture.check()
    architecture.inputSize = 4
    let small = architecture
    #expect(throws: NetworkError.self) { try small.check() }
    for (width, stride, blocks) in [(0, 1, [2]), (8, 0, [2]), (8, 1, []), (8, 1, [2, 0])] {
      var other = Architecture()
      (other.width, other.stemStride, other.blocks) = (width, stride, blocks)
      let bad = other
      #expect(throws: NetworkError.self) { try bad.check() }
    }
  }

  @Test("The schedule rises, peaks and falls to 0")
  func schedule() {
    let schedule = CosineSchedule(base: 2, warmUpSteps: 4, totalSteps: 14)
    #expect((0..<4).map(schedule.rate) == [0.5, 1, 1.5, 2])
    #expect(abs(schedule.rate(at: 9) - 1) < 1e-6)
    #expect(schedule.rate(at: 14) == 0)
  }
}
