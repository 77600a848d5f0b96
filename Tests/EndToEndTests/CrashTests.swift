import Testing

/// Any stage may be killed at any moment, the server too, and disks may be full: called again, a stage
/// leaves what it leaves undisturbed.
@Suite("Killed stages") struct CrashTests {
  /// A little of what `tools/crash` tries; the seed stands in its output.
  @Test func whatIsKilledEndsAsWhatIsNot() throws {
    let (status, said) = try Tool.run("crash", "--quick")
    #expect(status == 0, "\(said)")
    for stage in ["kill      cluster", "server    ingest", "disk      publish", "twice     label"] {
      #expect(said.contains(stage), "\(said)")
    }
    for line in said.split(separator: "\n") where line.contains("skipped") { print(line) }
  }

  /// A little of what `tools/failover` tries with two real servers.
  @Test func whatLosesItsPrimaryGoesOnAtTheStandby() throws {
    let (status, said) = try Tool.run("failover", "--times", "1", "--sources", "96")
    #expect(status == 0, "\(said)")
    for trial in [
      "failover  ingest", "failover  classify", "failover  labelling", "standby   reading",
    ] {
      #expect(said.contains(trial), "\(said)")
    }
  }
}
