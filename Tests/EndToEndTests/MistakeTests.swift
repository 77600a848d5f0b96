import Foundation
import Testing

/// A mistake gets one clear line, a status that is not 0, and leaves nothing half-written.
@Suite("Mistakes") struct MistakeTests {
  private func expect(
    _ status: Int32, _ words: [String], from outcome: Program.Outcome,
    at place: SourceLocation = #_sourceLocation
  ) {
    #expect(outcome.status == status, "\(outcome.errors)", sourceLocation: place)
    let lines = outcome.errors.split(separator: "\n")
    #expect(lines.count == 1, "\(outcome.errors)", sourceLocation: place)
    for word in words {
      #expect(outcome.errors.contains(word), "\(word): \(outcome.errors)", sourceLocation: place)
    }
  }

  @Test func anUnreachableServer() throws {
    let program = try Program()
    let away = ["DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"]
    expect(
      69, ["cannot reach the database", "DATABASE_URL"],
      from: try program.run("embed", "--survey", "a", with: away))
  }

  @Test func anUnknownSurvey() throws {
    let program = try Program()
    expect(
      65, ["there is no survey 'nowhere'", "ingest"],
      from: try program.run("pretrain", "--survey", "nowhere"))
  }

  @Test func aStageBeforeItsTime() throws {
    let program = try Program()
    _ = try program.run("simulate", "--sources", "12", "--output", "sim")
    _ = try program.run("ingest", "sim/simulated-catalogue.fits", "--survey", "sim")
    expect(
      65, ["no image", "--images"], from: try program.run("pretrain", "--survey", "sim"))
    expect(65, ["no encoder", "pretrain"], from: try program.run("embed", "--survey", "sim"))
    expect(
      65, ["no finished classification", "classify"],
      from: try program.run("publish", "--survey", "sim"))
    expect(
      65, ["no catalogue 'sim'", "publish"],
      from: try program.run("export", "sim", "--output", "sim.fits"))
    #expect(!FileManager.default.fileExists(atPath: program.folder + "/sim.fits"))
  }

  @Test func aQueryCannotChangeAnything() throws {
    let program = try Program()
    expect(
      70, ["read-only"],
      from: try program.run("query", "DELETE FROM reber.run"))
    expect(70, ["does not exist"], from: try program.run("query", "TABLE catalogue.none"))
  }

  @Test func aStatementMayBeginWithAComment() throws {
    let program = try Program()
    for statement in ["-- one\nSELECT 1 AS n", "--two = 2\n--three\nSELECT 1 AS n"] {
      let outcome = try program.run("query", statement, "--format", "csv")
      #expect(outcome.status == 0 && outcome.output == "n\n1\n", "\(outcome.errors)")
    }
    for arguments in [["--fromat", "csv", "SELECT 1"], ["--fromat=csv"], ["SELECT", "1"], []] {
      let outcome = try program.run(["query"] + arguments)
      #expect(outcome.status == 64, "\(arguments): \(outcome.errors)")
    }
  }

  @Test func whatAskingAgainDoesNotGoByIsRefused() throws {
    let program = try Program()
    let choose = ["choose", "--survey", "a", "--again", "Ada", "--output", "a.csv"]
    let answers = ["import", "--survey", "a", "--asked-again", "--zooniverse", "a.csv"]
    for arguments in [choose + ["--seed", "2"], choose + ["--clustering", "1"], answers] {
      let outcome = try program.run(["label"] + arguments)
      #expect(outcome.status == 64, "\(arguments): \(outcome.errors)")
    }
  }
}
