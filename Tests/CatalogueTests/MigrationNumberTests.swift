import Foundation
import TestSupport
import Testing

/// The rule of the numbers in `sql/`, as its README has it.
@Suite struct MigrationNumberTests {
  /// The numbers that landed before there was a rule.
  private static let early = [1, 2, 3, 4, 5, 6, 7, 10, 20, 21, 30, 31, 32]

  @Test func newFilesTakeTheNextNumber() throws {
    let folder = SharedData.repository + "/sql"
    let files = try FileManager.default.contentsOfDirectory(atPath: folder)
      .filter { $0.hasSuffix(".sql") }.sorted()
    let numbers = try files.map { file in
      let name = try #require(
        file.wholeMatch(of: /([0-9]{4})_[a-z][a-z0-9_]*\.sql/), "\(file) is not NNNN_subject.sql")
      return try #require(Int(name.1))
    }
    let later = numbers.count - Self.early.count
    #expect(numbers == Self.early + (0..<max(0, later)).map { 33 + $0 })
  }
}
