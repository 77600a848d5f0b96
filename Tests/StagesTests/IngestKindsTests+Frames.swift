import Astronomy
import Files
import Foundation
import PostgreSQL
import Stages
import Tables
import TestSupport
import Testing

/// Tables that say the frames and the meaning of their columns in several places.
extension IngestKindsTests {
  private func warnings(_ report: Ingest.Report) -> String {
    (report.catalogue?.metrics.warnings ?? []).joined(separator: "\n")
  }

  /// A table of source A, with 100 and 20 in the two columns behind its name.
  private func table(
    _ ra: String = "ra", _ dec: String = "dec", refs: (String, String) = ("", ""),
    inside: String = ""
  ) -> String {
    func field(_ name: String, _ ref: String) -> String {
      "<FIELD ID=\"\(name)\" name=\"\(name)\" datatype=\"double\" unit=\"deg\" "
        + (ref.isEmpty ? "/>" : "ref=\"\(ref)\"/>")
    }
    return """
      <TABLE>\(inside)<FIELD name="name" datatype="char" arraysize="*"/>\(field(ra, refs.0))
      \(field(dec, refs.1))<DATA><TABLEDATA><TR><TD>A</TD><TD>100</TD><TD>20</TD></TR></TABLEDATA></DATA>
      </TABLE>
      """
  }

  private static let fk4 = #"<COOSYS ID="old" system="eq_FK4" equinox="B1950"/>"#
  private static let icrs = #"<COOSYS ID="new" system="ICRS"/>"#
  private static let old: [(String, Double?, Double?, Double?)] = [
    ("A", 100.740101952, 19.949898174, nil)
  ]
  private static let new: [(String, Double?, Double?, Double?)] = [("A", 100, 20, nil)]

  private func votable(_ resources: String...) -> String {
    "<VOTABLE>" + resources.map { "<RESOURCE>\($0)</RESOURCE>" }.joined() + "</VOTABLE>"
  }

  @Test func aGroupsFrameIsItsFields() async throws {
    let group = #"<GROUP ref="old"><FIELDref ref="ra"/><FIELDref ref="dec"/></GROUP>"#
    let (rows, _, _) = try await ingested(
      "a.vot", votable(Self.icrs + Self.fk4 + table(inside: group)))
    expect(rows, Self.old)
  }

  @Test func aFrameIsOfItsResource() async throws {
    let (rows, report, _) = try await ingested(
      "a.vot", votable(Self.fk4 + table(), table()), part: "#2")
    expect(rows, Self.new)
    #expect(warnings(report).contains("the frame of the positions is not said"))
  }

  @Test func ofSeveralFramesThatWhichTheNameMeans() async throws {
    func vizier(_ frames: [String], _ ra: String, _ dec: String) -> String {
      frames.map { "#Coosys\tX:\t\($0)\n" }.joined()
        + "name\t\(ra)\t\(dec)\n\tdeg\tdeg\n--\t---\t---\nA\t100\t20\n"
    }
    let frames = ["eq_FK4 B1950", "ICRS", "galactic"]
    for frames in [frames, frames.reversed()] {
      let new = try await ingested("a.tsv", vizier(frames, "RAJ2000", "DEJ2000"))
      expect(new.rows, Self.new)
      let old = try await ingested("a.tsv", vizier(frames, "RAB1950", "DEB1950"))
      expect(old.rows, Self.old)
      let open = try await ingested("a.tsv", vizier(frames, "ra", "dec"))
      expect(open.rows, Self.new)
      #expect(warnings(open.report).contains("the frame of the positions is not said"))
    }
  }

  @Test func framesThatContradictEachOtherAreRefused() async throws {
    let galactic = #"<COOSYS ID="old" system="galactic"/>"#
    for text in [
      votable(Self.fk4 + table("RAJ2000", "DEJ2000", refs: ("old", "old"))),
      votable(Self.icrs + table("RAB1950", "DEB1950")), votable(galactic + table()),
      votable(Self.fk4 + Self.icrs + table(refs: ("old", "new"))), votable(table("ra", "glat")),
    ] {
      let error = await #expect(throws: IngestError.self) { try await ingested("a.vot", text) }
      #expect(error?.description.contains("a.vot: ") == true)
      let told = try? await ingested("a.vot", text) { $0.frame = .icrs }
      #expect(told?.rows.count == 1)
    }
  }

