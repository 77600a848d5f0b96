import Astronomy
import Catalogue
import Files
import Foundation
import PostgreSQL
import Stages
import Tables
import TestSupport
import Testing

@Suite struct IngestCatalogueTests {
  private let text = """
    Source_Name,RAJ2000,DEJ2000,Total_flux,Peak_flux,Maj_arcmin,S_Code,Field
    a,10.5,-3.25,12.5,4.0,1.5,M,F1
    b,359.9,60,1.5,1.25,0.5,S,F2
    """

  private let units = ["Total_flux": "mJy", "Peak_flux": "mJy/beam"]

  @Test func unitsAreConvertedAndOtherColumnsKept() async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      let report = try await fixture.ingest(fixture.file("a.csv", text)) { $0.units = units }
      #expect(report.catalogue?.metrics.changes.added == 2)
      #expect(report.sources == 2 && report.cutouts == 0 && report.withoutImage == 2)
      let row = try #require(
        try fixture.rows(
          """
          SELECT source.ra, source.dec, source.total_flux, source.peak_flux, source.major_axis,
              field, designation
          FROM reber.source JOIN survey.sky USING (source_id) WHERE name = 'a'
          """,
          as: Double.self, Double.self, Double.self, Double.self, Double.self, String.self,
          String.self
        ).first)
      #expect(row.0 == 10.5 && row.1 == -3.25 && row.5 == "F1")
      #expect(abs(row.2 - 0.0125) < 1e-15 && abs(row.3 - 0.004) < 1e-15)
      #expect(abs(row.4 - 90) < 1e-9)
      #expect(row.6 == "J004200.00-031500.0")
      let columns = try Connection(fixture.address)
      let kept = try SurveyColumn.all(of: Survey.named("sky", in: columns), in: columns)
      #expect(kept.map(\.column.name).count == 8)
      #expect(kept.first { $0.column.name == "Maj_arcmin" }?.column.unit == "arcmin")
      #expect(kept.first { $0.column.name == "Total_flux" }?.mappedTo == "total_flux")
      #expect(kept.first { $0.column.name == "Field" }?.mappedTo == nil)
    }
  }

  @Test func theMappingIsShown() async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      try await fixture.ingest(fixture.file("a.csv", text)) { $0.units = units }
      let table = """
        part        column       unit      unit from
        name        Source_Name
        ra          RAJ2000      deg       nowhere: assumed
        dec         DEJ2000      deg       nowhere: assumed
        total_flux  Total_flux   mJy       --unit
        peak_flux   Peak_flux    mJy/beam  --unit
        major_axis  Maj_arcmin   arcmin    the column's name
        """
      #expect(fixture.notes.all.contains(table), "\(fixture.notes.all)")
    }
  }

  @Test(arguments: ["a.fits", "a.vot"])
  func fitsAndVOTableGiveTheSameSources(_ name: String) async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      let writer = try createTable(
        folder + "/" + name,
        columns: [
          Column("id", .string, ucd: "meta.id;meta.main"),
          Column("x", .double, unit: "rad", ucd: "pos.eq.ra;meta.main"),
          Column("y", .double, unit: "rad", ucd: "pos.eq.dec;meta.main"),
          Column("z", .float),
        ])
      try writer.write([[.text("one"), .real(.pi), .real(-.pi / 6), .null]])
      try writer.finish()
      try await fixture.ingest(folder + "/" + name)
      let row = try #require(
        try fixture.rows(
          """
          SELECT source.name, source.ra, source.dec, to_jsonb(sky)
          FROM reber.source JOIN survey.sky USING (source_id)
          """, as: String.self, Double.self, Double.self, JSON.self
        ).first)
      #expect(row.0 == "one" && abs(row.1 - 180) < 1e-9 && abs(row.2 + 30) < 1e-9)
      #expect(row.3.text.contains("\"x\": 3.14159") && row.3.text.contains("\"z\": null"))
    }
  }

  @Test func theSameFileChangesNothing() async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      let path = try fixture.file("a.csv", text)
      let first = try await fixture.ingest(path)
      let second = try await fixture.ingest(path)
      #expect(second.catalogue?.alreadyDone == true)
      #expect(second.catalogue?.run == first.catalogue?.run)
      #expect(second.catalogue?.metrics.changes == first.catalogue?.metrics.changes)
      #expect(fixture.notes.all.contains("run 1 has done this already"))
      #expect(try fixture.count("SELECT count(*) FROM reber.run") == 1)
    }
  }

  @Test func aChangedFileReplacesWhatChanged() async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      try await fixture.ingest(fixture.file("a.csv", text))
      let changed = text.replacing("12.5", with: "13.5") + "\nc,1,2,3,4,5,S,F3"
      let report = try await fixture.ingest(fixture.file("a.csv", changed))
      let changes = try #require(report.catalogue?.metrics.changes)
      #expect(changes.added == 1 && changes.changed == 1 && changes.unchanged == 1)
      #expect(
        try fixture.rows(
          "SELECT name, run_id FROM reber.source ORDER BY name", as: String.self, Int.self
        )
        .map(\.1) == [2, 1, 2])
      #expect(
        try fixture.rows(
          "SELECT total_flux FROM reber.source_superseded WHERE superseded_by = 2",
          as: Double.self) == [12.5])
    }
  }

  /// What counts is what a catalogue says that is ingested now, whatever was said of it before.
  @Test func aCatalogueThatIsTakenBackToIsReadAgain() async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      let header = "name,ra,dec,total_flux\n"
      let first = try fixture.file("a.csv", header + "A,1,2,3\nB,2,2,4\n")
      let other = try fixture.file("b.csv", header + "C,3,2,5\n")
      try await fixture.ingest(first)
      try await fixture.ingest(other)
      try await fixture.ingest(fixture.file("c.csv", header + "A,1,2,30\n"))
      let again = try await fixture.ingest(first)
      #expect(again.catalogue?.alreadyDone == false)
      #expect(again.catalogue?.metrics.changes.changed == 1)
      #expect(
        try fixture.rows("SELECT total_flux FROM reber.source ORDER BY name", as: Double.self)
          == [3, 4, 5])
      #expect(fixture.notes.all.contains("has changed it since"))
      for file in [first, other] {
        #expect(try await fixture.ingest(file).catalogue?.alreadyDone == true)
      }
    }
  }

  @Test func sourcesThatMovedAndUnitsThatChangedAreSaid() async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      let header = "Source_id,RA,DEC,total_flux_mJy\n"
      try await fixture.ingest(fixture.file("a.csv", header + "0,1,2,3\n1,2,2,4\n2,3,2,5\n"))
      let same = try await fixture.ingest(
        fixture.file("b.csv", header + "0,1.001,2,3\n1,2,2,4\n2,3,2,5.5\n"))
      #expect(!(same.catalogue?.metrics.warnings ?? []).contains { $0.contains("lie more than") })
      let anew = try await fixture.ingest(
        fixture.file("c.csv", header + "0,0,1,3\n1,1,2,3\n2,2,2,4\n")
      ) {
        $0.units = ["total_flux_mJy": "Jy"]
      }
      let warnings = anew.catalogue?.metrics.warnings ?? []
      #expect(warnings.contains { $0.hasPrefix("3 sources lie more than 1′ from where") })
      #expect(!warnings.contains { $0.contains("keep numbers in that") })
      let part = try await fixture.ingest(fixture.file("d.csv", header + "0,0,1,3\n"))
      #expect(
        part.catalogue?.metrics.warnings?.contains {
          $0.hasPrefix("'total_flux_mJy' is in mJy now, and was in Jy")
        } == true)
    }
  }

  @Test func badRowsAreSetAsideWithTheirReasons() async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      let bad = text + "\n,1,2,3,4,5,S,F\nd,,2,3,4,5,S,F\ne,5,-91,3,4,5,S,F\na,1,2,3,4,5,S,F"
      let report = try await fixture.ingest(fixture.file("a.csv", bad))
      #expect(report.catalogue?.metrics.changes.rejected == 4 && report.rejected == 4)
      #expect(
        try fixture.rejected() == [
          "a.csv: it has no name", "a.csv: it has no position",
          "a.csv: its position (5.0, -91.0) is not on the sky",
          "a.csv: the name 'a' stands already in row 1",
        ])
      #expect(
        fixture.notes.all.contains("4 rows are set aside in reber.rejected; the first, row 3"))
    }
  }

  @Test func aWrongColumnIsNamedAndNothingWritten() async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      let path = try fixture.file("a.csv", text)
      let column = await #expect(throws: IngestError.self) {
        try await fixture.ingest(path) { $0.columns = ["ra": "RA_deg"] }
      }
      #expect(
        column?.description.hasPrefix("\(path) has no column 'RA_deg': it has Source_Name")
          == true)
      let part = await #expect(throws: IngestError.self) {
        try await fixture.ingest(path) { $0.columns = ["raj": "RAJ2000"] }
      }
      #expect(part == .unknownPart("raj"))
      let unit = await #expect(throws: IngestError.self) {
        try await fixture.ingest(path) { $0.units = ["Maj_arcmin": "Jy"] }
      }
      #expect(unit == .badUnit("Jy", column: "Maj_arcmin", wanted: "arcsec", file: path))
      #expect(try fixture.count("SELECT count(*) FROM reber.survey") == 0)
      #expect(try fixture.count("SELECT count(*) FROM reber.run") == 0)
    }
  }

  @Test func aCatalogueThatYieldsNothingWritesNothing() async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      let header = try fixture.file("empty.csv", "name,ra,dec\n")
      await #expect(throws: IngestError.empty(file: header)) { try await fixture.ingest(header) }
      let bad = try fixture.file("bad.csv", "name,ra,dec\na,1,200\nb,2,300\n")
      let reason = "its position (1.0, 200.0) is not on the sky"
      await #expect(throws: IngestError.allRejected(file: bad, rows: 2, firstReason: reason)) {
        try await fixture.ingest(bad)
      }
      await #expect(throws: FileError.self) {
        try await fixture.ingest(fixture.file("nothing.csv", ""))
      }
      await #expect(throws: CatalogueError.badName("Not A Name")) {
        try await fixture.ingest(fixture.file("a.csv", text)) { $0.survey = "Not A Name" }
      }
      await #expect(throws: IngestError.nothingToDo) { try await fixture.ingest() }
      for table in ["survey", "source", "run", "run_input", "rejected"] {
        #expect(try fixture.count("SELECT count(*) FROM reber.\(identifier: table)") == 0)
      }
    }
  }

  @Test func aRunThatWasKilledAfterItsRowsWereThereEndsAsItWould() async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      let path = try fixture.file("a.csv", text)
      let first = try await fixture.ingest(path)
      try Connection(fixture.address).forge(
        "UPDATE reber.run SET status = 'running', finished_at = NULL")
      let second = try await fixture.ingest(path)
      #expect(second.catalogue?.alreadyDone == false && second.catalogue?.run == 1)
      #expect(second.catalogue?.metrics.changes == first.catalogue?.metrics.changes)
    }
  }

  @Test func aTruncatedCatalogueIsRefusedWhole() async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      let path = folder + "/a.fits"
      let writer = try createTable(
        path, columns: [Column("name", .string), Column("ra", .double), Column("dec", .double)])
      try writer.write((0..<20_000).map { [.text("s\($0)"), .real(1), .real(2)] })
      try writer.finish()
      let whole = try Data(contentsOf: URL(fileURLWithPath: path))
      try fixture.file("a.fits", whole.prefix(whole.count / 2))
      let error = await #expect(throws: FileError.self) { try await fixture.ingest(path) }
      #expect(error?.path == path)
      #expect(try fixture.count("SELECT count(*) FROM reber.survey") == 0)
      #expect(try fixture.count("SELECT count(*) FROM reber.source") == 0)
    }
  }

  @Test func whatTheUserKnowsOfTheSurveyIsKept() async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      try await fixture.ingest(fixture.file("a.csv", text)) {
        $0.observation = .init(title: "A survey", frequency: 1.4e9, reference: "2020A&A…1")
      }
      let database = try Connection(fixture.address)
      let observation = try Survey.named("sky", in: database).observation
      #expect(observation.title == "A survey" && observation.frequency == 1.4e9)
    }
  }
}

/// Catalogues that are beyond what the database holds.
@Suite struct HostileCatalogueTests {
  @Test func rowsThatAreTooWideAreRefused() async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      let names = (0..<1200).map { "c\($0)" }.joined(separator: ",")
      let cells = Array(repeating: "1.5", count: 1200).joined(separator: ",")
      let path = try fixture.file("wide.csv", "name,ra,dec,\(names)\na,1,2,\(cells)\n")
      let error = await #expect(throws: IngestError.self) { try await fixture.ingest(path) }
      #expect(error?.description.hasPrefix("\(path): a row of its 1203 columns") == true)
      #expect(try fixture.count("SELECT count(*) FROM reber.run") == 0)
    }
  }

  @Test func namesThatNoIndexHoldsAreSetAside() async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      let long = (0..<20_000).map { _ in ["x", "y", "z"].randomElement() ?? "" }.joined()
      let path = try fixture.file("c.csv", "name,ra,dec\n\(long),1,2\nb,1,2\n")
      let report = try await fixture.ingest(path)
      #expect(report.sources == 1 && report.rejected == 1)
      #expect(try fixture.rejected() == ["c.csv: its name has 20000 bytes"])
    }
  }
}
