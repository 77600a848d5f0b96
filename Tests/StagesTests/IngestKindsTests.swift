import Astronomy
import Catalogue
import Foundation
import PostgreSQL
import Stages
import TestSupport
import Testing

/// Catalogues in the forms that surveys' own tables and public threads show: each is right, or set
/// aside or refused by name.
///
/// One after the other, as each has connections of its own.
@Suite("Catalogues as they come", .serialized) struct IngestKindsTests {
  /// A source as it stands in the database.
  struct Row: Equatable, CustomStringConvertible {
    var name: String
    var ra: Double?
    var dec: Double?
    var flux: Double?

    var description: String {
      "\(name) \(ra ?? .nan) \(dec ?? .nan) \(flux.map { String(describing: $0) } ?? "-")"
    }

    /// Whether another is the same to a milliarcsecond and a part in 10⁶ of its flux.
    func isLike(_ other: Row) -> Bool {
      func near(_ one: Double?, _ two: Double?, _ tolerance: Double) -> Bool {
        guard let one, let two else { return one == nil && two == nil }
        return abs(one - two) <= tolerance
      }
      return name == other.name && near(ra, other.ra, 3e-7) && near(dec, other.dec, 3e-7)
        && near(flux, other.flux, 1e-6 * abs(flux ?? 1))
    }
  }

