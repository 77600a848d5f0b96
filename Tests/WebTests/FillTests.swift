import Foundation
import Testing

/// Fills a database for measurements by hand: `REBER_FILL` is its address, `REBER_FILL_SOURCES` how
/// many sources it gets.
@Suite(
  .enabled(if: ProcessInfo.processInfo.environment["REBER_FILL"] != nil, "REBER_FILL is not set"))
struct FillTests {
  @Test func aDatabaseIsFilled() throws {
    let environment = ProcessInfo.processInfo.environment
    let count = environment["REBER_FILL_SOURCES"].flatMap(Int.init) ?? 42_000
    let made = try SyntheticSurvey(
      address: environment["REBER_FILL"] ?? "", count: count, leaves: 204, dimensions: 512,
      overlap: 3)
    #expect(made.count == count)
  }
}
