import Astronomy
import Files
import Foundation
import Tables
import TestSupport
import Testing

@Suite struct CSVTests {
  let folder: Folder

  init() throws { folder = try Folder() }

  private func open(_ text: String) throws -> any TableReader {
    try openTable(folder.write(text, "table.csv"))
  }

  @Test func readsQuotesAndNewlines() throws {
    let reader = try open(
      "\u{FEFF}# a comment, with \"one quote\r\n# another\r\nname,note\r\n"
        + "\"a, b\",\"line 1\nline \"\"2\"\"\"\r\n\r\n  c  ,\" kept \"\r\n")
    #expect(reader.columns.map(\.name) == ["name", "note"])
    #expect(
      try reader.rows() == [
        [.text("a, b"), .text("line 1\nline \"2\"")], [.text("c"), .text(" kept ")],
      ])
  }

  /// Zero-padded coordinates are numbers, zero-padded digits and long digits are identifiers.
  @Test(arguments: [
    (["010.451", "-09.284", "+5"], Datatype.double), (["1", "-2", "+3", ""], .int64),
    (["00123", "4"], .string), (["99999999999999999999", "1"], .string),
    (["1", "2.5"], .double), (["1e-3", ".5", "5.", "inf", "NaN"], .double),
    (["True", "false", "null"], .boolean), (["true", "1"], .string), (["12:34:56.7"], .string),
    (["1.5.2"], .string), (["2024-01-01"], .string), (["", "null"], .string), (["-"], .string),
    (["1.25D-02", "3"], .double), (["-1.5d+3", "N/A"], .double), (["--", "7"], .int64),
    (["--", "text"], .string), (["?", "7"], .string), (["1.5", "*"], .string),
    (["N/A", "None"], .string), (["none", "true"], .boolean),
    (["[1,2]", "[NaN]"], .double), (["0", "0"], .int64), (["-00", "-07"], .int64),
  ])
  func infers(cells: [String], datatype: Datatype) throws {
    let quoted = cells.map { $0.contains(",") ? "\"\($0)\"" : $0 }
    let reader = try open("x,y\n" + quoted.map { "\($0),1\n" }.joined())
    #expect(reader.columns[0].datatype == datatype)
    let rows = try reader.rows()
    #expect(rows.count == cells.count)
    if datatype == .string { #expect(rows[0][0] == Value(cells[0])) }
    for (cell, row) in zip(cells, rows) where ["", "null", "NaN"].contains(cell) {
      #expect(row[0] == .null)
    }
  }

  /// The words for no value of astropy, STILTS, VizieR, PostgreSQL and pandas.
  @Test(arguments: [
    "", "N/A", "n/a", "NA", "--", "-", "---", "None", "none", "\\N", "masked", "null", "NULL",
    "nan",
    "<NA>",
  ])
  func noValueAmongNumbers(word: String) throws {
    let reader = try open("x,y,z\n1.25D-02,1,a\n\(word),\(word),b\n-3.5,-4,c\n")
    #expect(reader.columns.map(\.datatype) == [.double, .int64, .string])
    let rows = try reader.rows()
    #expect(rows.map { $0[0] } == [.real(0.0125), .null, .real(-3.5)])
    #expect(rows.map { $0[1] } == [.integer(1), .null, .integer(-4)])
  }

  @Test func aWordForNoValueStaysAmongTexts() throws {
    let rows = try open("x,y\nN/A,1\n--,2\nabc,3\n\\N,4\n").rows()
    #expect(rows.map { $0[0] } == [.text("N/A"), .text("--"), .text("abc"), .null])
  }

  /// `S1` and `A m` would be units elsewhere: every row of a table of texts is read.
  @Test(arguments: ["S1,FRI", "A m,T", "B1,d", "--,s", "Jy1,x"])
  func aFirstRowOfTextsIsNotOneOfUnits(row: String) throws {
    #expect(try open("name,class\n\(row)\nS2,FRII\n").rows().count == 2)
  }

  @Test func aRowOfUnitsIsNone() throws {
    let reader = try open("name,ra,s,type\n-,deg,mJy/beam,none\nA,1,2,x\n")
    #expect(reader.columns.map(\.unit) == ["-", "deg", "mJy/beam", "none"])
    #expect(try reader.rows().count == 1)
  }

  @Test func columnsOfOneNameAreToldApart() throws {
    let reader = try open("a,b,a,a_2,a\n1,2,3,4,5\n")
    #expect(reader.columns.map(\.name) == ["a", "b", "a_3", "a_2", "a_4"])
  }

  @Test func namesAreTextWhereTheyAreAskedFor() throws {
    let path = try folder.write("name,x\n1.10,1.10\n1.1,2\n5E10,3\n", "names.csv")
    let reader = try openTable(path, texts: ["name"])
    #expect(reader.columns.map(\.datatype) == [.string, .double])
    #expect(try reader.rows().map { $0[0] } == [.text("1.10"), .text("1.1"), .text("5E10")])
  }

  @Test(arguments: ["name ra  dec\n", "# name ra dec\n"])
  func readsColumnsDividedByBlanks(header: String) throws {
    let reader = try open(header + " S1   185.0 \"55.0\"\n\"S 2\" 185.1  -55.1  \n\n")
    #expect(reader.columns.map(\.name) == ["name", "ra", "dec"])
    #expect(reader.columns.map(\.datatype) == [.string, .double, .double])
    #expect(
      try reader.rows() == [
        [.text("S1"), .real(185), .real(55)], [.text("S 2"), .real(185.1), .real(-55.1)],
      ])
  }

  @Test(arguments: [" ", ","]) func readsECSV(delimiter: String) throws {
    let line = delimiter == " " ? "" : "# delimiter: '\(delimiter)'\n"
    let rows = [["id", "S_flux", "n"], ["0012", "12.5", "3"], ["7", "\"\"", "\"\""]]
    let reader = try open(
      "# %ECSV 1.0\n# ---\n\(line)# datatype:\n# - {name: id, datatype: string}\n"
        + "# - {name: S_flux, unit: mJy, datatype: float64, description: 'Flux, all of it'}\n"
        + "# - name: n\n#   datatype: int32\n# meta: !!omap\n# - {made_by: 'x: y'}\n"
        + "# schema: astropy-2.0\n"
        + rows.map { $0.joined(separator: delimiter) }.joined(separator: "\n"))
    #expect(reader.columns.map(\.datatype) == [.string, .double, .int64])
    #expect(reader.columns[1].unit == "mJy" && reader.columns[1].description == "Flux, all of it")
    #expect(
      try reader.rows() == [
        [.text("0012"), .real(12.5), .integer(3)], [.text("7"), .null, .null],
      ])
  }

  @Test func readsVizieR() throws {
    let columns = [
      "RAJ2000\t(F9.5)\tRight ascension\t[ucd=pos.eq.ra;meta.main]",
      "Name\t(A12)\tName of it\t[ucd=meta.id;meta.main]", "Sint\t(F8.2)\tFlux",
    ]
    let reader = try open(
      "#\n#   VizieR Astronomical Server\n#Coosys\tJ2000:\teq_FK5 J2000\n"
        + columns.map { "#Column\t\($0)\n" }.joined()
        + "RAJ2000\tName\tSint\ndeg\t\tmJy\n-------\t----\t-----\n"
        + "185.00000\t12  \t 12.50\n185.10000\t13  \t---\n#END#\n")
    #expect(reader.columns.map(\.unit) == ["deg", nil, "mJy"])
    #expect(reader.columns.map(\.ucd) == ["pos.eq.ra;meta.main", "meta.id;meta.main", nil])
    #expect(reader.columns[1].description == "Name of it")
    #expect(reader.metadata.frame == "eq_FK5 J2000")
    #expect(
      try reader.rows() == [
        [.real(185), .text("12"), .real(12.5)], [.real(185.1), .text("13"), .null],
      ])
    #expect(reader.rowCount == 2)
  }

  @Test(arguments: [",", ";", "\t", "|"])
  func guessesSeparator(separator: String) throws {
    let lines = [["a", "b c", "d"], ["1", "x y", "2.5"], ["", "", "-1"]]
    let text = lines.map { $0.joined(separator: separator) }.joined(separator: "\n")
    let reader = try open(text)
    #expect(reader.columns.map(\.datatype) == [.int64, .string, .double])
    #expect(reader.rowCount == 2)
    #expect(try reader.rows()[0] == [.integer(1), .text("x y"), .real(2.5)])
  }

  @Test func readsHeaderInComment() throws {
    let reader = try open("# Gaussian list for x.fits\n# Gaus_id, RA, DEC\n\n0, 1.5, 2.5\n")
    #expect(reader.columns.map(\.name) == ["Gaus_id", "RA", "DEC"])
    #expect(try reader.rows() == [[.integer(0), .real(1.5), .real(2.5)]])
  }

  @Test(arguments: [
    ("", "empty"), ("1,2,3\n4,5,6\n", "no header row"), ("# only\n", "no header row"),
    ("a,b\n1,2\n\n\"x\ny\",1\n1,2,3\n", "line 6: the row has 3 fields, the header 2"),
    ("a,b\n1,\"2\n", "line 2: a quoted field is not closed"),
    ("|name |ra |\n|char |double|\n", "fixed width"), ("\\fixlen = T\n|a|\n", "fixed width"),
    ("# %ECSV 1.0\n# ---\n# nothing: {\na b\n1 2\n", "ECSV header is broken"),
    ("a,b\n\"1\"x,2\n", "text follows a closing quote"), (",,\n1,2,3\n", "header row is empty"),
  ])
  func saysWhatIsWrong(text: String, words: String) throws {
    let error = #expect(throws: FileError.self) { try self.open(text) }
    #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
  }

  @Test func saysWhenThereIsNoFile() {
    #expect(throws: FileError.self) { try openTable(self.folder.file("none.csv")) }
    #expect(throws: FileError.self) { try openTable(self.folder.path) }
  }

  @Test func quotesWhatWouldChange() throws {
    let columns = [Column("text", .string)]
    let texts = [
      "null", "NaN", "--", "N/A", "none", "\\N", " a", "b ", "#c", "d,e", "f\"g", "h\r\ni", "j\tk",
      "é",
    ]
    let rows = texts.map { [Value.text($0)] } + [[.null], [.text("last")]]
    let (_, read) = try roundTrip(rows, columns, to: folder.file("quotes.csv"))
    #expect(read == rows)
  }

  @Test func readsGzip() throws {
    let path = try folder.write("a,b\n1,x\n", "table.csv")
    #expect(Validator.run("gzip", [path])?.status == 0)
    #expect(try openTable(path + ".gz").rows() == [[.integer(1), .text("x")]])
  }

  @Test func readsMoreThanItsBuffer() throws {
    let long = String(repeating: "x\"\n,", count: 200_000)
    let rows: [[Value]] = [[.integer(1), .text(long)], [.integer(2), .text("short")]]
    let columns = [Column("id", .int64), Column("text", .string)]
    let (_, read) = try roundTrip(rows, columns, to: folder.file("long.csv"))
    #expect(read == rows)
  }
}
