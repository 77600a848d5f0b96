import Catalogue
import Foundation
import PostgreSQL
import Stages
import TestSupport
import Testing

/// The program itself, as a process.
private struct Program {
  /// The folder that the tests were built into holds the program too.
  static let path = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    .deletingLastPathComponent().appendingPathComponent("reber").path

  static var exists: Bool { FileManager.default.isExecutableFile(atPath: path) }

  let process = Process()
  private let output = Pipe()
  private let errors = Pipe()

  init(_ arguments: [String], on fixture: IngestFixture) throws {
    process.executableURL = URL(fileURLWithPath: Self.path)
    process.arguments = arguments + ["--database", fixture.address]
    process.standardOutput = output
    process.standardError = errors
    try process.run()
  }

  /// Waits for its end; gives the exit code and what it said.
  func end() -> (code: Int32, output: String, errors: String) {
    let said = output.fileHandleForReading.readDataToEndOfFile()
    let complaint = errors.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (
      process.terminationStatus, String(decoding: said, as: UTF8.self),
      String(decoding: complaint, as: UTF8.self)
    )
  }
}

@Suite(.enabled(if: Program.exists, "the program is not built")) struct IngestProcessTests {
  private func survey(_ fixture: IngestFixture, of count: Int) throws -> [String] {
    var text = "name,ra,dec\n"
    for index in 0..<count {
      text += "s\(index),\(150 + 0.01 * Double(index)),2\n"
      let image = TestImage(width: 8, height: 8, value: { x, y in Float(index + x * y) })
      try fixture.file("i/s\(index).fits", image.content)
    }
    try fixture.file("i/unknown.fits", TestImage(centre: (1, 1)).content)
    try fixture.file("i/s3.fits", TestImage().content.prefix(3000))
    return [
      "ingest", try fixture.file("c.csv", text), "--survey", "sky", "--images",
      fixture.folder + "/i", "--json", "--quiet",
    ]
  }

  private func wait(_ until: () throws -> Bool) throws {
    let clock = ContinuousClock()
    let started = clock.now
    while try !until() {
      try #require(clock.now - started < .seconds(60), "waited too long")
      usleep(2000)
    }
  }

  @Test func killedAndRunAgainItEndsAsIfNothingHadHappened() async throws {
    try await withTemporaryFolder { folder in
      let straight = try await IngestFixture(folder)
      let arguments = try survey(straight, of: 200)
      let wanted = try Program(arguments, on: straight).end()
      #expect(wanted.code == 0, "\(wanted.errors)")

      let killed = try await IngestFixture(folder)
      // Every batch takes a while, so that the middle is not missed.
      try Connection(killed.address).script(
        """
        CREATE FUNCTION pause() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN PERFORM pg_sleep(0.2); RETURN NULL; END $$;
        CREATE TRIGGER pause AFTER INSERT ON reber.cutout EXECUTE FUNCTION pause();
        """)
      let program = try Program(arguments, on: killed)
      try wait { try killed.count("SELECT count(*) FROM reber.cutout") > 0 }
      kill(program.process.processIdentifier, SIGKILL)
      #expect(program.end().code == SIGKILL)
      try wait {
        try killed.count(
          """
          SELECT count(*) FROM pg_stat_activity
          WHERE datname = current_database() AND application_name = ''
              AND pid <> pg_backend_pid() AND query NOT LIKE '%schema_migration%'
          """) == 0
      }
      let half = try killed.count("SELECT count(*) FROM reber.cutout")
      #expect(half > 0 && half < 199)
      #expect(
        try killed.rows("SELECT status FROM reber.run ORDER BY run_id", as: String.self)
          == ["finished", "running"])
      try Connection(killed.address).script("DROP TRIGGER pause ON reber.cutout")

      let again = try Program(arguments, on: killed).end()
      #expect(again.code == 0, "\(again.errors)")
      #expect(try killed.content() == straight.content())
      #expect(try killed.rejected() == straight.rejected())
      #expect(try killed.count("SELECT count(*) FROM reber.cutout") == 199)
      let (before, after) = (try report(wanted.output), try report(again.output))
      #expect(before.images?.metrics.written == 199 && before.images?.metrics.rejected == 2)
      #expect(after.images?.metrics.written == 199 && after.images?.metrics.unchanged == 0)
      #expect(after.images?.run == before.images?.run)
    }
  }

  @Test func newSurveysAtOnceWaitForEachOther() async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      let rows = (0..<500).map { "s\($0),\($0 % 360),\($0 % 90)" }
      let file = try fixture.file(
        "a.csv", (["name,ra,dec"] + rows).joined(separator: "\n"))
      for round in 0..<4 {
        let programs = try (0..<4).map {
          try Program(["ingest", file, "--survey", "new\(round)_\($0)", "--quiet"], on: fixture)
        }
        for program in programs {
          let end = program.end()
          #expect(end.code == 0, "\(end.errors)")
        }
      }
      #expect(try fixture.count("SELECT count(*) FROM reber.source") == 16 * 500)
    }
  }

  private func report(_ output: String) throws -> Ingest.Report {
    try JSONDecoder().decode(Ingest.Report.self, from: Data(output.utf8))
  }

  @Test func mistakesAreOneLineAndAnExitCode() async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      let empty = try fixture.file("empty.csv", "name,ra,dec\n")
      let nothing = try Program(["ingest", empty, "--survey", "sky"], on: fixture).end()
      #expect(nothing.code == 65)
      #expect(
        nothing.errors == "reber: \(empty): the catalogue has no rows, so nothing was written\n")
      let good = try fixture.file("good.csv", "name,ra,dec\na,1,2\nb,1,95\n")
      let column = try Program(
        ["ingest", good, "--survey", "sky", "--column", "ra=nope"], on: fixture
      ).end()
      #expect(column.code == 65)
      #expect(
        column.errors == "reber: \(good) has no column 'nope': it has name, ra, dec\n")
      #expect(try fixture.count("SELECT count(*) FROM reber.run") == 0)
      let assumed = try Program(
        ["ingest", good, "--survey", "sky", "--strict", "--quiet"], on: fixture
      ).end()
      #expect(assumed.code == 65)
      #expect(assumed.errors.contains("the unit of 'ra' is not said: deg is assumed"))
      #expect(try fixture.count("SELECT count(*) FROM reber.run") == 0)
      let said = ["--unit", "ra=deg", "--unit", "dec=deg", "--frame", "ICRS"]
      let strict = try Program(
        ["ingest", good, "--survey", "sky", "--strict", "--quiet"] + said, on: fixture
      ).end()
      #expect(strict.code == 65)
      #expect(strict.errors.hasPrefix("reber: 1 rows or images of survey 'sky' were set aside"))
      #expect(try fixture.count("SELECT count(*) FROM reber.source") == 1)
      let usage = try Program(["ingest", "--survey", "sky"], on: fixture).end()
      #expect(usage.code == 64)
    }
  }

  @Test func surveysAreListedShownAndDescribed() async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      try await fixture.ingest(fixture.file("c.csv", "name,ra,dec,Maj_arcsec\na,1,2,3\n"))
      let described = try Program(
        ["survey", "describe", "sky", "--frequency", "1.4e9", "--title", "The sky", "--json"],
        on: fixture
      ).end()
      #expect(described.code == 0 && described.output.contains("\"frequency\" : 1400000000"))
      let list = try Program(["survey", "list"], on: fixture).end()
      #expect(list.output == "sky: 1 sources, 0 with an image, 0 labelled, The sky\n")
      let show = try Program(["survey", "show", "sky"], on: fixture).end()
      #expect(show.output.contains("frequency  1.4e+09 Hz\n"))
      #expect(show.output.contains("column     Maj_arcsec int64 [arcsec] → major_axis\n"))
      let unknown = try Program(["survey", "show", "sea"], on: fixture).end()
      #expect(unknown.code == 65 && unknown.errors.contains("known are sky"))
    }
  }
}
