import Testing

/// A survey goes its whole way by `sbatch` on a real Slurm of two nodes, where Slurm is installed and may be begun.
@Suite("Slurm") struct SlurmTests {
  /// A training is preempted and a node dies, and the end is that of the way undisturbed.
  @Test func aSurveyGoesItsWay() throws {
    let (status, said) = try Tool.run("crash", "--quick", "--only", "slurm")
    #expect(status == 0, "\(said)")
    if said.contains("slurm: skipped") {
      print(said.split(separator: "\n").last { $0.contains("skipped") } ?? "")
    } else {
      #expect(said.contains("tried   1, hit   1, survived   1"), "\(said)")
    }
  }
}
