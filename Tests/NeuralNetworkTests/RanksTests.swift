import NeuralNetwork
import References
import Tensor
import Testing

@Suite("A batch divided among ranks")
struct RanksTests {
  /// What a loss says of a rank's outputs.
  private struct Outcome: Sendable {
    let value: Float
    let gradient: Tensor

    init(_ loss: any Loss, of outputs: Tensor, among ranks: any Ranks = Alone()) {
      (value, gradient) = loss(outputs, among: ranks)
    }
  }

  /// Losses of a batch of twelve rows, of which a rank has some.
  private static func loss(_ number: Int, _ rows: Range<Int>) -> any Loss {
    let answers = wave([12, 4], 3).rows(at: Array(rows))
    switch number {
    case 0: return NTXent(temperature: 0.3)
    case 1:
      return CrossEntropy(
        classes: rows.map { $0 % 4 }, weights: [1, 2, 3, 4], smoothing: 0.1)
    case 2: return SharesCrossEntropy(shares: softmax(answers), smoothing: 0.2)
    default: return BinaryCrossEntropy(targets: sigmoid(answers), smoothing: 0.2)
    }
  }

  /// The rows of the whole batch that a rank of three has: shares of unequal length.
  private static func rows(_ rank: Int) -> Range<Int> { [0..<2, 2..<8, 8..<12][rank] }

  /// The order in which one process has the rows of ranks that have both views of their sources.
  private static let pairs = [0, 2, 3, 4, 8, 9, 1, 5, 6, 7, 10, 11]

  @Test(
    "Losses and gradients are those of the whole batch, and the value is alike in all",
    arguments: 0..<4)
  func losses(_ number: Int) async throws {
    let outputs = wave([12, 4], 1)
    let order = number == 0 ? Self.pairs : Array(0..<12)
    let whole = Outcome(Self.loss(number, 0..<12), of: outputs.rows(at: order))
    let parts = try await ThreadRanks.run(3) { ranks in
      let rows = Self.rows(ranks.rank)
      return Outcome(Self.loss(number, rows), of: outputs.rows(at: Array(rows)), among: ranks)
    }
    let found = Tensor(shape: [12, 4], values: parts.flatMap { $0.gradient.values })
    #expect(try error(found.rows(at: order), whole.gradient) < 1e-6)
    for part in parts { #expect(part.value == parts[0].value) }
    #expect(abs(parts[0].value - whole.value) < 1e-6 * whole.value)
  }

  @Test("The gradient of NT-Xent over ranks is its slope, also where others' rows are moved by it")
  func slope() async throws {
    let (outputs, direction) = (wave([12, 4], 1), wave([12, 4], 2))
    let sides = try await [Float(-1), 0, 1].async { side in
      var moved = outputs
      for index in moved.values.indices {
        moved.values[index] += side * 1e-2 * direction.values[index]
      }
      let whole = moved
      return try await ThreadRanks.run(3) { ranks in
        let own = whole.rows(at: Array(Self.rows(ranks.rank)))
        return Outcome(NTXent(temperature: 0.5), of: own, among: ranks)
      }
    }
    let gradient = Tensor(shape: [12, 4], values: sides[1].flatMap { $0.gradient.values })
    let slope = Double(sides[2][0].value - sides[0][0].value) / 2e-2
    #expect(abs(slope - dot(gradient, direction)) < 2e-3)
  }

  @Test("Shares follow each other and leave nothing out; rows are gathered in their order")
  func shares() async throws {
    for (items, count) in [(7, 3), (2, 3), (0, 2), (128, 5)] {
      let found = try await ThreadRanks.run(count) { ranks in
        let share = ranks.share(of: items)
        let rows = Tensor(shape: [share.count, 2], values: share.flatMap { [Float($0), 0.5] })
        return (share, ranks.gather(rows))
      }
      #expect(found.flatMap { $0.0 } == Array(0..<items))
      for (share, gathered) in found {
        #expect(gathered.rows.values == (0..<items).flatMap { [Float($0), 0.5] })
        #expect(gathered.own == share)
      }
    }
  }

  @Test("What the first has is what all have, and sums are over all")
  func together() async throws {
    let found = try await ThreadRanks.run(4) { ranks in
      let late = ranks.fromFirst([UInt8(ranks.rank), 7])
      ranks.meet()
      return (late, ranks.sum(Double(ranks.rank)))
    }
    #expect(found.allSatisfy { $0.0 == [0, 7] && $0.1 == 6 })
    #expect(Alone().fromFirst([3]) == [3] && Alone().sum(2.5) == 2.5)
  }
}

extension [Float] {
  /// Maps one after the other.
  fileprivate func async<Result>(
    _ body: (Float) async throws -> Result
  ) async rethrows -> [Result] {
    var results: [Result] = []
    for element in self { results.append(try await body(element)) }
    return results
  }
}
