import Foundation
import Testing

/// Taking back, as a person at the command line or a script does it.
@Suite("Taking back") struct TakingBackProgramTests {
  private struct Loss: Decodable {
    struct Item: Decodable { var run: Int }
    var runs: [Item]
    var rows: [String: Int]
  }

  private struct Correction: Decodable {
    var kind: String
    var subject: String
    var reason: String?
  }

  private func decoded<Value: Decodable>(
    _ type: Value.Type, _ outcome: Program.Outcome
  ) throws -> Value {
    try #require(outcome.status == 0, "\(outcome.errors)")
    return try JSONDecoder().decode(type, from: Data(outcome.output.utf8))
  }

  @Test func aWrongCatalogueIsTakenBack() throws {
    let program = try Program()
    for (file, rows) in [("one.csv", "a,10,20\nb,11,20\n"), ("two.csv", "b,11,20.5\nc,12,20\n")] {
      try "name,ra,dec\n\(rows)".write(
        toFile: program.folder + "/" + file, atomically: true, encoding: .utf8)
      try program.call(["ingest", file, "--survey", "sky"])
    }
    let refused = try program.run("run", "undo", "2")
    #expect(refused.status == 64 && refused.errors.contains("say --yes"), "\(refused.errors)")
    let resting = try program.run("run", "undo", "1", "--yes")
    #expect(resting.status == 65 && resting.errors.contains("run 2 (ingest)"))
    let foreseen = try decoded(
      Loss.self, try program.run("run", "undo", "2", "--dry-run", "--json"))
    #expect(foreseen.runs.map(\.run) == [2] && foreseen.rows["reber.source"] == 1)
    let loss = try decoded(
      Loss.self,
      try program.run("run", "undo", "2", "--yes", "--json", "--because", "the wrong file"))
    #expect(loss.rows["reber.source"] == 1)
    #expect(
      try program.value(
        "SELECT string_agg(name || ' ' || dec, ', ' ORDER BY name) AS n FROM reber.source")
        == "\"a 20, b 20\"")
    try program.call(["survey", "rename", "sky", "heaven"])
    #expect(try program.value("SELECT count(*) FROM survey.heaven") == "2")
    try program.call(["survey", "remove", "heaven", "--yes"])
    #expect(try program.value("SELECT count(*) FROM reber.survey") == "0")
    let records = try decoded(
      [Correction].self, try program.run("show", "corrections", "--json"))
    #expect(records.map(\.kind) == ["remove", "rename", "undo"])
    #expect(records.last?.subject == "run 2 (ingest)" && records.last?.reason == "the wrong file")
    // What was taken back can be done again.
    try program.call(["ingest", "one.csv", "--survey", "sky"])
    #expect(try program.value("SELECT count(*) FROM survey.sky") == "2")
  }
}
