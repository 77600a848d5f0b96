import Foundation
import Morphology
import Tensor
import Testing

@Suite("The linear probe over embeddings") struct LinearProbeTests {
  /// The points of tools/oracles/probe.py.
  private func points(_ truth: [Int]) -> Tensor {
    let rows = truth.indices.map { i in
      let row = (0..<4).map { j in
        let (x, y) = (Double(i), Double(j))
        let wobble = sin(1.3 * x + 0.7 * x * y + 0.11 * y * y) * (1 + 0.1 * y)
        return wobble + (truth[i] == j ? 0.8 : 0)
      }
      let length = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
      return row.map { Float($0 / length) }
    }
    return Tensor(shape: [truth.count, 4], values: rows.flatMap(\.self))
  }

  @Test(
    "Probabilities are those of the optimum found by Newton's method in numpy, to 1e-3",
    arguments: zip(
      [1, 0.5] as [Float],
      [
        [
          0.67797, 0.09991, 0.22212, 0.16676, 0.00316, 0.83008, 0.18885, 0.80468, 0.00647, 0.07238,
          0.3166, 0.61101,
        ],
        [
          0.72261, 0.08788, 0.18951, 0.20708, 0.00425, 0.78868, 0.2419, 0.75095, 0.00715, 0.08104,
          0.3345, 0.58446,
        ],
      ] as [[Float]]))
  func optimum(balance: Float, expected: [Float]) throws {
    let truth = (0..<30).map { $0 % 7 % 3 }
    var options = LinearProbe.Options()
    (options.balance, options.steps) = (balance, 1000)
    let x = points(truth)
    let found = try LinearProbe(x, truth: truth, classes: 3, options: options)
      .probabilities(of: x.rows(at: [0, 5, 11, 23]))
    for (value, reference) in zip(found.values, expected) { #expect(abs(value - reference) < 1e-3) }
  }

  @Test("The usual steps come near enough to the optimum") func usual() throws {
    let truth = (0..<30).map { $0 % 7 % 3 }
    var options = LinearProbe.Options()
    options.steps = 3000
    let x = points(truth)
    let usual = try LinearProbe(x, truth: truth, classes: 3).probabilities(of: x)
    let long = try LinearProbe(x, truth: truth, classes: 3, options: options).probabilities(of: x)
    #expect(difference(usual, long) < 0.01)
  }

  @Test("A class without a label gets no probability") func untaught() throws {
    let truth = (0..<30).map { $0 % 2 * 3 }
    let x = points(truth)
    let found = try LinearProbe(x, truth: truth, classes: 5).probabilities(of: x)
    #expect(found.shape == [30, 5])
    for row in 0..<30 {
      let line = Array(found.row(row))
      #expect(line[1] == 0 && line[2] == 0 && line[4] == 0)
      #expect(abs(line[0] + line[3] - 1) < 1e-5)
    }
    let one = try LinearProbe(x, truth: [Int](repeating: 2, count: 30), classes: 3)
    #expect(Array(one.probabilities(of: x).row(7)) == [0, 0, 1])
  }

  @Test("Labels that do not fit are refused") func refused() {
    let x = points([0, 1, 2])
    #expect(throws: MorphologyError.self) {
      try LinearProbe(x.rows(at: []), truth: [], classes: 3)
    }
    #expect(throws: MorphologyError.self) { try LinearProbe(x, truth: [0, 1], classes: 2) }
    #expect(throws: MorphologyError.self) { try LinearProbe(x, truth: [0, 1, 2], classes: 2) }
  }
}
