import Foundation
import TestSupport
import Testing

/// Every error says itself with which status it ends the program.
@Suite("Failures") struct FailureTests {
  @Test func noErrorTypeIsLeftOut() throws {
    let sources = SharedData.repository + "/Sources"
    let files = try #require(FileManager.default.enumerator(atPath: sources))
      .compactMap { $0 as? String }.filter { $0.hasSuffix(".swift") }
    #expect(files.count > 100)
    for file in files {
      let text = try String(contentsOfFile: sources + "/" + file, encoding: .utf8)
      for line in text.split(separator: "\n")
      where line.contains(/\b(struct|enum|class|actor|extension) \w+:.*\bError\b/) {
        #expect(line.contains("private"), "\(file): \(line) is an Error, but no Failure")
      }
    }
  }

  /// An edited migration is the user's to mend.
  @Test func anEditedMigration() throws {
    let program = try Program()
    let folder = program.folder + "/sql"
    try FileManager.default.copyItem(atPath: SharedData.repository + "/sql", toPath: folder)
    let file = folder + "/0001_runs.sql"
    let text = try String(contentsOfFile: file, encoding: .utf8)
    try (text + "\n-- edited\n").write(toFile: file, atomically: true, encoding: .utf8)
    let outcome = try program.run("db", "migrate", with: ["REBER_SQL": folder])
    #expect(outcome.status == 65 && outcome.errors.contains("0001_runs.sql was changed"))
  }
}
