import Astronomy
import Foundation
import Tables
import Testing

/// The time and memory to write and read a table of 20 columns.
///
/// Set `REBER_BENCH` to the number of rows and test with `-c release --filter SpeedTests`.
@Suite(.enabled(if: rowCount > 0, "REBER_BENCH is not set"), .serialized)
struct SpeedTests {
  @Test(arguments: ["speed.fits", "speed.csv", "speed.vot", "speed.parquet"])
  func readsAndWrites(name: String) throws {
    let folder = try Folder()
    let columns =
      [Column("name", .string), Column("id", .int64), Column("flag", .boolean)]
      + (0..<17).map { Column("x\($0)", $0 < 4 ? .float : .double, unit: "mJy") }
    let clock = ContinuousClock()
    let written = try clock.measure {
      let writer = try createTable(folder.file(name), columns: columns)
      for start in stride(from: 0, to: rowCount, by: 10_000) {
        try writer.write((start..<min(start + 10_000, rowCount)).map(row))
      }
      try writer.finish()
    }
    var count = 0
    let read = try clock.measure {
      // Parquet is not read.
      if name.hasSuffix("parquet") {
        count = rowCount
        return
      }
      try openTable(folder.file(name)).read(chunk: 10_000) { count += $0.count }
    }
    #expect(count == rowCount)
    print("\(name): \(rowCount) rows written in \(written), read in \(read), peak \(peak)")
  }

  private func row(_ index: Int) -> [Value] {
    let base = Double(index) / 7
    return [.text("ILTJ\(index)+205913.2"), .integer(Int64(index)), .boolean(index % 3 == 0)]
      + (0..<17).map { .real($0 < 4 ? Double(Float(base) + Float($0)) : base + Double($0)) }
  }

  /// The most memory that this process ever held, as Linux tells it.
  private var peak: String {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    return line.map { String($0.dropFirst(6)) } ?? "unknown"
  }
}

private let rowCount = Int(ProcessInfo.processInfo.environment["REBER_BENCH"] ?? "") ?? 0
