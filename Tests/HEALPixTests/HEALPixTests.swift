import Astronomy
import HEALPix
import Testing

@Suite("Cells of the sky") struct HEALPixTests {
  /// Right ascension and declination, degrees, with their cells of orders 0, 11 and 24 by cdshealpix
  /// (tools/oracles/healpix.py).
  @Test(
    arguments: [
      (0.01, 0.02, [4, 19_922_944, 1_337_006_168_915_200]),
      (10.1, 20.2, [4, 20_340_192, 1_365_007_213_708_545]),
      (359.999, -0.001, [4, 17_825_791, 1_196_268_650_936_041]),
      (123.456789, 89.9, [1, 8_388_601, 562_949_494_144_496]),
      (266.4, -29.0, [7, 29_522_067, 1_981_192_393_000_718]),
      (45.3, 41.9, [0, 1_747_656, 117_283_270_636_753]),
      (180, -89.99999, [10, 41_943_040, 2_814_749_767_106_570]),
      (202.469575, 47.195258, [2, 11_292_204, 757_807_032_415_221]),
    ] as [(Double, Double, [Int64])])
  func holdWhatCdshealpixPutsThere(ra: Double, dec: Double, cells: [Int64]) {
    let position = SkyPosition(ra: ra, dec: dec)
    for (order, cell) in zip([0, 11, 24], cells) {
      #expect(HEALPixCell(of: position, order: order).number == cell)
    }
    let finest = HEALPixCell(of: position)
    #expect(finest.number >> 10 == cells[2])
    #expect(HEALPixCell(order: 11, number: cells[1]).numbers(order: 29).contains(finest.number))
  }

  @Test func coverageJoinsFourIntoOne() {
    var coverage = CoverageMap(order: 1)
    // All of one cell of order 0, and one part of another.
    for (ra, dec) in [(45.0, 20.0), (30.0, 40.0), (60.0, 40.0), (45.0, 60.0), (135.0, 20.0)] {
      coverage.insert(SkyPosition(ra: ra, dec: dec))
    }
    #expect(coverage.fewestCells.map(\.unique) == [4, 16 + 4])
    #expect(HEALPixCell(order: 2, number: 3).unique == 67)
  }

  @Test func partsFollowOneAnother() {
    let cell = HEALPixCell(order: 3, number: 7)
    #expect(cell.parts.map(\.number) == [28, 29, 30, 31] && cell.numbers(order: 5) == 112..<128)
  }
}
