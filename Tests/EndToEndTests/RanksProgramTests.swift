import Foundation
import Testing

/// Trainings that mpirun starts as several processes.
///
/// They need a program that was built with `REBER_MPI=1`, as `tools/test` does where MPI is installed.
@Suite("Training as several ranks", .serialized) struct RanksProgramTests {
  private static let hasMPI = ProcessInfo.processInfo.environment["REBER_MPI"] == "1"

  private static let pretrain =
    [
      "pretrain", "--survey", "sim", "--batch-size", "20", "--rate", "0.01", "--checkpoint-every",
      "0.2",
    ] + Program.smallNetwork

  /// Runs it as several ranks to its end, which has to be a good one.
  private func call(_ arguments: [String], ranks: Int, by program: Program) throws {
    let outcome = try program.outcome(ofRanks: program.start(ranks: ranks, arguments))
    try #require(outcome.status == 0, "\(outcome.errors)")
  }

  @Test(.enabled(if: Self.hasMPI, "skipped: the program is built without MPI (REBER_MPI=1)"))
  func severalRanksTrainAsOneProcess() throws {
    let program = try Program(simulating: 60)
    let pretrain = Self.pretrain + ["--epochs", "3"]
    try program.call(pretrain)
    for ranks in [2, 2, 3] { try call(pretrain + ["--again"], ranks: ranks, by: program) }
    // The losses of one process to 1e-4; as many ranks give the same bytes.
    let (differences, models) = (
      """
      SELECT max(abs(a.value - b.value)) < 1e-4 AND count(*) = 27
      FROM reber.training_curve AS a JOIN reber.training_curve AS b USING (step)
      WHERE a.run_id = (SELECT min(run_id) FROM reber.training_curve) AND b.run_id > a.run_id
      """,
      """
      SELECT string_agg(DISTINCT (metrics ->> 'ranks'), '+') || ' ' || count(DISTINCT sha256)
      FROM reber.model JOIN reber.run USING (run_id) WHERE metrics ? 'ranks'
      """
    )
    #expect(try program.value(differences) == "t")
    #expect(try program.value(models) == "2+3 2")
    try program.call(["label", "import", "sim/simulated-truth.fits", "--survey", "sim"])
    try call(
      ["finetune", "--survey", "sim", "--epochs", "1", "--folds", "2", "--batch-size", "16"],
      ranks: 2, by: program)
    #expect(
      try program.value(
        "SELECT status || (metrics ->> 'ranks') FROM reber.run WHERE stage = 'finetune'")
        == "finished2")
  }

  @Test(.enabled(if: Self.hasMPI, "skipped: the program is built without MPI (REBER_MPI=1)"))
  func aRankThatDiesEndsAllAndTheRunGoesOnWithAnotherNumber() throws {
    let program = try Program(simulating: 60)
    let pretrain = Self.pretrain + ["--epochs", "2000", "--quiet"]
    let process = try program.start(ranks: 3, pretrain)
    try wait(for: "EXISTS (SELECT FROM reber.checkpoint)", in: program)
    let killed = Date()
    kill(try #require(try ranks(of: process).last), SIGKILL)
    let outcome = try program.outcome(ofRanks: process)
    #expect(outcome.status == 137 && outcome.errors.contains("exited on signal 9"), "\(outcome)")
    #expect(Date().timeIntervalSince(killed) < 60)

    let steps = try program.value("SELECT step FROM reber.checkpoint")
    let other = try program.start(ranks: 2, pretrain.filter { $0 != "--quiet" })
    try wait(for: "(SELECT step FROM reber.checkpoint) > \(steps)", in: program)
    kill(try #require(try ranks(of: other).last), SIGKILL)
    let said = try program.outcome(ofRanks: other).errors
    #expect(said.contains("going on after step \(steps) of 6000"), "\(said)")
  }

  private func wait(for condition: String, in program: Program) throws {
    for _ in 0..<300 {
      if try program.value("SELECT \(condition)") == "t" { return }
      usleep(100_000)
    }
    Issue.record("\(condition) does not come")
  }

  /// The processes that mpirun has started.
  private func ranks(of process: Process) throws -> [pid_t] {
    let id = process.processIdentifier
    return try String(contentsOfFile: "/proc/\(id)/task/\(id)/children", encoding: .utf8)
      .split(separator: " ").compactMap { pid_t($0) }
  }

  @Test(.enabled(if: !Self.hasMPI, "skipped: the program is built with MPI"))
  func withoutMPISeveralAreRefused() throws {
    let program = try Program()
    for command in ["pretrain", "finetune"] {
      let outcome = try program.run(
        command, "--survey", "sim", with: ["OMPI_COMM_WORLD_SIZE": "4"])
      #expect(outcome.status == 64, "\(outcome)")
      #expect(outcome.errors.contains("started as 4 ranks, but built without MPI"), "\(outcome)")
    }
  }
}
