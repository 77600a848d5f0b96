import Astronomy
import Files
import Foundation
import PostgreSQL
import Stages
import TestSupport
import Testing

/// Values and columns that say in words of their own what they are.
extension IngestKindsTests {
  private func warnings(_ report: Ingest.Report) -> String {
    (report.catalogue?.metrics.warnings ?? []).joined(separator: "\n")
  }

  @Test(arguments: [
    "Flux (mJy)", "S_int[mJy]", "Total flux {mJy}", "flux/mJy", "FLUX_MJY", "flux, mJy",
  ])
  func aHeaderCellSaysItsUnit(header: String) async throws {
    let text = "name,RA (hours),Dec [deg],\"\(header)\"\nA,0.7,-20.25,12.5\n"
    for columns in [[:], ["total_flux": header]] {
      let (rows, report, _) = try await ingested("a.csv", text) { $0.columns = columns }
      expect(rows, [("A", 10.5, -20.25, 0.0125)])
      #expect(!warnings(report).contains("unit"))
    }
    let refused = await #expect(throws: IngestError.self) {
      try await ingested("a.csv", "name,S_int[Jy/beam]\nA,1\n") {
        $0.columns = ["total_flux": "S_int[Jy/beam]"]
      }
    }
    #expect(refused?.description.contains("unit 'Jy/beam' cannot be turned into Jy") == true)
  }

  @Test(arguments: [
    "name,ra,dec,total_flux\n-,deg,deg,mJy\nA,10.5,-20.25,12.5\n",
    "# name ra dec total_flux\n# - deg deg mJy\nA 10.5 -20.25 12.5\n",
  ])
  func aLineOfUnitsStandsUnderTheNames(text: String) async throws {
    let (rows, report, reasons) = try await ingested("a.txt", text)
    expect(rows, [("A", 10.5, -20.25, 0.0125)])
    #expect(reasons.isEmpty && !warnings(report).contains("unit"))
  }

  @Test(arguments: ["-99", "-999.9", "-9999.0", "1e20", "-1E+30"])
  func aNumberForNoneIsTakenForNoneAndSaid(number: String) async throws {
    let text = "name,ra,dec,Total_flux\nA,10,20,1\nB,11,21,\(number)\nC,\(number),2,3\n"
    let (rows, report, reasons) = try await ingested("a.csv", text) {
      $0.units = ["Total_flux": "mJy"]
    }
    expect(rows, [("A", 10, 20, 0.001), ("B", 11, 21, nil)])
    #expect(reasons.count == 1)
    #expect(warnings(report).contains("1 cells of 'Total_flux' are"))
    await #expect(throws: IngestError.self) {
      try await ingested("a.csv", text) {
        $0.units = ["ra": "deg", "dec": "deg", "Total_flux": "mJy"]
        ($0.frame, $0.isStrict) = (.icrs, true)
      }
    }
  }

  @Test func whatNoSourceHasIsSaid() async throws {
    let (_, report, _) = try await ingested(
      "a.csv",
      "name,ra,dec,flux_Jy,rms_mJy\nA,10,20,5e7,-1\nB,0,0,1,1\nC,0,0,1,1\n")
    #expect(warnings(report).contains("1 cells of 'flux_Jy' are greater"))
    #expect(warnings(report).contains("1 cells of 'rms_mJy' are below"))
    #expect(warnings(report).contains("2 sources lie at (0, 0)"))
  }

  @Test(arguments: ["*", "?", "INDEF", "#N/A", "nil", "...", "-nan", "—"])
  func moreWordsForNoValue(word: String) async throws {
    let (rows, _, _) = try await ingested(
      "a.csv",
      "name,ra,dec,flux_mJy\nA,10,20,1.25\(word == "?" ? "-02" : "Q-02")\nB,11,21,\(word)\n")
    expect(rows, [("A", 10, 20, 0.0000125), ("B", 11, 21, nil)])
  }

  @Test func whatIsNoDecimalIsNoNumber() async throws {
    let (rows, _, reasons) = try await ingested(
      "a.csv", "name,ra,dec,flux_mJy\nA,10,–20,1\nB,11,21,0x10\n--,12,22,1\n")
    expect(rows, [("A", 10, -20, 0.001)])
    #expect(reasons == ["a.csv: its flux_mJy '0x10' is no number", "a.csv: it has no name"])
  }

  @Test func aColumnOfSeveralNumbersIsRefusedWhereItIsNamed() async throws {
    let refused = await #expect(throws: IngestError.self) {
      try await ingested("a.csv", "name,ra,dec,f\nA,1,2,\"[1,2]\"\n") {
        $0.columns = ["total_flux": "f"]
      }
    }
    #expect(refused?.description.contains("column 'f': a cell of it is no single number") == true)
  }

  @Test func rowsBehindAHashAreCommentsAndSaid() async throws {
    let (rows, report, _) = try await ingested(
      "a.csv", "name,ra,dec\nA,1,2\n#B,3,4\n# bad, all of it\nC,5,6\n")
    expect(rows, [("A", 1, 2, nil), ("C", 5, 6, nil)])
    #expect(warnings(report).contains("1 rows begin with # and are left out"))
  }

  @Test func columnsOfOneNameAreSaid() async throws {
    let (rows, report, _) = try await ingested(
      "a.csv", "name,ra,dec,flux_mJy,flux_mJy\nA,1,2,3,4\n")
    expect(rows, [("A", 1, 2, 0.003)])
    #expect(warnings(report).contains("several columns are called 'flux_mJy'"))
    let two = try await ingested("a.csv", "name,RA,ra,dec\nA,1,3,2\n")
    #expect(warnings(two.report).contains("several columns may be ra: 'RA' is taken, not 'ra'"))
  }

  @Test(arguments: [
    "00ʰ42ᵐ00ˢ,-20º15'00''", "00^h42^m00^s,-20^d15^m00^s", "00∶42∶00,–20∶15∶00",
    "0h42m00s,-20°15’00”",
  ])
  func anglesOfPrintedTables(cells: String) async throws {
    let (rows, _, _) = try await ingested("a.csv", "name,ra,dec\nA,\(cells)\n")
    expect(rows, [("A", 10.5, -20.25, nil)])
  }

  @Test(arguments: [
    ("RAh,RAm,RAs,DE-,DEd,DEm", "0,42,0.0,-,20,15.0"), ("RAh,RAm,DEd,DEm", "0,42.0,-20,15"),
    ("RAd,RAm,RAs,DE-,DEd,DEm,DEs", "10,30,0,-,20,15,0"),
    ("ra_h,ra_m,ra_s,de_sign,de_d,de_m,de_s", "00,42,00,-,20,15,00"),
  ])
  func piecesOfAPosition(names: String, cells: String) async throws {
    let (rows, _, _) = try await ingested("a.csv", "name,\(names)\nA,\(cells)\n")
    expect(rows, [("A", 10.5, -20.25, nil)])
  }

  @Test(arguments: [
    ("Ra_deg,Ra_min,Ra_sec", "10,30,0", "Dec_deg,Dec_min,Dec_sec", "-20,15,0"),
    ("rah,ram", "0,42", "sign,degs,mins", "-,20,15.0"),
    ("h,m", "0,42", "s,degs,mins,secs", "-,20,15,0"),
  ])
  func piecesThatAreNamed(ra: String, right: String, dec: String, up: String) async throws {
    let (rows, _, _) = try await ingested("a.csv", "name,\(ra),\(dec)\nA,\(right),\(up)\n") {
      $0.columns = ["ra": ra, "dec": dec].mapValues { $0.replacing(",", with: "+") }
    }
    expect(rows, [("A", 10.5, -20.25, nil)])
  }

  @Test func fluxesOfMegajanskyAreSaid() async throws {
    let vast = try await ingested("a.csv", "name,ra,dec,total_flux [MJy]\nA,1,2,0.01\n")
    expect(vast.rows, [("A", 1, 2, 10_000)])
    #expect(warnings(vast.report).contains("is MJy, which no radio source needs"))
    let usual = try await ingested("a.csv", "name,ra,dec,total_flux [mJy]\nA,1,2,0.01\n")
    #expect(!warnings(usual.report).contains("no radio source"))
  }

  @Test(arguments: [
    "DE_", "DE.", "DE\u{2212}", "DEC_sign", "sgn", "signdec", "s_DE", "±", "DE- ", "Dsign",
    "de_sig",
  ])
  func theSignOfADeclinationIsKnown(sign: String) async throws {
    let text = "name,RAh,RAm,RAs,\(sign),DEd,DEm,DEs\nA,0,42,0.0,-,20,15,0\nB,0,42,0.0,+,3,15,0\n"
    let (rows, _, _) = try await ingested("a.csv", text)
    expect(rows, [("A", 10.5, -20.25, nil), ("B", 10.5, 3.25, nil)])
  }

  @Test func aSignIsPlusOrMinus() async throws {
    let text =
      "name,RAh,RAm,DE-,DEd,DEm\nA,0,42,-1,20,15\nB,0,42,1,20,15\nC,0,42,0,20,15\nD,0,42,true,20,15\n"
    let (rows, _, reasons) = try await ingested("a.csv", text)
    expect(rows, [("A", 10.5, -20.25, nil), ("B", 10.5, 20.25, nil)])
    #expect(reasons.count == 2 && reasons[0].contains("begin with '0', which is no sign"))
  }

  @Test(arguments: [
    ("RA_hr,RA_min,RA_sec,Dec_sign,Dec_deg,Dec_min,Dec_sec", "0,42,0,-,20,15,0"),
    ("RA_hours,RA_minutes,RA_seconds,Dec_degrees,Dec_arcmin,Dec_arcsec", "0,42,0,-20,15,0"),
    ("RAdeg,RAmin,RAmax,DEdeg,DEmin,DEmax", "10.5,3,12,-20.25,-23,-19"),
    ("RAdeg,RAmin,RAsec,DEdeg,DEmin,DEsec", "10,30,0,-20,15,0"),
    ("RA_hr,RA_min,Dec_deg,Dec_min", "0,42,-20,15"),
    ("RA_h,RA_m,RA_s,DE_d,DE_m,DE_s", "0,42,0,-20,15,0"),
    ("RAh,RAm,RAs,q,DEd,DEm,DEs", "0,42,0,a,-20,15,0"),
    ("DEd,DEm,DEs,RAh,RAm,RAs", "-20,15,0,0,42,0"),
    ("ra,dec,ra_h,ra_m,ra_s", "10.5,-20.25,10.4,10.45,0.001"),
    ("ra,dec,dec_d,dec_m,dec_s", "10.5,-20.25,-20.3,1.2,0.5"),
    ("R.A.,Dec.,RAh,RAm,RAs,DEd,DEm,DEs", "10.5,-20.25,0,42,0,-20,15,0"),
    ("sign,RAh,RAm,RAs,DEd,DEm,DEs", "3.5,0,42,0,-20,15,0"),
    (
      "RAJ2000,DEJ2000,RA1950h,RA1950m,RA1950s,DE1950d,DE1950m,DE1950s",
      "10.5,-20.25,0,39,0,-20,31,0"
    ),
  ])
  func piecesInWords(names: String, cells: String) async throws {
    let (rows, _, _) = try await ingested("a.csv", "name,\(names)\nA,\(cells)\n")
    expect(rows, [("A", 10.5, -20.25, nil)])
  }

  @Test func oneColumnIsNotBothCoordinates() async throws {
    let error = await #expect(throws: IngestError.self) {
      try await ingested("a.csv", "name,pos\nA,10.0 20.25\n") {
        $0.columns = ["ra": "pos", "dec": "pos"]
      }
    }
    #expect(error?.description.contains("'pos' cannot be both ra and dec") == true)
  }

  @Test(arguments: ["L_Flux", "l_flux"], ["<", "≤", "1"])
  func limitsAreNoDetections(column: String, mark: String) async throws {
    let text = "name,ra,dec,\(column),Flux\nA,1,2,,0.5\nB,3,4,\(mark),0.3\n"
    let (rows, report, _) = try await ingested("a.csv", text)
    expect(rows, [("A", 1, 2, 0.5), ("B", 3, 4, nil)])
    #expect(!warnings(report).contains("limits"))
  }

  @Test(arguments: ["Flux_limit", "is_upper_limit", "ul_Flux", "Flux_ul", "S_lim", "S_uplim"])
  func whatMayMarkLimitsIsSaid(column: String) async throws {
    let text = "name,ra,dec,S,\(column)\nA,1,2,0.5,1\n"
    let flux = column.contains("Flux") ? "Flux" : "S"
    let (_, report, _) = try await ingested("a.csv", text.replacing(",S,", with: ",\(flux),")) {
      $0.columns = ["total_flux": flux]
    }
    #expect(warnings(report).contains("'\(column)' may say which values are limits"))
    let plain = try await ingested("a.csv", "name,ra,dec,flux,Island,Resolved,lim\nA,1,2,3,4,5,6\n")
    #expect(warnings(plain.report).contains("limits") == false)
  }

  @Test func aSecondTableInAFileOfTextIsRefused() async throws {
    for text in [
      "name,ra,dec,flux\nA,1,2,3\nname,dec,ra,flux\nB,3,11,3\n",
      "A\tRA\tDE\tS\n\tdeg\tdeg\tmJy\n--\t--\t--\t--\na\t1\t2\t3\n\nB\tRA\tDE\trms\n\tdeg\tdeg\tmJy\n"
        + "--\t--\t--\t--\nb\t1\t2\t3\n",
    ] {
      let error = await #expect(throws: FileError.self) { try await ingested("a.csv", text) }
      #expect(error?.description.contains("this is the header of another table") == true)
    }
    let (rows, _, _) = try await ingested(
      "a.csv", "name,ra,dec,S\nA,1,2,3\nB,1,3,4\n----,--,---,--\n")
    expect(rows, [("A", 1, 2, nil), ("B", 1, 3, nil)])
    let error = await #expect(throws: FileError.self) {
      try await ingested("a.csv", "name,ra,dec\nA,1,2\n", part: "#2")
    }
    #expect(error?.description.contains("there is no '2'") == true)
  }

  @Test func otherColumnsServeWhereTheFirstHoldNothing() async throws {
    let text = "name,RA1,DEC1,RA2,DEC2\nA,1,2,3,4\nB,,,5,6\n"
    let (rows, _, _) = try await ingested("a.csv", text) {
      $0.columns = ["ra": "RA1,RA2", "dec": "DEC1,DEC2"]
    }
    expect(rows, [("A", 1, 2, nil), ("B", 5, 6, nil)])
    let error = await #expect(throws: IngestError.self) {
      try await ingested("a.csv", text) { $0.columns = ["total_flux": "RA1+RA2"] }
    }
    #expect(error?.description.contains("only names and positions") == true)
  }

  @Test func degreesInANameAboveMinutesAreSaid() async throws {
    let text = "name,ra (deg),dec (deg)\nA,0:42:00,-20:15:00\n"
    let (rows, report, _) = try await ingested("a.csv", text)
    expect(rows, [("A", 10.5, -20.25, nil)])
    #expect(warnings(report).contains("are taken for those of hours"))
  }

  @Test func eachDoubtIsSaidThoughAColumnHasManyNumbersForNone() async throws {
    let none = (0..<25).map { "N\($0),1,\($0),1.\(10 + $0)e20,0" }.joined(separator: "\n")
    let (_, report, _) = try await ingested(
      "a.csv", "name,ra,dec,flux,rms\n\(none)\nX,1,2,3,-5\n")
    #expect(warnings(report).contains("cells of 'rms' are below what can be"))
  }

  @Test(arguments: [
    ("major_axis", "phys.angSize.smajAxis;instr.det.psf", "arcsec"),
    ("rms", "instr.det.noise;em.opt", "Jy/beam"),
    ("total_flux", "phot.flux.density;em.radio;stat.min", "Jy"),
    ("total_flux", "phot.flux.density;em.radio;meta.code", "Jy"),
  ])
  func whatQualifiesAUCDCounts(part: String, ucd: String, unit: String) async throws {
    let (_, report, _) = try await ingested("a.vot", fluxes([("q", ucd, unit)]))
    #expect(warnings(report).contains("no column was found for"))
    #expect(report.catalogue?.metrics.mapping.columns.keys.map(\.rawValue).contains(part) == false)
  }

  @Test(arguments: [
    "name\tra\tdec\ttotal_flux\n\tdeg\tdeg\t[mJy]\n--\t--\t--\t--\nA\t1\t2\t1.1\n",
    "name,ra,dec,total_flux\n,deg,deg,[mJy]\nA,1,2,1.1\nB,1,3,1.2\n",
  ])
  func aUnitInBracketsUnderNamesIsALogarithm(text: String) async throws {
    let (rows, report, _) = try await ingested("a.tsv", text)
    #expect(rows.first?.flux == nil && warnings(report).contains("total_flux"))
  }

  @Test(arguments: [
    "# name ra dec flux_int\n# -- [deg] [deg] [mJy]\nA 10.5 -20.25 12.5\n",
    "# name ra dec f_sum\n# - deg deg mJy\n# 1 2 3 4\nA 10.5 -20.25 12.5\n",
  ])
  func textOfSelavyAndSoFiA(text: String) async throws {
    let (rows, _, _) = try await ingested("a.txt", text) {
      $0.columns = ["total_flux": text.contains("f_sum") ? "f_sum" : "flux_int"]
    }
    expect(rows, [("A", 10.5, -20.25, 0.0125)])
  }

  @Test func numbersBeyondAnyAreSaid() async throws {
    let (rows, report, _) = try await ingested("a.csv", "name,ra,dec,flux\nA,1,2,1e400\nB,1,3,2\n")
    expect(rows, [("A", 1, 2, nil), ("B", 1, 3, 2)])
    #expect(warnings(report).contains("cells of 'flux' are inf"))
  }

  @Test func aBlankSignIsPlusAndOneThatIsLostIsSetAside() async throws {
    let plus = try await ingested(
      "a.csv", "name,RAh,RAm,DE-,DEd,DEm\nA,0,42,,20,15\nB,0,42,-,0,15\n")
    expect(plus.rows, [("A", 10.5, 20.25, nil), ("B", 10.5, -0.25, nil)])
    let whole = ["RAh", "RAm", "DEd", "DEm"].map { "<FIELD name=\"\($0)\" datatype=\"int\"/>" }
    let lost = try await ingested(
      "a.vot",
      """
      <VOTABLE><RESOURCE><TABLE><FIELD name="name" datatype="char" arraysize="*"/>\(whole.joined())
      <DATA><TABLEDATA><TR><TD>A</TD><TD>0</TD><TD>42</TD><TD>0</TD><TD>15</TD></TR>
      <TR><TD>B</TD><TD>0</TD><TD>42</TD><TD>-1</TD><TD>15</TD></TR></TABLEDATA></DATA></TABLE>
      </RESOURCE></VOTABLE>
      """)
    expect(lost.rows, [("B", 10.5, -1.25, nil)])
    #expect(lost.reasons.count == 1)
  }

  @Test func namesThatSayAnotherPlaceAreSaid() async throws {
    let text = "name,ra,dec\nJ004200-201500,10.5,-20.25\nFIRST J011200.5+101500,1.2,10.25\nX,1,2\n"
    let wrong = try await ingested("a.csv", text)
    #expect(warnings(wrong.report).contains("the names of 1 of 2 sources that say a place"))
    let right = try await ingested("a.csv", "name,ra,dec\nJ0042-2015,10.55,-20.26\nB0039-205,1,2\n")
    #expect(!warnings(right.report).contains("that say a place"))
  }

  /// A table in text: the flux of the second source is blank.
  @Test func aBlankCellOfFITSIsNoZero() async throws {
    func cards(_ lines: [String]) -> String {
      let text = (lines + ["END"]).map { $0.padding(toLength: 80, withPad: " ", startingAt: 0) }
      return padded(text.joined())
    }
    func padded(_ text: String) -> String {
      text.padding(toLength: (text.utf8.count + 2879) / 2880 * 2880, withPad: " ", startingAt: 0)
    }
    func value(_ name: String, _ value: String) -> String {
      name.padding(toLength: 8, withPad: " ", startingAt: 0) + "= "
        + (value.hasPrefix("'") ? value : String(repeating: " ", count: 20 - value.count) + value)
    }
    let columns = [
      ("name", "A4", "''", 1), ("ra", "F6.2", "'deg'", 5), ("dec", "F6.2", "'deg'", 11),
      ("total_flux", "E8.2", "'mJy'", 17),
    ]
    let header =
      [
        value("XTENSION", "'TABLE   '"), value("BITPIX", "8"), value("NAXIS", "2"),
        value("NAXIS1", "24"),
        value("NAXIS2", "2"), value("PCOUNT", "0"), value("GCOUNT", "1"), value("TFIELDS", "4"),
      ]
      + columns.enumerated().flatMap { index, column in
        [
          value("TTYPE\(index + 1)", "'\(column.0)'"), value("TFORM\(index + 1)", "'\(column.1)'"),
          value("TUNIT\(index + 1)", column.2), value("TBCOL\(index + 1)", String(column.3)),
        ]
      } + [value("DATASUM", "'1'")]
    let (rows, report, _) = try await ingested(
      "a.fits",
      cards([value("SIMPLE", "T"), value("BITPIX", "8"), value("NAXIS", "0"), value("EXTEND", "T")])
        + cards(header) + padded("A    10.50-20.25 12.5E+0B    11.00  3.00        "))
    expect(rows, [("A", 10.5, -20.25, 0.0125), ("B", 11, 3, nil)])
    #expect(warnings(report).contains("not those of which DATASUM is"))
  }

  @Test(arguments: [
    ("name,class", "S1,FRI\nA2,FRII", ["S1", "A2"]), ("name,type", "m2,mag\nB,cD", ["m2", "B"]),
    ("name,class", "#1,FRI\n#2,FRII", ["#1", "#2"]),
  ])
  func namesAreNoUnitsAndNoComments(header: String, rows: String, names: [String]) async throws {
    let (found, _, _) = try await ingested("a.csv", "\(header)\n\(rows)\n")
    #expect(found.map(\.name) == names)
  }

  @Test(arguments: [
    "ra_h,dec_h,flux_h,flux_rad,name_h,ra,dec,flux,name", "ra_m,ra_h,dec_m,dec_d,ra,dec,flux,name",
  ])
  func aLetterBehindANameIsNoUnitOfSomethingElse(header: String) async throws {
    let others = header.split(separator: ",").dropLast(4).map { _ in "1.5" }
    let (rows, _, _) = try await ingested(
      "a.csv", "\(header)\n\((others + ["10.5", "-20.25", "0.0125", "A"]).joined(separator: ","))\n"
    )
    expect(rows, [("A", 10.5, -20.25, 0.0125)])
  }

  @Test func aRangeIsNoNumberAndAStarIsNone() async throws {
    let text = "name,ra,dec,flux_mJy,flag\nA,1,2,12.5-3,?\nB,1,2,*,1\nC,3,4,NAT,*\n"
    let (rows, _, reasons) = try await ingested("a.csv", text)
    expect(rows, [("B", 1, 2, nil)])
    #expect(reasons.count == 2)
  }

  /// A real number holds the sign of zero degrees, which stays.
  @Test func minusZeroDegreesStayBelowTheEquator() async throws {
    let fields = ["RAh", "RAm", "RAs", "DEd", "DEm", "DEs"].map {
      "<FIELD name=\"\($0)\" datatype=\"double\"/>"
    }
    let (rows, _, _) = try await ingested(
      "a.vot",
      """
      <VOTABLE><RESOURCE><TABLE><FIELD name="name" datatype="char" arraysize="*"/>\(fields.joined())
      <DATA><TABLEDATA><TR><TD>A</TD><TD>0</TD><TD>42</TD><TD>0</TD><TD>-0.0</TD><TD>15</TD><TD>0</TD></TR>
      </TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>
      """)
    expect(rows, [("A", 10.5, -0.25, nil)])
  }
}
