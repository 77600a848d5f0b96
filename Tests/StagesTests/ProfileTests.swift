import Astronomy
import Catalogue
import Files
import Foundation
import PostgreSQL
import Stages
import TestSupport
import Testing

/// What a profile says of a table, and how it is chosen.
@Suite("Profiles of surveys' tables") struct ProfileTests {
  private let own = """
    table: ours, components
    known-by: [Key, S, Xra, Xdec]
    columns: {name: Key, ra: Xra, dec: Xdec, total_flux: S, major_axis: "Big,Small"}
    units: {S: mJy, Big: arcmin, Small: arcsec, Xra: deg, Xdec: deg}
    frame: FK4
    none: {"*": -99}
    leave-out: {Flag: 2}
    """
  private let table = """
    Key,Xra,Xdec,S,Big,Small,Flag
    A,100,20,12.5,1.5,3,0
    B,101,21,-99,-99,3,1
    B,101,21,7,1,3,2
    """

  private func ingested(
    _ text: String, profiles: [String: String], _ change: (inout Ingest) -> Void = { _ in }
  ) async throws -> (rows: [String], report: Ingest.Report, reasons: [String]) {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      for (name, text) in profiles { try fixture.file("p/\(name).yaml", text) }
      let shelf = try SurveyProfiles(folders: [folder + "/p"])
      let report = try await fixture.ingest(fixture.file("t.csv", text)) {
        $0.profiles = shelf
        change(&$0)
      }
      let rows = try fixture.rows(
        """
        SELECT concat_ws(
            ' ', source.name, round(source.ra::numeric, 2), total_flux, major_axis,
            to_jsonb(sky) ->> 'big')
        FROM reber.source JOIN survey.sky USING (source_id) ORDER BY source.name
        """, as: String.self)
      return (rows, report, try fixture.rejected())
    }
  }

  @Test func aProfileOfOnesOwnIsKnownByItsColumns() async throws {
    let (rows, report, reasons) = try await ingested(table, profiles: ["ours": own])
    #expect(rows == ["A 100.74 0.0125 90 1.5", "B 101.75 3"])
    #expect(reasons == ["t.csv: its Flag is 2: profile ours leaves such rows out"])
    let metrics = try #require(report.catalogue?.metrics)
    #expect(
      metrics.mapping.profile == "ours"
        && metrics.mapping.frame == .fk4(equinox: 1950, eTerms: true))
    let warnings = metrics.warnings ?? []
    #expect(warnings.contains("the unit of 'S' is not said: mJy is assumed, as in profile ours"))
    #expect(
      warnings.contains(
        "the frame of the positions is not said: FK4 is assumed, as in profile ours"))
  }

  /// What a profile says of its survey goes along, where nobody says else.
  @Test func aSurveyIsCreditedAsItsProfileSays() async throws {
    let credited =
      own + "\nsurvey: {title: Ours, reference: 1995ApJ...450..559B, copyright: All mine}"
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      try fixture.file("p/ours.yaml", credited)
      let shelf = try SurveyProfiles(folders: [folder + "/p"])
      _ = try await fixture.ingest(fixture.file("t.csv", table)) {
        $0.profiles = shelf
        $0.observation.title = "Theirs"
      }
      let said = try fixture.rows(
        "SELECT concat_ws('|', title, reference, copyright, facility) FROM reber.survey",
        as: String.self)
      #expect(said == ["Theirs|1995ApJ...450..559B|All mine"])
    }
  }

  @Test func whatIsAskedForIsNotAssumed() async throws {
    let (rows, report, _) = try await ingested(table, profiles: ["ours": own]) {
      ($0.profile, $0.isStrict) = ("ours", true)
    }
    #expect(rows.count == 2)
    #expect(report.catalogue?.metrics.warnings?.contains { $0.contains("assumed") } != true)
    await #expect(throws: IngestError.self) {
      try await ingested(table, profiles: ["ours": own]) { $0.isStrict = true }
    }
  }

  @Test func optionsGoBeforeProfilesAndNoneIsNone() async throws {
    let (rows, _, _) = try await ingested(table, profiles: ["ours": own]) {
      ($0.columns, $0.units, $0.frame) = (["major_axis": "Small"], ["S": "Jy"], .icrs)
    }
    #expect(rows == ["A 100.00 12.5 3 1.5", "B 101.00 3"])
    let error = await #expect(throws: (any Error).self) {
      try await ingested(table, profiles: ["ours": own]) { $0.profile = "none" }
    }
    #expect("\(String(describing: error))".contains("no column looks like 'name'"))
    let unknown = await #expect(throws: IngestError.self) {
      try await ingested(table, profiles: ["ours": own]) { $0.profile = "theirs" }
    }
    #expect(unknown == .unknownProfile("theirs", known: ["ours"]))
  }

  @Test func ofTwoThatFitTheUserChooses() async throws {
    let plain = "name" + table.dropFirst(3)
    let one = own.replacing("Key", with: "name").replacing("Xra", with: "ra")
      .replacing("Xdec", with: "dec")
    let text = plain.replacing("Xra", with: "ra").replacing("Xdec", with: "dec")
    let both = ["one": one, "two": one.replacing("FK4", with: "FK5")]
    let (_, report, _) = try await ingested(text, profiles: both)
    #expect(report.catalogue?.metrics.mapping.profile == nil)
    #expect(report.catalogue?.metrics.warnings?.first?.contains("one and two") == true)
    let ranked = ["one": one, "two": one + "\nrather-than: [one]"]
    let (_, chosen, _) = try await ingested(text, profiles: ranked)
    #expect(chosen.catalogue?.metrics.mapping.profile == "two")
  }

  @Test(arguments: [
    ("kown-by: [a]", "has no 'kown-by'"), ("table: x", "has no 'known-by'"), ("- a", "no profile"),
    ("table: x\nknown-by: [a]\ncolumns: {size: b}", "a source has no 'size'"), ("{", "no profile"),
    ("table: x\nknown-by: 7\ncolumns: {}", "no profile"),
    ("table: x\nknown-by: [a]\ncolumns: {}\nsurvey: {tittle: b}", "has no 'tittle'"),
  ])
  func aBrokenProfileIsRefusedByName(text: String, words: String) throws {
    try withTemporaryFolder { folder in
      try text.write(toFile: folder + "/x.yaml", atomically: false, encoding: .utf8)
      let error = #expect(throws: FileError.self) { try SurveyProfiles(folders: [folder]) }
      #expect(error?.problem.contains(words) == true, "\(error?.description ?? "")")
      #expect(error?.path == folder + "/x.yaml")
    }
  }

  /// The CDS marks limits in a column of its own: they are no measurements.
  @Test func aLimitIsNoSize() async throws {
    let (rows, _, _) = try await ingested(
      "name,ra,dec,l_Maj,Maj\nA,10,20,<,45\nB,11,20,,50\n", profiles: [:])
    #expect(rows == ["A 10.00", "B 11.00 50"])
  }

  /// FIRST's text has positions in six columns under two names.
  @Test func positionsInSixColumnsAreRead() async throws {
    let text = """
      # Catalogue of ours
      #  RA          Dec      Side   Fpeak  Fint   RMS   Maj  Min  PA  fMaj fMin fPA  Field
      10 02 00.000 +02 15 00.00 0.014 2.5 3.5 0.15 0.0 0.0 0.0 6.5 5.5 12.0 10000+02139E
      10 03 00.000 -00 15 00.00 0.014 2.5 3.5 0.15 0.0 0.0 0.0 6.5 5.5 12.0 10000+02139E
      """
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      let report = try await fixture.ingest(fixture.file("first.txt", text))
      #expect(report.catalogue?.metrics.mapping.profile == "first-text")
      let rows = try fixture.rows(
        "SELECT name, ra, dec, total_flux, major_axis FROM reber.source ORDER BY ra",
        as: String.self, Double.self, Double.self, Double.self, Double.self)
      #expect(rows.map(\.0) == ["J100200.00+021500.0", "J100300.00-001500.0"])
      #expect(rows.map(\.2) == [2.25, -0.25] && rows[0].1 == 150.5)
      #expect(abs(rows[0].3 - 0.0035) < 1e-9 && rows[0].4 == 6.5)
    }
  }
}
