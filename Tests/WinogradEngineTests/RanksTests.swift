import NeuralNetwork
import References
import Tensor
import Testing

@testable import WinogradEngine

@Suite("A network that learns as several ranks")
struct RanksTests {
  /// Of three ranks: shares of unequal length.
  private static func rows(_ rank: Int) -> Range<Int> { [0..<1, 1..<5, 5..<8][rank] }

  @Test(
    "Steps are those of one process to 1e-4, all ranks' weights alike, and the same bytes again",
    arguments: [false, true])
  func learns(_ recomputing: Bool) async throws {
    try await checkRanks(of: recomputing ? WinogradEngine().sparingMemory : WinogradEngine())
  }

  @Test("Batch normalisation is over the whole batch, in both directions, to 1e-5")
  func normalisation() async throws {
    let (y, g) = (wave([8, 3, 2, 16], 1), wave([8, 3, 2, 16], 2))
    @Sendable func pass(_ rows: Range<Int>, _ ranks: any Ranks) -> [Tensor] {
      var norm = BatchNorm(channels: 16)
      norm.weight.value = wave([16], 3)
      let arena = Arena()
      let (map, gradient) = (
        arena.map(copying: y.rows(at: Array(rows))), arena.map(copying: g.rows(at: Array(rows)))
      )
      let normalised = Normalised(
        map: map, statistics: norm.statistics(of: map, in: arena, among: ranks))
      let output = normalised.rectified(in: arena).tensor()
      let behind = norm.backward(
        gradient, normalised.sums(gradient), through: normalised, in: arena, among: ranks
      ).resolved(in: arena).tensor()
      return [output, behind, norm.runningMean, norm.runningVariance, norm.weight.gradient]
    }
    let whole = pass(0..<8, Alone())
    let parts = try await ThreadRanks.run(3) { pass(Self.rows($0.rank), $0) }
    for place in 0..<2 {
      let found = Tensor(shape: [8 * 6, 16], values: parts.flatMap { $0[place].values })
      #expect(try error(found, whole[place]) < 1e-5)
    }
    for part in parts {
      #expect(try error(part[2], whole[2]) < 1e-5)
      #expect(try error(part[3], whole[3]) < 1e-5)
    }
    let slopes = Tensor(
      shape: [16],
      values: (0..<16).map { channel in parts.reduce(0) { $0 + $1[4].values[channel] } })
    #expect(try error(slopes, whole[4]) < 1e-5)
  }
}
