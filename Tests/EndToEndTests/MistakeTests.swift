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

  @Test func everyCommandHelpsWithAnExample() throws {
    let program = try Program()
    for command in [
      "db init", "db start", "db stop", "db status", "db migrate", "db url", "db psql",
      "survey list", "survey show", "survey describe", "ingest", "simulate", "pretrain", "embed",
      "cluster", "label choose", "label import", "label export", "label cluster", "finetune",
      "classify", "evaluate", "publish", "export", "query", "show runs", "show lineage",
      "show progress", "show clusters", "show labels",
    ] {
      let process = try program.start(command.split(separator: " ").map(String.init) + ["--help"])
      process.waitUntilExit()
      let text = try String(contentsOfFile: program.folder + "/.out", encoding: .utf8)
      #expect(process.terminationStatus == 0, "\(command)")
      #expect(text.contains("Example:") && text.contains("reber \(command)"), "\(command)")
    }
  }
}
