import Foundation
import Testing

/// A private server moves to a newer version of PostgreSQL.
///
/// Debian has one version: the test needs `REBER_POSTGRES`, the folder of a newer one's programs.
@Suite("Moving to a newer PostgreSQL") struct UpgradeTests {
  private static let newer = ProcessInfo.processInfo.environment["REBER_POSTGRES"]

  @Test(.enabled(if: Self.newer != nil, "skipped: REBER_POSTGRES names no newer PostgreSQL"))
  func labelsAndPixelsMoveWithTheServer() throws {
    let program = try Program()
    let old = ["DATABASE_URL": "", "REBER_HOME": program.folder + "/home", "REBER_POSTGRES": ""]
    let new = old.merging(["REBER_POSTGRES": Self.newer ?? ""]) { $1 }
    func reber(_ arguments: String..., with environment: [String: String]) throws -> String {
      let outcome = try program.runBesideServer(arguments, with: environment)
      try #require(outcome.status == 0, "\(arguments): \(outcome.errors)")
      return outcome.output
    }
    defer { _ = try? program.run("db", "stop", with: new) }

    _ = try reber("simulate", "--sources", "12", "--seed", "3", "--output", "sim", with: old)
    _ = try reber(
      "ingest", "sim/simulated-catalogue.fits", "--survey", "sim", "--images", "sim/images",
      with: old)
    _ = try reber("label", "import", "sim/simulated-truth.fits", "--survey", "sim", with: old)
    let asked = """
      SELECT (SELECT count(*) FROM reber.label) AS labels,
          (SELECT md5(string_agg(pixels::text, '' ORDER BY cutout_id)) FROM reber.cutout_pixels) AS pixels
      """
    let before = try reber("query", "--quiet", "--format", "csv", asked, with: old)
    let server = "SELECT current_setting('server_version_num')::integer / 10000 AS version"
    let versionBefore = try reber("query", "--quiet", "--format", "csv", server, with: old)
    _ = try reber("db", "stop", with: old)

    let said = try reber("db", "upgrade", with: new)
    #expect(said.contains("moved from PostgreSQL"), "\(said)")
    #expect(try reber("query", "--quiet", "--format", "csv", asked, with: new) == before)
    #expect(try reber("query", "--quiet", "--format", "csv", server, with: new) > versionBefore)
    #expect(try reber("db", "upgrade", with: new).contains("nothing to do"))
    // The data are of the new version now, and the old one says so.
    _ = try reber("db", "stop", with: new)
    let refused = try program.run("query", server, with: old)
    #expect(refused.status == 73 && refused.errors.contains("REBER_POSTGRES"), "\(refused)")
  }
}
