import Catalogue
import Foundation
import TestSupport
import Testing

@testable import Stages

/// What `job.sh` does when Slurm signals it, without Slurm.
@Suite("Slurm's job script") struct SlurmScriptTests {
  /// Work that keeps what it has ends with 75, of which mpirun makes 1, and its job goes back, even where the signal is
  /// still being passed on then.
  @Test(arguments: [75, 1]) func jobGoesBackIntoTheQueue(expected: Int32) async throws {
    let (status, said) = try await job(
      "trap 'exit \(expected)' TERM; echo begun; for ((i = 0; i < 36000; i++)); do sleep 0.1; done",
      isSignalled: true)
    #expect(said.contains("requeued 17"), "\(said)")
    #expect(status == expected)
  }

  /// So does work that the signal met before it could heed it.
  @Test func jobThatHardlyBeganGoesBack() async throws {
    let (status, said) = try await job("echo begun; exec sleep 3600", isSignalled: true)
    #expect(said.contains("requeued 17"), "\(said)")
    #expect(status == 143)
  }

  /// Nodes of several kinds compute alike.
  @Test func theScriptsNameThePrecision() {
    let learned: Set<StageName> = [.pretrain, .embed, .finetune, .classify]
    for job in SlurmScripts(survey: "toy").jobs([:]) {
      let names = job.commands.last?.contains("--precision float32") == true
      #expect(names == learned.contains(job.stage), "\(job.stage)")
    }
  }

  /// What is not told to let others help must not be begun by several: all but the first would be refused.
  @Test func onlyWhatIsJoinedIsAnArray() {
    let scripts = SlurmScripts(survey: "toy")
    for job in scripts.jobs([:]) {
      let text = scripts.text(of: job)
      #expect(text.contains("#SBATCH --array") == text.contains("--join"), "\(job.stage)")
    }
    #expect(scripts.jobs([:]).filter(\.isJoined).map(\.stage) == [.embed, .classify])
  }

  /// Other ends are the job's own.
  @Test(arguments: [0, 1, 69]) func otherEndsAreTheJobs(expected: Int32) async throws {
    let (status, said) = try await job("exit \(expected)", isSignalled: false)
    #expect(status == expected)
    #expect(!said.contains("requeued"), "\(said)")
  }
}

/// Runs `job.sh` with work in place of reber, and a `scontrol` that says what it was asked.
///
/// Where told to, sends it a TERM when the work says that it has begun. Passing a signal on takes a while, in which the
/// work ends; and the last minute of a job that was put back takes none.
private func job(_ work: String, isSignalled: Bool) async throws -> (status: Int32, said: String) {
  try await withTemporaryFolder { folder in
    let (script, works) = (folder + "/job.sh", folder + "/work")
    for (path, text) in [(script, SlurmScripts.job), (works, work)] {
      try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    }
    let said = URL(fileURLWithPath: folder + "/said")
    try Data().write(to: said)
    let process = Process()
    // A thread of Dispatch's has every signal blocked, and so would its children.
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["--default-signal=TERM", "bash", script, works]
    process.standardOutput = try FileHandle(forWritingTo: said)
    process.environment = [
      "REBER": "bash", "DATABASE_URL": "none", "SLURM_JOB_ID": "17", "PATH": "/usr/bin:/bin",
      "BASH_FUNC_scontrol%%": "() { echo \"${1}d $2\"; }",
      "BASH_FUNC_sleep%%": "() { [[ $1 == 60 ]] || command sleep \"$1\"; }",
      "BASH_FUNC_kill%%":
        "() { builtin kill \"$@\" && { [[ $1 == -0 ]] || command sleep 0.3; }; }",
    ]
    try process.run()
    func text() throws -> String { try String(contentsOf: said, encoding: .utf8) }
    while isSignalled, process.isRunning, try !text().contains("begun") {
      try await Task.sleep(for: .milliseconds(20))
    }
    if isSignalled { process.terminate() }
    while process.isRunning { try await Task.sleep(for: .milliseconds(20)) }
    return (process.terminationStatus, try text())
  }
}