  /// What astropy says of columns that it made of coordinates of B1950.
  private static let madeByAstropy = """
    datatype:
    - {name: name, datatype: string}
    - {name: place.ra, unit: deg, datatype: float64}
    - {name: place.dec, unit: deg, datatype: float64}
    meta: !!omap
    - __serialized_columns__:
        place:
          __class__: astropy.coordinates.sky_coordinate.SkyCoord
          dec: !astropy.table.SerializedColumn
            value: !astropy.table.SerializedColumn {name: place.dec}
          equinox: &id1 !astropy.time.Time {format: byear_str, jd1: 2433282.0,
            jd2: 0.4234590499}
          frame: fk4
          obstime: *id1
          ra: !astropy.table.SerializedColumn
            value: !astropy.table.SerializedColumn {name: place.ra}
    schema: astropy-2.0
    """

  @Test func theEquinoxThatPyBDSFWritesCounts() async throws {
    for (year, expected) in [("1950.0", Self.old), ("2000.0", Self.new)] {
      let (rows, _, _) = try await ingested(
        "a.txt", "# Equinox : \(year)\n\n# name ra dec\nA 100.0 20.0\n")
      expect(rows, expected)
    }
  }

  @Test func astropysCoordinatesKeepTheirFrame() async throws {
    let header = ["%ECSV 1.0", "---"] + Self.madeByAstropy.components(separatedBy: "\n")
    let (rows, _, _) = try await ingested(
      "a.ecsv",
      header.map { "# \($0)\n" }.joined() + "name place.ra place.dec\nA 100.0 20.0\n")
    expect(rows, Self.old)
  }