  func ingested(
    _ name: String, _ text: String, part: String = "", _ change: (inout Ingest) -> Void = { _ in }
  ) async throws -> (rows: [Row], report: Ingest.Report, reasons: [String]) {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      let report = try await fixture.ingest(fixture.file(name, text) + part, change)
      let rows = try fixture.rows(
        "SELECT name, ra, dec, total_flux FROM reber.source ORDER BY source_id", as: String.self,
        Double?.self, Double?.self, Double?.self)
      return (
        rows.map { Row(name: $0, ra: $1, dec: $2, flux: $3) }, report, try fixture.rejected()
      )
    }
  }

  func expect(
    _ found: [Row], _ expected: [(String, Double?, Double?, Double?)],
    _ place: SourceLocation = #_sourceLocation
  ) {
    let wanted = expected.map { Row(name: $0.0, ra: $0.1, dec: $0.2, flux: $0.3) }
    let same = found.count == wanted.count && zip(found, wanted).allSatisfy { $0.isLike($1) }
    #expect(same, "\(found) is not \(wanted)", sourceLocation: place)
  }

  @Test(arguments: ["N/A", "None", "\\N", "-", "--", "masked", "", "nan"])
  func aWordForNoValueLeavesTheColumnThatIsMeant(word: String) async throws {
    let (rows, _, _) = try await ingested(
      "a.csv", "name,ra,dec,Total_flux,Flux\nA,10,20,1.25D-02,1\nB,11,21,\(word),2\n")
    expect(rows, [("A", 10, 20, 0.0125), ("B", 11, 21, nil)])
  }

  @Test func aBestMatchThatIsNoNumberIsSetAsideByRow() async throws {
    let text = "name,ra,dec,Total_flux,Flux\nA,10,20,3.5,1\nB,11,21,bright,2\nC,12,22,--,3\n"
    for columns in [[:], ["total_flux": "Total_flux"]] {
      let (rows, _, reasons) = try await ingested("a.csv", text) { $0.columns = columns }
      expect(rows, [("A", 10, 20, 3.5), ("C", 12, 22, nil)])
      #expect(reasons == ["a.csv: its Total_flux 'bright' is no number"])
    }
  }

  /// RA of FK4 and galactic coordinates by astropy 5.2.1.
  @Test func framesOfVOTablesAreTurnedToICRS() async throws {
    func table(_ system: String, _ equinox: String) -> String {
      """
      <VOTABLE><RESOURCE><COOSYS ID="s" system="\(system)" \(equinox)/><TABLE>
      <FIELD name="name" datatype="char" arraysize="*" ucd="meta.id;meta.main"/>
      <FIELD name="x" datatype="double" unit="deg" ucd="pos.eq.ra;meta.main" ref="s"/>
      <FIELD name="y" datatype="double" unit="deg" ucd="pos.eq.dec;meta.main" ref="s"/><DATA>
      <TABLEDATA><TR><TD>  A </TD><TD>100.0</TD><TD>20.0</TD></TR></TABLEDATA></DATA></TABLE>
      </RESOURCE></VOTABLE>
      """
    }
    let old = try await ingested("a.vot", table("eq_FK4", "equinox=\"B1950\""))
    expect(old.rows, [("A", 100.740101952, 19.949898174, nil)])
    #expect(old.report.catalogue?.metrics.mapping.frame == .fk4(equinox: 1950, eTerms: true))
    let new = try await ingested("a.vot", table("ICRS", ""))
    expect(new.rows, [("A", 100, 20, nil)])
    let unknown = await #expect(throws: IngestError.self) {
      try await ingested("a.vot", table("ecl_FK5", ""))
    }
    #expect(
      unknown?.description.contains("a.vot: the positions are in the frame 'ecl_FK5'") == true)
    await #expect(throws: IngestError.self) {
      try await ingested("a.vot", table("eq_FK5", "equinox=\"1e400\""))
    }
    let galactic = try await ingested("a.csv", "name,GLON,GLAT\nA,120,30\n")
    expect(galactic.rows, [("A", 234.049563626, 86.1431998, nil)])
  }

  @Test func anglesInTextAreReadAsTheyAreMeant() async throws {
    let (rows, _, reasons) = try await ingested(
      "a.csv",
      """
      name,ra,dec
      A,10d41m04.0s,41d16m09s
      B,12:34:60.00,+10:20:30
      C,12:34:50,−10:20:30
      D,12 34.5,-10 20.5
      E,00h42m44.3s,+10:60:00
      F,12:34:50,- 0 20 30
      G,12:34:50,+10:61:00
      """)
    expect(
      rows,
      [
        ("A", 10.684444444, 41.269166667, nil), ("B", 188.75, 10.341666667, nil),
        ("C", 188.708333333, -10.341666667, nil), ("D", 188.625, -10.341666667, nil),
        ("E", 10.684583333, 11, nil), ("F", 188.708333333, -0.341666667, nil),
      ])
    #expect(reasons == ["a.csv: its dec '+10:61:00' is no angle"])
  }

  @Test func hoursMinutesAndSecondsMayStandApart() async throws {
    let (rows, _, _) = try await ingested(
      "a.csv",
      "name,RAh,RAm,RAs,DE-,DEd,DEm,DEs\nA,12,34,56.0,+,10,20,30\nB,00,42,44.3,-,00,20,30\n")
    expect(
      rows, [("A", 188.733333333, 10.341666667, nil), ("B", 10.684583333, -0.341666667, nil)])
  }

  @Test func namesAreText() async throws {
    let (rows, _, _) = try await ingested(
      "a.csv", "name,ra,dec\n1.10,10,10\n1.1,11,11\n5E10,12,12\n")
    #expect(rows.map(\.name) == ["1.10", "1.1", "5E10"])
    let padded = try await ingested("a.csv", "name,ra,dec\n\" A \",10,10\n007,11,11\n")
    #expect(padded.rows.map(\.name) == ["A", "007"])
    let positions = try await ingested("a.csv", "RAJ2000,DEJ2000,St\n10.5,-3.25,1\n")
    #expect(positions.rows.map(\.name) == ["J004200.00-031500.0"])
  }

  @Test func fluxesAreKnownByTheMeaningOfTheirUCD() async throws {
    func table(_ fields: [(name: String, ucd: String, unit: String)]) -> String {
      let list = fields.map {
        "<FIELD name=\"\($0.name)\" datatype=\"double\" unit=\"\($0.unit)\" ucd=\"\($0.ucd)\"/>"
      }
      let cells = fields.indices.map { "<TD>\($0 + 1)</TD>" }.joined()
      return """
        <VOTABLE><RESOURCE><TABLE><FIELD name="n" datatype="char" arraysize="2"
        ucd="meta.id;meta.main"/>\(list.joined())<DATA><TABLEDATA><TR><TD>A</TD>\(cells)</TR>
        </TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>
        """
    }
    let vizier = try await ingested(
      "a.vot",
      table([
        ("e_S1.4", "stat.error;phot.flux.density;em.radio.750-1500mhz", "mJy"),
        ("S1.4", "phot.flux.density;em.radio.750-1500mhz", "mJy"),
      ]))
    expect(vizier.rows, [("A", nil, nil, 0.002)])
    let infrared = try await ingested(
      "a.vot", table([("W1flux", "phot.flux.density;em.IR.3-4um", "mJy")]))
    expect(infrared.rows, [("A", nil, nil, nil)])
    let open = try await ingested("a.vot", table([("W1flux", "phot.flux.density", "mJy")]))
    expect(open.rows, [("A", nil, nil, nil)])
    let warnings = open.report.catalogue?.metrics.warnings ?? []
    #expect(warnings.contains { $0.contains("no column was found for ra, dec, total_flux") })
  }

  /// A table of one source with a flux of 12.5 in a unit.
  private static func ecsv(fluxUnit unit: String) -> String {
    """
    # %ECSV 1.0
    # ---
    # datatype:
    # - {name: name, datatype: string}
    # - {name: ra, unit: deg, datatype: float64}
    # - {name: dec, unit: deg, datatype: float64}
    # - {name: Total_flux, unit: '\(unit)', datatype: float64}
    name ra dec Total_flux
    A 10 20 12.5
    """
  }

  @Test(arguments: ["--", "-", ""]) func noUnitIsAssumedAndSaid(unit: String) async throws {
    let ecsv = Self.ecsv(fluxUnit: unit)
    let (rows, report, _) = try await ingested("a.ecsv", ecsv)
    expect(rows, [("A", 10, 20, 12.5)])
    let warnings = report.catalogue?.metrics.warnings ?? []
    #expect(warnings.contains("the unit of 'Total_flux' is not said: Jy is assumed"))
    #expect(warnings.contains("the frame of the positions is not said: ICRS is assumed"))
    let error = await #expect(throws: IngestError.self) {
      try await ingested("a.ecsv", ecsv) { $0.isStrict = true }
    }
    #expect(error?.description.contains("the unit of 'Total_flux' is not said") == true)
  }

  @Test(arguments: ["MJY", "counts", "m/s"])
  func whatIsInAnUnknownUnitIsLeftOutAndSaid(unit: String) async throws {
    let ecsv = Self.ecsv(fluxUnit: unit)
    let (rows, report, _) = try await ingested("a.ecsv", ecsv)
    expect(rows, [("A", 10, 20, nil)])
    let warnings = report.catalogue?.metrics.warnings ?? []
    #expect(
      warnings.contains { $0.hasPrefix("the unit '\(unit)' of 'Total_flux' is not known") })
    #expect(!warnings.contains { $0.contains("no column was found for total_flux") })
    let told = try await ingested("a.ecsv", ecsv) { $0.units = ["Total_flux": "mJy"] }
    expect(told.rows, [("A", 10, 20, 0.0125)])
    let chosen = await #expect(throws: IngestError.self) {
      try await ingested("a.ecsv", ecsv) { $0.columns = ["total_flux": "Total_flux"] }
    }
    #expect(
      chosen?.description.contains("a.ecsv, column 'Total_flux': unit '\(unit)' cannot") == true)
  }

  @Test func theTableWithPositionsIsTakenOrTheOneThatIsNamed() async throws {
    func table(_ name: String, _ fields: [String], _ row: [String]) -> String {
      let list = fields.map { "<FIELD name=\"\($0)\" datatype=\"char\" arraysize=\"*\"/>" }
      return "<TABLE name=\"\(name)\">\(list.joined())<DATA><TABLEDATA><TR>"
        + row.map { "<TD>\($0)</TD>" }.joined() + "</TR></TABLEDATA></DATA></TABLE>"
    }
    let notes = table("notes", ["name", "note"], ["A", "x"])
    let sources = table("sources", ["name", "ra", "dec"], ["S", "10", "20"])
    let fields = table("fields", ["name", "ra", "dec"], ["F", "1", "2"])
    let one = "<VOTABLE><RESOURCE>\(notes)\(sources)</RESOURCE></VOTABLE>"
    expect(try await ingested("a.vot", one).rows, [("S", 10, 20, nil)])
    let two = "<VOTABLE><RESOURCE>\(fields)\(sources)</RESOURCE></VOTABLE>"
    await #expect(throws: (any Error).self) { try await ingested("a.vot", two) }
    expect(try await ingested("a.vot", two, part: "#2").rows, [("S", 10, 20, nil)])
    expect(try await ingested("a.vot", two, part: "#fields").rows, [("F", 1, 2, nil)])
  }
}
