import Foundation
import Tables
import Testing

/// Set `REBER_BENCH=1`, build with `-c release`: the seconds to write and read 200,000 rows.
@Suite(
  .enabled(if: ProcessInfo.processInfo.environment["REBER_BENCH"] != nil, "REBER_BENCH is not set"),
  .serialized)
struct SpeedTests {
  @Test(arguments: ["speed.fits", "speed.vot", "speed.csv"])
  func readsAndWrites(name: String) throws {
    let folder = try Folder()
    let columns =
      [Column("name", .string), Column("id", .int64), Column("flag", .boolean)]
      + (0..<17).map { Column("x\($0)", $0 < 4 ? .float : .double, unit: "mJy") }
    let clock = ContinuousClock()
    let written = try clock.measure {
      let writer = try createTable(folder.file(name), columns: columns)
      for start in stride(from: 0, to: 200_000, by: 10_000) {
        try writer.write((start..<start + 10_000).map(row))
      }
      try writer.finish()
    }
    var count = 0
    let read = try clock.measure {
      try openTable(folder.file(name)).read(chunk: 10_000) { count += $0.count }
    }
    #expect(count == 200_000)
    print("\(name): 200,000 x 20 written in \(written), read in \(read)")
  }

  private func row(_ index: Int) -> [Value] {
    let base = Double(index) / 7
    return [.text("ILTJ\(index)+205913.2"), .integer(Int64(index)), .boolean(index % 3 == 0)]
      + (0..<17).map { .real($0 < 4 ? Double(Float(base) + Float($0)) : base + Double($0)) }
  }
}