  @Test func astropysCoordinatesInFITSKeepTheirFrame() async throws {
    let yaml = Self.madeByAstropy.replacing(
      "jd1: 2433282.0,\n        jd2", with: "jd1: 24332\\\n82.0, jd2")
    let edge = { (word: String) in "--\(word)-ASTROPY-SERIALIZED-COLUMNS--" }
    let columns = [
      Column("name", .string, width: 1), Column("place.ra", .double, unit: "deg"),
      Column("place.dec", .double, unit: "deg"),
    ]
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      let writer = try createTable(
        folder + "/a.fits", columns: columns,
        metadata: Metadata(
          description: ["Words of a person.", edge("BEGIN"), yaml, edge("END")].joined(
            separator: "\n")))
      try writer.write([[.text("A"), .real(100), .real(20)]])
      try writer.finish()
      let report = try await fixture.ingest(folder + "/a.fits") { _ in }
      #expect(!warnings(report).contains("frame"))
      let place = try fixture.rows("SELECT ra, dec FROM reber.source", as: Double.self, Double.self)
      #expect(abs(place[0].0 - 100.740101952) < 1e-6 && abs(place[0].1 - 19.949898174) < 1e-6)
      #expect(try openTable(folder + "/a.fits").metadata.description == "Words of a person.")
    }
  }

  /// One source, with 1, 2, … in fields of flux.
  func fluxes(_ fields: [(name: String, ucd: String, unit: String)]) -> String {
    let list = fields.map {
      "<FIELD name=\"\($0.name)\" datatype=\"double\" unit=\"\($0.unit)\" ucd=\"\($0.ucd)\"/>"
    }
    let cells = fields.indices.map { "<TD>\($0 + 1)</TD>" }.joined()
    return votable(
      """
      <TABLE><FIELD name="n" datatype="char" arraysize="2" ucd="ID_MAIN"/>\(list.joined())<DATA>
      <TABLEDATA><TR><TD>A</TD>\(cells)</TR></TABLEDATA></DATA></TABLE>
      """)
  }

  @Test(arguments: [
    [("Sp", "phot.flux.density;em.radio", "mJy"), ("St", "phot.flux.density;em.radio", "mJy")],
    [
      ("F1", "phot.flux.density;em.radio", "mJy/beam"), ("F2", "phot.flux.density;em.radio", "mJy"),
    ],
    [("peak_flux", "phot.flux.density;em.radio", "mJy"), ("S1.4", "PHOT_FLUX_RADIO_1.4G", "mJy")],
    [
      ("ratio", "arith.ratio;phot.flux.density;em.radio", ""),
      ("S1.4", "phot.flux.density;em.radio", "mJy"),
    ],
    [("flux", "PHOT_FLUX_IR_25", "mJy"), ("S1.4", "PHOT_FLUX_RADIO_1.4G", "mJy")],
  ])
  func theIntegratedFluxIsKnown(fields: [(String, String, String)]) async throws {
    let (rows, _, _) = try await ingested("a.vot", fluxes(fields.map { ($0.0, $0.1, $0.2) }))
    expect(rows, [("A", nil, nil, 0.002)])
  }

  @Test func whatMayBeMeantJustAsWellIsSaid() async throws {
    let (_, report, _) = try await ingested(
      "a.vot",
      fluxes([
        ("S150", "phot.flux.density;em.radio", "mJy"),
        ("S1400", "phot.flux.density;em.radio", "mJy"),
      ]))
    #expect(
      warnings(report).contains("several columns may be total_flux: 'S150' is taken, not 'S1400'"))
  }

  @Test(arguments: [
    "arith.ratio;phot.flux.density", "src.class", "phot.mag;em.radio", "PHOT_FLUX_IR_25",
  ])
  func aNameThatTheUCDContradictsIsNotTaken(ucd: String) async throws {
    let (rows, report, _) = try await ingested("a.vot", fluxes([("total_flux", ucd, "mJy")]))
    expect(rows, [("A", nil, nil, nil)])
    #expect(warnings(report).contains("no column was found for"))
  }

  @Test func minutesOfDegreesAreSaid() async throws {
    let field = { (name: String) in
      "<FIELD name=\"\(name)\" datatype=\"char\" arraysize=\"*\" unit=\"deg\"/>"
    }
    let (rows, report, _) = try await ingested(
      "a.vot",
      votable(
        """
        <TABLE>\(field("name"))\(field("ra"))\(field("dec"))<DATA><TABLEDATA><TR><TD>A</TD><TD>10:30:00</TD>
        <TD>-20:15:00</TD></TR></TABLEDATA></DATA></TABLE>
        """))
    expect(rows, [("A", 10.5, -20.25, nil)])
    #expect(warnings(report).contains("'ra' has minutes and seconds, and its unit is deg"))
  }

  @Test func whatAServiceCutOffOrBrokeOffIsSaid() async throws {
    let answer = { (status: String) in
      #"<INFO name="QUERY_STATUS" value="\#(status)">no room</INFO>"#
    }
    for text in [answer("OVERFLOW") + table(), table() + answer("OVERFLOW")] {
      let (rows, report, _) = try await ingested("a.vot", votable(text))
      expect(rows, Self.new)
      #expect(warnings(report).contains("left rows out"))
    }
    let promised = table().replacing("<TABLE>", with: "<TABLE nrows=\"5\">")
    for text in [table() + answer("ERROR"), promised] {
      let error = await #expect(throws: FileError.self) {
        try await ingested("a.vot", votable(text))
      }
      #expect(error?.description.contains("a.vot") == true)
    }
  }

  @Test func aTableWithoutRowsIsNotMeant() async throws {
    let none = table().replacing(/<DATA>(.|\n)*<\/DATA>/, with: "")
    let (rows, _, _) = try await ingested("a.vot", votable(none + table()))
    expect(rows, Self.new)
  }

  @Test func aFrameOfAnotherResourceMayBeReferredTo() async throws {
    let (rows, _, _) = try await ingested(
      "a.vot", votable(Self.fk4, table(refs: ("old", "old"))))
    expect(rows, Self.old)
  }

  @Test func noiseAndMeansAndSizesAreNotContradicted() async throws {
    let field = { (name: String, unit: String, ucd: String) in
      "<FIELD name=\"\(name)\" datatype=\"double\" unit=\"\(unit)\" ucd=\"\(ucd)\"/>"
    }
    let (_, report, _) = try await ingested(
      "a.vot",
      votable(
        """
        <TABLE><FIELD name="name" datatype="char" arraysize="*"/>
        \(field("RAmean", "deg", "pos.eq.ra;stat.mean"))\(field("DEmean", "deg", "pos.eq.dec;stat.mean"))
        \(field("Isl_rms", "mJy/beam", "stat.error;phot.flux.density"))
        \(field("LAS", "arcsec", "EXTENSION_RAD"))
        <DATA><TABLEDATA><TR><TD>A</TD><TD>100</TD><TD>20</TD><TD>1</TD><TD>2</TD></TR></TABLEDATA></DATA>
        </TABLE>
        """))
    #expect(warnings(report).contains("no column was found for total_flux, peak_flux:"))
  }
}
